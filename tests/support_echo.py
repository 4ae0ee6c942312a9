"""A Twilio bot in a process of its own that says back what it hears, at the least cost that Python allows.

Run as `python tests/support_echo.py`; prints its address. What it costs must not be what is measured.
"""

from __future__ import annotations

import asyncio
import sys

from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

from support_paced import first_in_line
from turnspec.run.loops import WallLoop, run_on

TEXT = 0x81
PAYLOAD = b'"payload":"'
REPLY = b'{"event":"media","streamSid":"%s","media":{"payload":"%s"}}'


class Echo(asyncio.Protocol):
    """One call: the handshake is the library's, frames are cut out of the stream by hand."""

    def __init__(self) -> None:
        self._hello: ServerProtocol | None = ServerProtocol()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every frame that is there as a whole."""
        if self._hello is not None:
            self._greet(self._hello, data)
            return
        data = self._rest + data
        at = 0
        while (end := self._end_of(data, at)) <= len(data) and at < len(data):
            self._frame(data, at, end)
            at = end
        self._rest = data[at:]

    def _greet(self, hello: ServerProtocol, data: bytes) -> None:
        hello.receive_data(data)
        for request in hello.events_received():
            assert isinstance(request, Request)
            hello.send_response(hello.accept(request))
            self._transport.write(b"".join(hello.data_to_send()))
            self._hello = None

    def _end_of(self, data: bytes, at: int) -> int:
        if len(data) < at + 4:
            return len(data) + 1
        length = data[at + 1] & 0x7F
        return at + 6 + length if length < 126 else at + 8 + int.from_bytes(data[at + 2 : at + 4])

    def _frame(self, data: bytes, at: int, end: int) -> None:
        body = at + (6 if data[at + 1] & 0x7F < 126 else 8)
        if data[at] != TEXT:
            self._transport.close()
            return
        text = apply_mask(data[body:end], data[body - 4 : body])
        begin = text.find(PAYLOAD)
        if begin > 0:
            begin += len(PAYLOAD)
            reply = REPLY % (text[-36:-2], text[begin : text.index(b'"', begin)])
            self._transport.write(b"\x81\x7e" + len(reply).to_bytes(2) + reply)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=1_000)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"ws://127.0.0.1:{port}/\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    first_in_line(core=1)
    run_on(WallLoop, _serve())
