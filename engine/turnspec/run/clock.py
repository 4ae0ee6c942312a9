"""A call's own clock: whole microseconds since it began, on whatever loop runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MICROSECONDS = 1_000_000


class CallClock:
    """Time 0 is when this object was made, on the running loop. `failed` holds what a callback raised."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._time = loop.time
        self.began = loop.time()
        self.failed: asyncio.Future[None] = loop.create_future()

    def now_us(self) -> int:
        """Microseconds since the call began."""
        return round((self._time() - self.began) * MICROSECONDS)

    def loop_time(self, at_us: int) -> float:
        """The loop's time at `at_us`."""
        return self.began + at_us / MICROSECONDS

    def call_at(self, at_us: int, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Run `callback` when the clock reaches `at_us` (at once if it has)."""
        return self._loop.call_at(self.loop_time(at_us), self._ring, callback)

    def _ring(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - handed whole to whoever holds the call, who awaits `failed`
            if not self.failed.done():
                self.failed.set_exception(error)
