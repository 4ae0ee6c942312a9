"""HTTP on sockets of the running loop, whichever clock that has: one request, or a small server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from turnspec.adapters.http import (
    LARGEST_BODY,
    HttpError,
    HttpRequest,
    HttpResponse,
    RequestParser,
    ResponseParser,
    request_bytes,
    response_bytes,
)

READ_BYTES: Final = 64 * 1024


async def fetch(
    url: str, request: HttpRequest, timeout_s: float, largest_body: int = LARGEST_BODY
) -> HttpResponse:
    """Send a request to the host of `url` (`http` or `https`), and its response.

    Raises:
        TimeoutError: There was no answer within `timeout_s`.
        OSError: No connection, or it was reset, or the host's name is none; `ssl.SSLError` where TLS is not
            accepted.
        HttpError: What came is no response, or one with a body beyond `largest_body`.
    """
    parts = urlsplit(url)
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    wire = request_bytes(request, parts.netloc.rpartition("@")[2])
    async with asyncio.timeout(timeout_s):
        reader, writer = await _connected(parts.hostname or "", port, secure)
        try:
            writer.write(wire)
            return await _answer(reader, ResponseParser(request.method, largest_body))
        finally:
            writer.transport.abort()  # one exchange a connection: nothing is left to say


async def _connected(
    host: str, port: int, secure: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(host, port, ssl=secure)
    except UnicodeError as error:  # of the encoding of names: an empty label, or one that is too long
        raise OSError(f"no host can have the name {host!r}") from error


async def _answer(reader: asyncio.StreamReader, parser: ResponseParser) -> HttpResponse:
    while True:
        response = parser.feed(await reader.read(READ_BYTES))
        if response is not None:
            return response


class HttpServer:
    """Answers requests at `url`, each on a connection of its own, until it is closed."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer
        self.connections: dict[asyncio.Transport, None] = {}  # in the order in which they came
        self._server: asyncio.AbstractServer | None = None
        self.url = ""

    async def open(self, host: str, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = server = await loop.create_server(lambda: _Exchange(self), host, port)
        self.url = f"http://{host}:{server.sockets[0].getsockname()[1]}"

    async def aclose(self) -> None:
        """Let go of the port and of every connection."""
        if self._server is None:
            return
        self._server.close()
        for transport in list(self.connections):
            transport.abort()
        await self._server.wait_closed()


class _Exchange(asyncio.Protocol):
    """One request and its response."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._parser = RequestParser()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections[transport] = None

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._transport is not None:
            self._server.connections.pop(self._transport, None)

    def data_received(self, data: bytes) -> None:
        try:
            request = self._parser.feed(data)
        except HttpError as error:
            self._respond(HttpResponse(error.status, (), f"{error.reason}\n".encode()))
            return
        if request is not None:
            self._respond(self._server.answer(request))
        elif self._transport is not None:
            self._transport.write(self._parser.go_ahead())

    def _respond(self, response: HttpResponse) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response_bytes(response))
            self._transport.close()
