"""The wall-clock loop and running a coroutine on a loop of its own."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from turnspec.run.loops import WallLoop, run_on


def test_its_time_is_the_performance_counter() -> None:
    """Stamps taken from the loop compare with `perf_counter_ns()` of any process."""

    async def stamps() -> tuple[int, float, int]:
        return time.perf_counter_ns(), asyncio.get_running_loop().time(), time.perf_counter_ns()

    before, loop_s, after = run_on(WallLoop, stamps())
    assert before - 1000 <= loop_s * 1e9 <= after + 1000


def test_timers_never_ring_early_and_are_finer_than_a_millisecond() -> None:
    """A wait of 1.3 ms is not rounded up to epoll's 2 ms: the quickest of many shows it under any load."""

    async def waits() -> list[float]:
        loop = asyncio.get_running_loop()
        taken = []
        for _ in range(50):
            began = loop.time()
            await asyncio.sleep(0.0013)
            taken.append(loop.time() - began)
        return taken

    taken = run_on(WallLoop, waits())
    assert min(taken) >= 0.0013 - 1e-8
    assert min(taken) < 0.0018


def test_a_ready_socket_ends_a_long_wait() -> None:
    """Data wakes the loop although a timer is far away."""

    async def exchange() -> bytes:
        near, far = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=near)
        asyncio.get_running_loop().call_later(0.01, far.send, b"hello")
        async with asyncio.timeout(20):
            data = await reader.read(100)
        writer.close()
        await writer.wait_closed()
        far.close()
        return data

    assert run_on(WallLoop, exchange()) == b"hello"


def test_what_is_left_running_is_cancelled_and_finishes_its_record() -> None:
    """A task that outlives the coroutine still gets to write its last word."""
    record: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            record.append("closed")

    async def main() -> str:
        main.task = asyncio.create_task(linger())  # type: ignore[attr-defined]  # keeps it referenced
        await asyncio.sleep(0)
        return "done"

    assert run_on(WallLoop, main()) == "done"
    assert record == ["closed"]


def test_an_exception_comes_out() -> None:
    """What the coroutine raises is raised to the caller."""

    async def fail() -> None:
        raise LookupError("nobody home")

    with pytest.raises(LookupError, match="nobody home"):
        run_on(WallLoop, fail())
