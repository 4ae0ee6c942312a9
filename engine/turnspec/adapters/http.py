"""HTTP/1.1 requests and responses as values, to bytes and back, without I/O.

One message a parser: whoever writes says `Connection: close` unless told otherwise, so a connection
carries one exchange. The grammar is h11's; here are the bounds, and whole messages instead of pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Generic, TypeAlias, TypeVar

import h11

Headers: TypeAlias = tuple[tuple[str, str], ...]

LARGEST_HEAD: Final = 64 * 1024
LARGEST_BODY: Final = 1024 * 1024
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_SWITCHING: Final = HTTPStatus.SWITCHING_PROTOCOLS


class HttpError(Exception):
    """Bytes that are no message, or one beyond the bounds; `status` is what a server answers to it."""

    def __init__(self, reason: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = int(status)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A whole request; `target` is the path with its query, or an authority for CONNECT."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        return _header(self.headers, name)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response."""

    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        return _header(self.headers, name)


def _header(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def request_bytes(request: HttpRequest, host: str) -> bytes:
    """The request on the wire, with `Host`, `Content-Length` and `Connection` added where they lack.

    Raises:
        HttpError: A part of it cannot stand in HTTP, such as a line break in a header.
    """
    lacking = [("Host", host)]
    if request.body or request.method in _WITH_BODY:
        lacking.append(("Content-Length", str(len(request.body))))
    connection = h11.Connection(h11.CLIENT)
    try:
        headers = _completed(request.headers, lacking)
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        return _sent(connection, head, request.body)
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise HttpError(f"a request that HTTP cannot carry: {error}") from error


def response_bytes(response: HttpResponse) -> bytes:
    """The response on the wire, with `Content-Length` and `Connection` added where they lack.

    Raises:
        HttpError: A part of it cannot stand in HTTP.
    """
    lacking = [] if response.status in _BODILESS else [("Content-Length", str(len(response.body)))]
    connection = h11.Connection(h11.SERVER)
    try:
        headers = _completed(response.headers, lacking)
        head = h11.Response(status_code=response.status, headers=headers, reason=_phrase(response.status))
        return _sent(connection, head, response.body)
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        raise HttpError(f"a response that HTTP cannot carry: {error}", status) from error


def _completed(headers: Headers, lacking: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    ours = [pair for pair in [*lacking, ("Connection", "close")] if pair[0].lower() not in given]
    whole = [*headers, *ours]
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in whole]


def _sent(connection: h11.Connection, head: h11.Request | h11.Response, body: bytes) -> bytes:
    written = [connection.send(head)]
    if body:
        written.append(connection.send(h11.Data(data=body)))
    written.append(connection.send(h11.EndOfMessage()))
    return b"".join(part for part in written if part)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"


M = TypeVar("M", HttpRequest, HttpResponse)


class _Parser(Generic[M]):
    """Collects one message; `rest` is what came after it, for a protocol that goes on from there."""

    def __init__(self, connection: h11.Connection, largest_body: int) -> None:
        self._connection = connection
        self._largest_body = largest_body
        self._head: M | None = None
        self._body = bytearray()
        self._done = False

    @property
    def rest(self) -> bytes:
        """The bytes after the message."""
        return bytes(self._connection.trailing_data[0]) if self._done else b""

    def feed(self, data: bytes) -> M | None:
        """Take what arrived, b"" for the end of the stream; the message, once, when it is whole.

        Raises:
            HttpError: It is no HTTP, it is beyond the bounds, or the stream ended within it.
        """
        try:
            self._connection.receive_data(data)
            return None if self._done else self._collected()
        except h11.RemoteProtocolError as error:
            reason = str(error) if data else "the connection ended before the message was whole"
            raise HttpError(reason, error.error_status_hint) from error
        except RuntimeError as error:  # h11's answer to data after the end of the stream
            raise HttpError(str(error)) from error

    def _collected(self) -> M | None:
        while True:
            match self._connection.next_event():
                case h11.Request() | h11.Response() | h11.InformationalResponse() as head:
                    self._head = self._begun(head)
                    if self._head is not None and isinstance(head, h11.InformationalResponse):
                        return self._whole()
                case h11.Data(data=data):
                    self._take(data)
                case h11.EndOfMessage():
                    return self._whole()
                case h11.ConnectionClosed():
                    raise HttpError("the connection ended before a message began")
                case _:  # it needs more data
                    return None

    def _take(self, data: bytes) -> None:
        if len(self._body) + len(data) > self._largest_body:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise HttpError(f"a body of more than {self._largest_body:,} bytes", status)
        self._body += data

    def _begun(self, head: h11.Request | h11.Response | h11.InformationalResponse) -> M | None:
        raise NotImplementedError

    def _ended(self, head: M, body: bytes) -> M:
        raise NotImplementedError

    def _whole(self) -> M:
        assert self._head is not None, "h11 gives the head of a message before its end"
        self._done = True
        return self._ended(self._head, bytes(self._body))


class RequestParser(_Parser[HttpRequest]):
    """Reads one request, as a server does."""

    def __init__(self, largest_body: int = LARGEST_BODY) -> None:
        super().__init__(h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD), largest_body)

    def go_ahead(self) -> bytes:
        """What a client awaits before it sends its body (`Expect: 100-continue`); b"" if nothing."""
        if not self._connection.they_are_waiting_for_100_continue:
            return b""
        return (
            self._connection.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
            or b""
        )

    def _begun(self, head: h11.Request | h11.Response | h11.InformationalResponse) -> HttpRequest | None:
        assert isinstance(head, h11.Request)
        # latin-1 gives every byte a character: what stands there is the business of whoever reads it.
        return HttpRequest(head.method.decode("ascii"), head.target.decode("latin-1"), _headers(head))

    def _ended(self, head: HttpRequest, body: bytes) -> HttpRequest:
        return HttpRequest(head.method, head.target, head.headers, body)


class ResponseParser(_Parser[HttpResponse]):
    """Reads the response to one request of `method`, as a client does; a 100 is passed over."""

    def __init__(self, method: str = "GET", largest_body: int = LARGEST_BODY) -> None:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        # h11 must know what was asked: no body follows HEAD, and 101 is an answer only to an upgrade.
        asked = [("Host", "x"), ("Upgrade", "any"), ("Connection", "upgrade")]
        connection.send(h11.Request(method=method, target="/", headers=asked))
        connection.send(h11.EndOfMessage())
        super().__init__(connection, largest_body)

    def _begun(self, head: h11.Request | h11.Response | h11.InformationalResponse) -> HttpResponse | None:
        assert not isinstance(head, h11.Request)
        if isinstance(head, h11.InformationalResponse) and head.status_code != _SWITCHING:
            return None
        return HttpResponse(head.status_code, _headers(head))

    def _ended(self, head: HttpResponse, body: bytes) -> HttpResponse:
        return HttpResponse(head.status, head.headers, body)


def _headers(head: h11.Request | h11.Response | h11.InformationalResponse) -> Headers:
    return tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers)
