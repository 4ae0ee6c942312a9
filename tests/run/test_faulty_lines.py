"""The transport of a faulty end, under real `websockets` connections: over sockets and in memory alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from turnspec.adapters.faults import CallFaults, Dialect
from turnspec.adapters.faults.shell import make_faulty
from turnspec.call.events import Event, FaultInjected, Side
from turnspec.dsl import NOWHERE
from turnspec.dsl.faults import Fault
from turnspec.dsl.reader import read_model
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop

NAMES = frozenset({"hello", "media"})
DIALECT = Dialect("test", "event", NAMES, NAMES, {"media": ("audio",)})
LOOPS = pytest.mark.parametrize("loop", [WallLoop, VirtualLoop], ids=["sockets", "memory"])
Loop = type[asyncio.AbstractEventLoop]


class Notes:
    """A witness that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    def now_us(self) -> int:
        """Microseconds since it was made."""
        return round((self._loop.time() - self._began) * 1_000_000)

    def happened(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Nothing."""


@asynccontextmanager
async def server(hold: Callable[[ServerConnection], Coroutine[Any, Any, None]]) -> AsyncIterator[str]:
    """A server on loopback."""
    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=2) as running:
        yield f"ws://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}/"


@asynccontextmanager
async def faulty(url: str, **written: Any) -> AsyncIterator[tuple[ClientConnection, CallFaults, Notes]]:
    """A client with one fault, whose call is up."""
    made, problems = read_model(Fault, written, NOWHERE)
    assert made is not None, problems
    faults, notes = CallFaults([made]), Notes()
    async with connect(url, compression=None, ping_interval=None, close_timeout=2, proxy=None) as line:
        make_faulty(line, faults, DIALECT, notes, Side.LINE)
        faults.came_up()
        yield line, faults, notes


def message(name: str, number: int = 0) -> str:
    """A message of this name."""
    return json.dumps({"event": name, "number": number, "audio": "AAAA"})


async def arriving(line: Connection) -> tuple[list[str | bytes], int | None]:
    """All that comes until the line ends, and its close code; None: it ended without a close frame."""
    got: list[str | bytes] = []
    try:
        while True:
            got.append(await line.recv())
    except ConnectionClosed as closed:
        return got, closed.rcvd.code if closed.rcvd else None


def what_arrives(loop: Loop, act: Callable[..., Coroutine[Any, Any, None]], **written: Any) -> Any:
    """What a server sees of a client with a fault, and what the client's witness was told."""

    async def play() -> Any:
        seen: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def hold(line: ServerConnection) -> None:
            seen.set_result(await arriving(line))

        async with server(hold) as url:
            async with faulty(url, **written) as (line, faults, notes):
                await act(line, faults)
            async with asyncio.timeout(60):
                return *(await seen), [
                    event.fault for event in notes.events if isinstance(event, FaultInjected)
                ]

    return run_on(loop, play())


async def three(line: ClientConnection, faults: CallFaults) -> None:
    """Three messages, the caller's first turn being over behind the second."""
    await line.send(message("hello", 1))
    await line.send(message("media", 2))
    faults.turn_over(1)
    await asyncio.sleep(0.05)
    if not line.close_code:
        await line.send(message("media", 3))


ALL = [message("hello", 1), message("media", 2), message("media", 3)]


@LOOPS
def test_without_a_fault_that_happens_nothing_changes(loop: Loop) -> None:
    """All messages arrive, and the close with its code."""
    assert what_arrives(loop, three, lose="media", at={"nth": 9}) == (ALL, 1000, [])


@LOOPS
def test_messages_are_lost_doubled_and_reordered(loop: Loop) -> None:
    """What arrives is what the fault leaves, under a mask that the server accepts."""
    assert what_arrives(loop, three, lose="hello") == (ALL[1:], 1000, ["lose"])
    assert what_arrives(loop, three, duplicate="hello") == ([ALL[0], *ALL], 1000, ["duplicate"])
    assert what_arrives(loop, three, reorder="hello") == ([ALL[1], ALL[0], ALL[2]], 1000, ["reorder"])


@LOOPS
def test_a_delayed_message_comes_late(loop: Loop) -> None:
    """Others overtake it; it leaves by itself, or before the close."""
    got, code, told = what_arrives(loop, three, delay={"event": "hello", "by": "20 ms"})

    assert (got, code, told) == ([ALL[1], ALL[0], ALL[2]], 1000, ["delay"])
    late = what_arrives(loop, three, delay={"event": "hello", "by": "20 s"})
    assert late == ([*ALL[1:], ALL[0]], 1000, ["delay"])


@LOOPS
def test_a_spoilt_copy_comes_before(loop: Loop) -> None:
    """As a binary message, too."""
    got, _, told = what_arrives(loop, three, malformed="binary", at={"event": "media", "nth": 2})

    assert (got, told) == ([*ALL[:2], ALL[2].encode(), ALL[2]], ["malformed"])


@LOOPS
def test_a_dropped_line_has_no_close_frame(loop: Loop) -> None:
    """What was sent before may arrive; nothing does behind it."""
    got, code, told = what_arrives(loop, three, drop=True, at={"turn": 1})

    assert (code, told) == (None, ["drop"])
    assert ALL[2] not in got


@LOOPS
def test_a_line_is_closed_with_a_code(loop: Loop) -> None:
    """The messages before it arrive."""
    assert what_arrives(loop, three, close=1011, at={"turn": 1}) == (ALL[:2], 1011, ["close"])


@LOOPS
def test_a_half_closed_line_still_reads(loop: Loop) -> None:
    """The other end sees the end of the stream; what it has sent arrives here all the same."""

    async def play() -> Any:
        seen: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def hold(line: ServerConnection) -> None:
            await line.send("still here")
            seen.set_result(await arriving(line))

        async with server(hold) as url, faulty(url, half_close=True, at={"event": "hello"}) as (line, _, _):
            await line.send(message("hello"))
            await line.send(message("media"))  # swallowed
            async with asyncio.timeout(60):
                return await arriving(line), await seen

    here, there = run_on(loop, play())

    assert here == (["still here"], None)
    assert there == ([message("hello")], None)


@LOOPS
def test_a_stalled_reader_reads_later(loop: Loop) -> None:
    """Nothing is taken for so long, then all of it."""

    async def play() -> Any:
        async def hold(line: ServerConnection) -> None:
            for number in range(3):
                await line.recv()
                await line.send(str(number))
            await line.wait_closed()

        async with (
            server(hold) as url,
            faulty(url, stall="300 ms", at={"event": "hello", "nth": 1}) as (
                line,
                _,
                notes,
            ),
        ):
            for _ in range(3):
                await line.send(message("hello"))
            got = [await line.recv() for _ in range(3)]
            return got, notes.now_us()

    got, at_us = run_on(loop, play())

    assert got == ["0", "1", "2"]
    assert at_us >= 300_000


@LOOPS
def test_what_is_timed_happens_without_a_message(loop: Loop) -> None:
    """A line breaks while nobody says anything."""

    async def wait(line: ClientConnection, faults: CallFaults) -> None:
        del faults
        with pytest.raises(ConnectionClosed):
            await line.recv()

    assert what_arrives(loop, wait, drop=True, at={"after": "50 ms"}) == ([], None, ["drop"])


def test_a_line_without_faults_is_left_as_it_is() -> None:
    """No wrapper, no cost."""

    async def play() -> bool:
        async def hold(line: ServerConnection) -> None:
            await line.wait_closed()

        async with server(hold) as url, connect(url, compression=None, proxy=None) as line:
            before = line.transport
            make_faulty(line, None, DIALECT, Notes(), Side.LINE)
            return line.transport is before

    assert run_on(VirtualLoop, play())
