"""What a virtual-time loop may wait for in real time: its own work in other threads."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from concurrent.futures import Future as Job
from typing import Any, TypeVar

T = TypeVar("T")

_ANYIO = "anyio._backends._asyncio"


class OtherThreads:
    """Work that the loop has in other threads, and whose end it therefore knows how to wait for.

    Executor jobs, and the workers of anyio (FastAPI runs plain `def` routes there): those are told from
    foreign threads by reporting their own result to the loop that they belong to.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        self._loop = loop
        self._wake = wake
        self._jobs: deque[tuple[str, Job[Any], asyncio.Future[Any]]] = deque()
        self._reports: deque[tuple[Any, Callable[..., object], tuple[Any, ...]]] = deque()
        self._elders = frozenset(thread.ident for thread in threading.enumerate())

    def begin(self, executor: Executor, func: Callable[..., T], args: tuple[Any, ...]) -> asyncio.Future[T]:
        """Submit a job; its result comes by `deliver`, in the order of these calls."""
        job = executor.submit(func, *args)
        outcome: asyncio.Future[T] = self._loop.create_future()
        self._jobs.append((named(func), job, outcome))
        job.add_done_callback(lambda _: self._wake())
        return outcome

    def busy(self) -> bool:
        """Tell whether anything has been begun and not yet delivered."""
        return bool(self._jobs) or bool(self._borrowed())

    def deliver(self) -> bool:
        """Hand over what is next in order; False when that is still under way."""
        return self._deliver_job() if self._jobs else self._deliver_reports()

    def _deliver_job(self) -> bool:
        _, job, outcome = self._jobs[0]
        if outcome.cancelled():
            job.cancel()
        elif job.done():
            self._loop.call_soon(_settle, job, outcome)
        else:
            return False
        self._jobs.popleft()
        return True

    def _deliver_reports(self) -> bool:
        if len(self._reports) < len(self._borrowed()):
            return False
        for _, callback, args in sorted(self._reports, key=lambda report: report[0].native_id):
            self._loop.call_soon(callback, *args)
        self._reports.clear()
        return True

    def accept_report(self, callback: Callable[..., object], args: tuple[Any, ...]) -> bool:
        """Keep what a worker of this loop reports; False for any other thread or callback."""
        thread = threading.current_thread()
        if getattr(callback, "__self__", None) is not thread or not self._is_worker(thread):
            return False
        self._reports.append((thread, callback, args))
        return True

    def _borrowed(self) -> list[Any]:
        if _ANYIO not in sys.modules:
            return []
        workers: list[Any] = [thread for thread in threading.enumerate() if self._is_worker(thread)]
        return [worker for worker in workers if not worker.stopping and worker not in worker.idle_workers]

    def _is_worker(self, thread: threading.Thread) -> bool:
        return type(thread).__module__ == _ANYIO and getattr(thread, "loop", None) is self._loop

    def overdue(self) -> str:
        """Name what is waited for."""
        return f"the job {self._jobs[0][0]!r}" if self._jobs else "a worker thread of anyio"

    def unknown(self) -> tuple[str, ...]:
        """Name the threads begun since the loop was made."""
        return tuple(thread.name for thread in threading.enumerate() if thread.ident not in self._elders)


def _settle(job: Job[T], outcome: asyncio.Future[T]) -> None:
    if outcome.cancelled():
        return
    if job.cancelled():
        outcome.cancel()
    elif (error := job.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(job.result())


def named(call: Any) -> str:
    """Name what is called: a function, a method, or what a partial of either will call."""
    if isinstance(call, functools.partial):
        # to_thread() runs partial(context.run, function, ...).
        in_context = isinstance(getattr(call.func, "__self__", None), contextvars.Context)
        return named(call.args[0] if in_context and call.args else call.func)
    return str(getattr(call, "__qualname__", type(call).__qualname__))
