"""One port for a WebSocket server and for plain requests, which `websockets` alone would refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from websockets.asyncio.server import ServerConnection

from turnspec.adapters.http import (
    LARGEST_HEAD,
    HttpError,
    HttpRequest,
    HttpResponse,
    RequestParser,
    response_bytes,
)

Answer = Callable[[HttpRequest], HttpResponse]
HEAD_END: Final = b"\r\n\r\n"


class FrontDoor:
    """Makes connections that answer plain requests by `answer` and leave upgrades to `websockets`.

    Give `connections(kind)` to `websockets.serve` as `create_connection`, and close it before its server.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.waiting: dict[asyncio.Transport, None] = {}  # connections that are not yet a WebSocket's

    def connections(self, kind: type[ServerConnection]) -> Any:
        """What makes connections for `websockets.serve`, each a `kind` once it is an upgrade.

        The library wants a class, and only ever calls it.
        """
        return partial(_made, self, kind)

    def close(self) -> None:
        """Let go of the connections that are no WebSocket."""
        for transport in list(self.waiting):
            transport.abort()


def _made(door: FrontDoor, kind: type[ServerConnection], *facts: Any, **options: Any) -> Any:
    # `websockets.serve` hands this to its loop as a protocol and asks nothing else of it.
    return _Visitor(door, kind(*facts, **options))


class _Visitor(asyncio.Protocol):
    """A connection until it has said what it wants."""

    def __init__(self, door: FrontDoor, connection: ServerConnection) -> None:
        self._door = door
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        self._said = b""
        self._parser: RequestParser | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._door.waiting[transport] = None

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._transport is not None:
            self._door.waiting.pop(self._transport, None)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None, "data comes after the connection was made"
        if self._parser is not None:
            self._ask(self._parser, data)
            return
        self._said += data
        if HEAD_END not in self._said and len(self._said) <= LARGEST_HEAD:
            return
        if _is_upgrade(self._said):
            self._hand_over(self._transport)
        else:
            self._parser = RequestParser()
            self._ask(self._parser, self._said)

    def _hand_over(self, transport: asyncio.Transport) -> None:
        del self._door.waiting[transport]
        transport.set_protocol(self._connection)
        self._connection.connection_made(transport)
        self._connection.data_received(self._said)

    def _ask(self, parser: RequestParser, data: bytes) -> None:
        try:
            request = parser.feed(data)
        except HttpError as error:
            self._respond(HttpResponse(error.status, (), f"{error.reason}\n".encode()))
            return
        if request is not None:
            self._respond(self._door.answer(request))
        elif self._transport is not None:
            self._transport.write(parser.go_ahead())

    def _respond(self, response: HttpResponse) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response_bytes(response))
            self._transport.close()


def _is_upgrade(said: bytes) -> bool:
    """Whether a request wants to be a WebSocket; `websockets` itself looks at all the rest."""
    head = said.partition(HEAD_END)[0].lower()
    lines = head.split(b"\r\n")
    wants = any(line.partition(b":")[0].strip() == b"upgrade" and b"websocket" in line for line in lines[1:])
    return lines[0].startswith(b"get ") and wants
