"""How long nobody has said anything, so that the server can speak unprompted."""

from __future__ import annotations


class Quiet:
    """Silence since a moment, which may lie ahead while audio still plays; `after_us` None: it never ends."""

    def __init__(self, after_us: int | None = None) -> None:
        self.after_us = after_us
        self._since_us: int | None = None

    @property
    def since_us(self) -> int | None:
        """When it began; None: it is not to be noticed."""
        return self._since_us

    @property
    def due_us(self) -> int | None:
        """When it has lasted long enough; None: never, unless somebody says something before."""
        if self.after_us is None or self._since_us is None:
            return None
        return self._since_us + self.after_us

    def from_now(self, now_us: int, *, plays_until_us: int = 0) -> None:
        """Somebody said something up to now, or up to when the rest of it has been played."""
        self._since_us = max(now_us, plays_until_us)

    def lasted_us(self, now_us: int) -> int:
        """How long it has been."""
        return 0 if self._since_us is None else now_us - self._since_us

    def forget(self) -> None:
        """It is not to be noticed before it begins anew."""
        self._since_us = None
