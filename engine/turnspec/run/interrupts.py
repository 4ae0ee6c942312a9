"""SIGINT while calls are made: noted, so that it never breaks into the middle of keeping a record."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from turnspec.run.voices.child import end_all


class Interrupts:
    """Whether SIGINT came: whoever waits is told, and the task that can be cancelled; all else may finish."""

    def __init__(self) -> None:
        self.came = False
        self._told: list[Callable[[], Any]] = []

    def note(self, *_: Any) -> None:
        """Take the signal.

        Raises:
            KeyboardInterrupt: It has come before: somebody will not wait.
        """
        if self.came:
            raise KeyboardInterrupt
        self.came = True
        self.tell()
        end_all()  # nobody waits any more for what a program is to say

    def tell(self) -> None:
        """Tell everybody who is to be told of a signal now."""
        for somebody in tuple(self._told):
            somebody()

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """For the length of the block, the running task is what a signal cancels."""
        task = asyncio.current_task()
        assert task is not None, "there is a task to cancel"
        with self.telling(lambda: task.get_loop().call_soon_threadsafe(task.cancel)):
            yield

    @contextmanager
    def telling(self, somebody: Callable[[], Any]) -> Iterator[None]:
        """For the length of the block, a signal is told to `somebody`."""
        self._told.append(somebody)
        try:
            yield
        finally:
            self._told.remove(somebody)


@contextmanager
def interrupts_noted() -> Iterator[Interrupts]:
    """SIGINT is noted for the length of the block; outside the main thread, whoever runs us handles it."""
    interrupts = Interrupts()
    with handled(signal.SIGINT, interrupts.note):
        yield interrupts


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM stops a run as Ctrl-C does: records are completed, partial reports are written."""
    with handled(signal.SIGTERM, _interrupt):
        yield


def _interrupt(_: int, frame: FrameType | None) -> None:
    # Called, not raised as a signal: that would be noticed only once what waits is done waiting.
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # a shell starts what runs in its background with SIGINT ignored
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)


@contextmanager
def handled(number: signal.Signals, handler: Any) -> Iterator[None]:
    """A signal's handler for the length of a block; without effect outside the main thread."""
    try:
        before = signal.signal(number, handler)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)
