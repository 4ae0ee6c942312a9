"""Virtual time: an event loop whose clock jumps to the next timer when nothing else can happen.

The clock stands still while anything runs, so every delay is exact and every run of the same code the same.
It moves only when no callback is ready, no descriptor is ready and no executor job is under way: jobs are
waited for in real time, cost no virtual time, and report in the order in which they were begun. Whatever the
loop cannot see the end of - a foreign thread, a subprocess, an outside connection - is refused by name: where
it happens, and out of the loop's own run as well, so that no `except` can turn it into a wrong result.

Servers and connections inside the loop are in memory (`turnspec.run.network`).
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import selectors
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import PurePath
from typing import Any, NoReturn, TypeVar

from turnspec.run.errors import ForeignWork, VirtualDeadlock, VirtualStandstill, is_refusal
from turnspec.run.memory import MemoryTransport
from turnspec.run.network import MemoryNetwork, MemoryServer, ProtocolFactory, is_loopback
from turnspec.run.threads import OtherThreads, named

T = TypeVar("T")

_NS = 1_000_000_000
# Turns of the loop without a moment of virtual time passing before this counts as polling: seconds of CPU.
STANDSTILL_TURNS = 1_000_000
# So many cancelled timers are kept before they are looked for; those that come up are dropped anyway.
_CANCELLED_TIMERS = 200
_WAITS_A_POLL = 64
# Real seconds that one job in another thread may take: a bound on hanging, not a guess at readiness.
JOB_PATIENCE_S = 60.0

_SERVE_IT = "serve it in the same process, or run it on the wall clock (`--clock wall`)"
_PLAIN = "use ws:// or http:// between parts of one process, or the wall clock (`--clock wall`)"


class VirtualTask(asyncio.Task[T]):
    """A task whose hash is its number in its loop, so that sets of tasks are walked in one order, always.

    `TaskGroup`, `asyncio.wait` and the loop's own shutdown keep tasks in sets; addresses would order them.
    """

    def __init__(self, number: int, coroutine: Any, **options: Any) -> None:
        self._number = number
        super().__init__(coroutine, **options)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that begins at 0 and lives in virtual time.

    `latency_us` is the one-way delay of each of its links. The other two only bound what would hang.
    """

    # Asyncio's own, of which it says nothing to type checkers. Timers are kept as (ns, number, handle), so
    # that those of one instant come in the order in which they were set.
    _ready: deque[asyncio.Handle]
    _scheduled: list[tuple[int, int, Any]]
    _selector: selectors.BaseSelector
    _stopping: bool
    _timer_cancelled_count: int
    _ssock: socket.socket | None
    _thread_id: int | None
    _task_factory: Any
    _default_executor: Executor | None

    def __init__(
        self,
        latency_us: int = 0,
        *,
        job_patience_s: float = JOB_PATIENCE_S,
        standstill_turns: int = STANDSTILL_TURNS,
    ) -> None:
        self._now_ns = 0
        self._job_patience_s = job_patience_s
        self._standstill_turns = standstill_turns
        self._refusal: ForeignWork | None = None
        self._timeless_turns = 0
        self._waits = 0
        self._numbers = itertools.count(1)
        self._home = threading.get_ident()
        self._others = OtherThreads(self, self.wake)
        super().__init__()
        self.network = MemoryNetwork(self, latency_us)

    # Time

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self._now_ns / _NS

    def call_at(  # type: ignore[override]  # typeshed ties the arguments to the callback; asyncio does not
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run `callback` at `when`, rounded to nanoseconds, after what was set earlier for that instant."""
        self._check_closed()  # type: ignore[attr-defined]  # asyncio's own
        due_ns = round(when * _NS)
        timer: Any = asyncio.TimerHandle(due_ns / _NS, callback, args, self, context)
        timer._scheduled = True  # noqa: SLF001 - asyncio's own mark, read on cancelling
        heapq.heappush(self._scheduled, (due_ns, next(self._numbers), timer))
        return timer  # type: ignore[no-any-return]

    def call_later(  # type: ignore[override]  # as for call_at
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run `callback` after `delay` virtual seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def _check_open(self) -> None:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")

    def _run_once(self) -> None:
        """One turn: asyncio's own, but that time passes only here, and only when nothing is ready."""
        ready, timers = self._ready, self._scheduled
        if ready or self._stopping:
            self._timeless()
        else:
            self._wait()
        while timers and timers[0][0] <= self._now_ns:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:  # noqa: SLF001
                handle._run()  # noqa: SLF001

    def _timeless(self) -> None:
        """Count the turns in which no time can pass; VirtualStandstill when they have no end."""
        self._timeless_turns += 1
        if self._timeless_turns > self._standstill_turns:
            turns, self._timeless_turns = self._timeless_turns, 0
            raise VirtualStandstill(self._now_ns // 1000, turns, self._waiting())

    def _wait(self) -> None:
        """Take what finished in other threads, or wait for it in real time, or jump to the next timer."""
        self._waits += 1
        # Signals alone come through the one descriptor, which wakes the loop: they can wait a little.
        events = self._selector.select(0) if self._waits % _WAITS_A_POLL == 0 else []
        if events:
            self._timeless()
        else:
            if self._refusal is not None:
                self._raise_refusal()
            if not self._others.busy():
                self._jump()
                return
            self._timeless_turns = 0
            if not self._others.deliver():
                events = self._selector.select(self._job_patience_s) or self._lose_patience()
        self._process_events(events)  # type: ignore[attr-defined]  # asyncio's own

    def _jump(self) -> None:
        timers = self._scheduled
        if self._timer_cancelled_count > _CANCELLED_TIMERS:
            timers[:] = [timer for timer in timers if not timer[2].cancelled()]
            heapq.heapify(timers)
            self._timer_cancelled_count = 0
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers:
            raise VirtualDeadlock(self._now_ns // 1000, self._waiting(), self._others.unknown())
        if timers[0][0] <= self._now_ns:
            self._timeless()
        else:
            self._now_ns = timers[0][0]
            self._timeless_turns = 0

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """Run until `future` is done; whatever it made of a refusal, the refusal is raised."""
        try:
            result = super().run_until_complete(future)
        except Exception:
            self._raise_refusal()
            raise
        self._raise_refusal()
        return result

    def _raise_refusal(self) -> None:
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise refusal

    def _lose_patience(self) -> NoReturn:
        """Refuse a job that has taken so long that it may never end."""
        work = f"{self._others.overdue()}, not done after {self._job_patience_s:g} s of real time"
        raise ForeignWork(work, _SERVE_IT)

    def _waiting(self) -> tuple[str, ...]:
        return tuple(_where(task) for task in sorted(asyncio.all_tasks(self), key=hash))

    # Tasks and threads

    def create_task(  # type: ignore[override]  # newer Pythons pass more options than typeshed lists for 3.11
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        **options: Any,
    ) -> asyncio.Task[T]:
        """Run a coroutine as a task, named by its number in this loop unless named."""
        self._check_open()
        if self._task_factory is not None:
            return super().create_task(coro, name=name, **options)
        number = next(self._numbers)
        return VirtualTask(number, coro, loop=self, name=name or f"Task-{number}", **options)

    def run_in_executor(  # type: ignore[override]  # as for call_at
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run `func` in a thread or process; time waits for it, and results come in the order of calls."""
        self._check_open()
        return self._others.begin(executor or self._own_executor(), func, args)

    def _own_executor(self) -> Executor:
        if self._default_executor is None:
            self._default_executor = ThreadPoolExecutor(thread_name_prefix="virtual")
        return self._default_executor

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - asyncio's own signature
        """Let go of the loop's own executor, waiting in real time unless jobs were given up."""
        if self._default_executor is not None:
            self._default_executor.shutdown(wait=not self._others.busy(), cancel_futures=True)
            self._default_executor = None

    def wake(self) -> None:
        """End a real wait; safe from any thread."""
        self._write_to_self()  # type: ignore[attr-defined]  # asyncio's own way

    def call_soon_threadsafe(  # type: ignore[override]  # as for call_at
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Run `callback` soon; ForeignWork from a thread that is not this loop's."""
        if threading.get_ident() == (self._thread_id or self._home):
            return super().call_soon_threadsafe(callback, *args, context=context)
        self._check_open()
        known = self._others.accept_report(callback, args)
        refusal = None if known else self.refused(_foreign(callback))
        self.wake()
        if refusal is not None:
            raise refusal
        return asyncio.Handle(callback, args, self, context)

    # Connections

    async def create_server(  # type: ignore[override]  # typeshed lists every TCP option; none means anything here
        self,
        protocol_factory: ProtocolFactory,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *,
        ssl: object = None,
        sock: object = None,
        start_serving: bool = True,
        **_tcp_options: Any,
    ) -> MemoryServer:
        """Serve a port of this loop in memory; port 0 takes the next free one, always the same."""
        self._refuse_if(ssl, f"TLS on {host}:{port}", _PLAIN)
        self._refuse_if(sock is not None or port is None, "a server on a socket made elsewhere", _SERVE_IT)
        server = self.network.serve(protocol_factory, host, port or 0)
        if start_serving:
            await server.start_serving()
        return server

    async def create_connection(  # type: ignore[override]  # as for create_server
        self,
        protocol_factory: ProtocolFactory,
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: object = None,
        sock: object = None,
        **_tcp_options: Any,
    ) -> tuple[MemoryTransport, asyncio.BaseProtocol]:
        """Connect to a port that this loop serves; ConnectionRefusedError on this machine's other ports."""
        self._refuse_if(ssl, f"a TLS connection to {host}:{port}", _PLAIN)
        self._refuse_if(
            sock is not None or host is None, "a connection over a socket made elsewhere", _SERVE_IT
        )
        name, number = host or "", port or 0
        outside = not is_loopback(name) and not self.network.serves(name, number)
        self._refuse_if(outside, f"a connection to {name}:{number}", _SERVE_IT)
        return await self.network.connect(protocol_factory, name, number)

    async def getaddrinfo(
        self, host: bytes | str | None, port: bytes | str | int | None, **_wanted: Any
    ) -> list[tuple[Any, ...]]:
        """Answer for this machine only, without asking anyone."""
        name = host.decode() if isinstance(host, bytes) else host or ""
        self._refuse_if(not is_loopback(name), f"looking up the address of {name!r}", _SERVE_IT)
        address = ("127.0.0.1", int(port or 0))
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

    # What is refused

    def refused(self, work: str, suggestion: str = _SERVE_IT) -> ForeignWork:
        """Return the refusal to raise; the first one also ends the loop's run before time passes."""
        refusal = ForeignWork(work, suggestion)
        self._refusal = self._refusal or refusal
        return refusal

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tell of an error that nobody took, unless it is a refusal: that is raised."""
        if not is_refusal(context.get("exception")):
            super().call_exception_handler(context)

    def _refuse_if(self, wrong: object, work: str, suggestion: str) -> None:
        if wrong:
            raise self.refused(work, suggestion)

    def _add_reader(self, fd: Any, callback: Callable[..., object], *args: Any) -> Any:
        # Transports, servers and sock_* all come through here; the one descriptor allowed wakes the loop.
        if self._ssock is None or fd != self._ssock.fileno():
            raise self.refused(f"reading from {_descriptor(fd)}")
        return super()._add_reader(fd, callback, *args)  # type: ignore[misc]  # asyncio's own

    def _add_writer(self, fd: Any, *_callback: Any) -> NoReturn:
        raise self.refused(f"writing to {_descriptor(fd)}")


def _refusing(work: str) -> Any:
    async def refuse(loop: VirtualLoop, *facts: Any, **_options: Any) -> NoReturn:
        named = [str(fact) for fact in facts if isinstance(fact, str | bytes | tuple | PurePath)]
        raise loop.refused(" ".join([work, *named]))

    return refuse


for _name, _work in {
    "subprocess_exec": "the subprocess",
    "subprocess_shell": "the subprocess",
    "connect_read_pipe": "reading from a pipe",
    "connect_write_pipe": "writing to a pipe",
    "create_datagram_endpoint": "UDP",
    "create_unix_connection": "a connection to a Unix socket",
    "create_unix_server": "a server on a Unix socket",
    "connect_accepted_socket": "a socket accepted elsewhere",
    "start_tls": "TLS",
    "sendfile": "sendfile",
    "sock_accept": "a real socket",
    "sock_connect": "a real socket, to",
    "sock_recv": "a real socket",
    "sock_recv_into": "a real socket",
    "sock_recvfrom": "a real socket",
    "sock_recvfrom_into": "a real socket",
    "sock_sendall": "a real socket",
    "sock_sendfile": "a real socket",
    "sock_sendto": "a real socket",
}.items():
    setattr(VirtualLoop, _name, _refusing(_work))


def _foreign(callback: Callable[..., object]) -> str:
    return f"the thread {threading.current_thread().name!r}, which calls {named(callback)} in the loop"


def _descriptor(fd: Any) -> str:
    return f"file descriptor {fd if isinstance(fd, int) else fd.fileno()}"


def _where(task: asyncio.Task[Any]) -> str:
    """Say what a task is and where it waits; asyncio's own lines are left out, they differ by version."""
    chain: list[Any] = [task.get_coro()]
    while getattr(deeper := getattr(chain[-1], "cr_await", None), "cr_frame", None) is not None:
        chain.append(deeper)
    ours = [step for step in chain if not _is_asyncio(step)] or chain[:1]
    frame = getattr(ours[-1], "cr_frame", None)
    place = f" ({PurePath(frame.f_code.co_filename).name}:{frame.f_lineno})" if frame else ""
    steps = dict.fromkeys(named(step) for step in (chain[0], ours[-1], chain[-1]))
    return f"{task.get_name()}: {' > '.join(steps)}{place}"


def _is_asyncio(step: Any) -> bool:
    frame = getattr(step, "cr_frame", None)
    return frame is not None and str(frame.f_globals.get("__name__", "")).startswith("asyncio.")
