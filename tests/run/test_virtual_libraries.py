"""Libraries as they are installed work in virtual time, and calls over them repeat to the byte."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from support_virtual import now_us, virtually
from turnspec.run.virtual import VirtualLoop


async def _echo(connection: ServerConnection) -> None:
    async for message in connection:
        await asyncio.sleep(0.3)
        await connection.send(message)


class TestUnmodifiedLibraries:
    """Programs written for sockets run as they are."""

    @pytest.mark.parametrize("latency_us", [0, 40_000])
    def test_a_websockets_echo_takes_exactly_its_delay(self, latency_us: int) -> None:
        """300 ms of thinking and two times the latency, to the microsecond, for text and large binary."""

        async def main() -> list[int]:
            taken = []
            async with serve(_echo, "127.0.0.1", 0, compression=None) as server:
                port = server.sockets[0].getsockname()[1]
                url = f"ws://localhost:{port}/media"
                async with connect(url, compression=None, proxy=None) as client:
                    messages: list[str | bytes] = ["hello", b"\x00" * 300_000, "x" * 390]
                    for message in messages:
                        began = now_us()
                        await client.send(message)
                        assert await client.recv() == message
                        taken.append(now_us() - began)
            return taken

        assert virtually(main(), latency_us)[::2] == [300_000 + 2 * latency_us] * 2

    def test_a_keepalive_does_not_disturb(self) -> None:
        """An hour of silence with pings every 20 s leaves the connection open."""

        async def main() -> str | bytes:
            async with (
                serve(_echo, "127.0.0.1", 8765, compression=None),
                connect("ws://127.0.0.1:8765", compression=None, proxy=None) as client,
            ):
                await asyncio.sleep(3600)
                await client.send("still there?")
                return await client.recv()

        assert virtually(main()) == "still there?"

    def test_a_fastapi_agent_under_uvicorn_takes_exactly_its_delay(self) -> None:
        """A plain `def` route (which runs in a thread of anyio) and a WebSocket, from start to shutdown."""
        uvicorn = pytest.importorskip("uvicorn")
        fastapi = pytest.importorskip("fastapi")

        async def agent(websocket: Any) -> None:
            await websocket.accept()
            for _ in range(3):
                text = await websocket.receive_text()
                await asyncio.sleep(0.3)
                await websocket.send_text(text.upper())
            await websocket.close()

        def health() -> dict[str, bool]:
            time.sleep(0.02)
            return {"ok": True}

        agent.__annotations__["websocket"] = fastapi.WebSocket
        app = fastapi.FastAPI()
        app.get("/health")(health)
        app.websocket("/agent")(agent)

        async def main() -> tuple[bytes, list[tuple[str | bytes, int]]]:
            server = uvicorn.Server(uvicorn.Config(app, port=8000, log_level="error"))
            serving = asyncio.create_task(server.serve())
            await asyncio.sleep(0.1)
            status = await _get("127.0.0.1", 8000, "/health")
            heard = []
            async with connect("ws://127.0.0.1:8000/agent", proxy=None) as client:
                for word in ["one", "two", "three"]:
                    began = now_us()
                    await client.send(word)
                    heard.append((await client.recv(), now_us() - began))
            server.should_exit = True
            await serving
            return status, heard

        status, heard = virtually(main())
        assert status == b"HTTP/1.1 200 OK\r\n"
        assert heard == [("ONE", 300_000), ("TWO", 300_000), ("THREE", 300_000)]


async def _get(host: str, port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    status = await reader.readline()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return status


_TRACED = """
import asyncio, hashlib, sys
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

trace = []
def note(*facts):
    trace.append((round(asyncio.get_running_loop().time() * 1e6), asyncio.current_task().get_name(), *facts))

async def agent(connection):
    async for message in connection:
        note("heard", message)
        await asyncio.sleep(len(message) / 100)
        await connection.send(message * 2)

async def caller(index):
    try:
        async with connect("ws://localhost:8765", compression=None, proxy=None) as client:
            for turn in range(3):
                await client.send(f"{index}.{turn}" * (index + 1))
                note("said", await client.recv())
                await asyncio.to_thread(sum, range(1000))
            await asyncio.sleep(100)
    finally:
        note("ended", index)

async def main():
    async with serve(agent, "localhost", 8765, compression=None):
        try:
            async with asyncio.timeout(5), asyncio.TaskGroup() as group:
                for index in range(8):
                    group.create_task(caller(index))
        except TimeoutError:
            note("time out")

run_on(lambda: VirtualLoop(1500), main())
print(len(trace), hashlib.sha256(repr(trace).encode()).hexdigest())
"""


def test_three_runs_with_other_hash_seeds_leave_equal_traces() -> None:
    """Times, order and content of everything that eight calls at once do are the same in every process."""
    roots = [str(Path(sys.modules[VirtualLoop.__module__].__file__ or "").parents[2])]
    traces = {
        subprocess.run(
            [sys.executable, "-c", _TRACED],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(roots)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ["0", "1", "4242"]
    }
    assert len(traces) == 1
    assert int(next(iter(traces)).split()[0]) > 40
