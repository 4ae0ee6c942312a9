"""What waits until the words of the caller are known, in the order in which it came."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

LOOK_AGAIN_US: Final = 20_000


class Awaiting:
    """Things to look for again until they are there, and things to be done after them."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], bool]] = deque()
        self.due_us: int | None = None

    @property
    def busy(self) -> bool:
        """Whether something has not come yet."""
        return bool(self._waiting)

    def look(self, found: Callable[[], bool], now_us: int) -> None:
        """Look for something, now and whenever it is due, until `found` says that it is there."""
        if self.busy or not found():
            self._waiting.append(found)
            self.due_us = self.due_us or now_us + LOOK_AGAIN_US

    def then(self, act: Callable[[], None]) -> None:
        """Do something once all that is looked for is there: at once if nothing is."""
        if not self.busy:
            act()
            return

        def acted() -> bool:
            act()
            return True

        self._waiting.append(acted)

    def advance(self, now_us: int) -> None:
        """Look again for what is due by now."""
        if self.due_us is None or self.due_us > now_us:
            return
        while self._waiting and self._waiting[0]():
            self._waiting.popleft()
        self.due_us = now_us + LOOK_AGAIN_US if self._waiting else None
