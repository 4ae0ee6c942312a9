"""What is to be done when, without a clock: due times and actions in order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import count


class Agenda:
    """Actions by the time at which they are due; those of one instant in the order in which they were set."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Callable[[int], None]]] = []
        self._numbers = count()

    def at(self, at_us: int, action: Callable[[int], None]) -> None:
        """Do `action` at `at_us`; it is told the time at which it is done."""
        heapq.heappush(self._entries, (at_us, next(self._numbers), action))

    @property
    def next_us(self) -> int | None:
        """When the next action is due."""
        return self._entries[0][0] if self._entries else None

    def due(self, now_us: int) -> Iterator[Callable[[int], None]]:
        """Take what is due, also what these actions set for now."""
        while self._entries and self._entries[0][0] <= now_us:
            yield heapq.heappop(self._entries)[2]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
