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


class Alarm:
    """Rings once at the moment that was set last; None: it does not."""

    def __init__(self, clock: CallClock, rings: Callable[[], None]) -> None:
        self._clock, self._rings = clock, rings
        self._timer: asyncio.TimerHandle | None = None
        self._at_us: int | None = None

    def set(self, at_us: int | None) -> None:
        """Ring then, and not when it was to ring before."""
        if at_us == self._at_us and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._at_us = at_us
        if at_us is not None:
            self._timer = self._clock.call_at(at_us, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._rings()
