"""The wall-clock event loop, and the one way to run a coroutine on any loop."""

from __future__ import annotations

import asyncio
import selectors
import sys
import time
from collections.abc import Callable, Coroutine
from select import select
from typing import Any, TypeVar

T = TypeVar("T")

# select() refuses descriptors from FD_SETSIZE on.
_SELECTABLE_BELOW = 1024

if sys.platform == "linux":

    class FineSelector(selectors.EpollSelector):
        """Epoll whose time-outs are kept to about 0.1 ms; epoll's own are rounded up to whole milliseconds.

        The wait itself is left to select() on the one descriptor of the epoll set, whose timer is exact
        to the system's slack (50 us); epoll then only names what is ready. Costs one system call a wait.
        """

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            """Wait up to `timeout` seconds (None: for ever) and return what is ready."""
            if timeout is None or timeout <= 0 or self.fileno() >= _SELECTABLE_BELOW:
                return super().select(timeout)
            ready, _, _ = select([self.fileno()], [], [], timeout)
            return super().select(0) if ready else []

else:
    # kqueue, the default elsewhere, already takes nanoseconds.
    FineSelector = selectors.DefaultSelector


class WallLoop(asyncio.SelectorEventLoop):
    """A selector loop whose `time()` is `perf_counter_ns()` in seconds, with timers exact to about 0.1 ms."""

    def __init__(self) -> None:
        super().__init__(FineSelector())
        self.hurried = False  # somebody asked twice for the end: what closes now waits for nobody

    def time(self) -> float:
        """Return monotonic seconds, comparable between the processes of one machine."""
        return time.perf_counter_ns() / 1_000_000_000


def run_on(loop_factory: Callable[[], asyncio.AbstractEventLoop], coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end on a fresh loop of its own, which is then closed.

    What is left running is cancelled and waited for, so that it can leave its record.
    """
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        try:
            return runner.run(coroutine)
        except KeyboardInterrupt:
            loop = runner.get_loop()
            if isinstance(loop, WallLoop):
                loop.hurried = True
            raise
