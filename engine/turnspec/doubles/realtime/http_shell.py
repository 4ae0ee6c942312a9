"""A connection at the double's port that may turn out to be a plain HTTP request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.server import ServerConnection

from turnspec.adapters.http import HttpError, HttpRequest, HttpResponse, RequestParser, response_bytes

Answering = Callable[[HttpRequest], HttpResponse]

_GET: Final = b"GET "


class RealtimeConnection(ServerConnection):
    """A WebSocket connection once it began with GET, which is all that the library reads.

    Whatever begins otherwise is one HTTP request, which `answer` answers.
    """

    def __init__(self, *args: Any, answer: Answering, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answer = answer
        self._first: bytes | None = b""  # what came while it was open what this is; None: a WebSocket
        self._parser: RequestParser | None = None

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        if self._first is None:
            super().data_received(data)
        elif self._parser is not None:
            self._read(self._parser, data)
        else:
            self._first += data
            self._decide(self._first)

    def _decide(self, first: bytes) -> None:
        if first.startswith(_GET):
            self._first = None
            super().data_received(first)
        elif not _GET.startswith(first):
            self._parser = RequestParser()
            self._read(self._parser, first)

    def _read(self, parser: RequestParser, data: bytes) -> None:
        try:
            request = parser.feed(data)
            response = None if request is None else self._answer(request)
        except HttpError as error:
            response = HttpResponse(error.status, body=error.reason.encode())
        if response is not None:
            self.transport.write(response_bytes(response))
            self.transport.close()
