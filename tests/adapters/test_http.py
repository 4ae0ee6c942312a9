"""HTTP messages as values: literal bytes both ways, bounds, and any bytes at all."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from turnspec.adapters.http import (
    LARGEST_HEAD,
    HttpError,
    HttpRequest,
    HttpResponse,
    RequestParser,
    ResponseParser,
    request_bytes,
    response_bytes,
)

POST = b"POST /voice?a=1 HTTP/1.1\r\nHost: h.example\r\nContent-Length: 9\r\n\r\nCallSid=1"


def test_a_request_is_read_whole() -> None:
    """Method, target, headers and body of a request stand in its value."""
    request = RequestParser().feed(POST)

    headers = (("host", "h.example"), ("content-length", "9"))
    assert HttpRequest("POST", "/voice?a=1", headers, b"CallSid=1") == request


def test_a_request_is_read_byte_by_byte() -> None:
    """However a request is cut on the wire, it is the same one, given once and at its last byte."""
    parser = RequestParser()
    answers = [parser.feed(POST[at : at + 1]) for at in range(len(POST))]

    assert [None] * (len(POST) - 1) == answers[:-1]
    assert RequestParser().feed(POST) == answers[-1]


def test_bytes_after_a_message_are_kept() -> None:
    """What follows a request stays readable, and does not make it come twice."""
    parser = RequestParser()

    request = parser.feed(b"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example\r\n\r\n\x16\x03")
    assert request is not None
    assert request.target == "api.example:443"
    assert parser.feed(b"\x01") is None
    assert parser.rest == b"\x16\x03\x01"


def test_a_request_is_written() -> None:
    """What a request lacks is added to it: host, length, and the end of the connection."""
    written = request_bytes(HttpRequest("POST", "/a", (("X-A", "1"),), b"b=2"), "127.0.0.1:80")

    head, body = written.split(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /a HTTP/1.1",
        b"Host: 127.0.0.1:80",
        b"X-A: 1",
        b"Content-Length: 3",
        b"Connection: close",
    ]
    assert body == b"b=2"


def test_headers_that_were_given_are_not_added_again() -> None:
    """A connection that is to stay open stays open, and a host that was given is the host."""
    headers = (("host", "other"), ("connection", "keep-alive"))

    assert request_bytes(HttpRequest("GET", "/", headers), "ours") == (
        b"GET / HTTP/1.1\r\nhost: other\r\nconnection: keep-alive\r\n\r\n"
    )


def test_a_response_is_written() -> None:
    """A response carries its phrase, its length, and the end of the connection."""
    assert response_bytes(HttpResponse(404, (), b"no")) == (
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    )
    assert response_bytes(HttpResponse(204)) == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def test_a_response_with_a_length_is_read() -> None:
    """A response is whole at its length; a 100 before it is passed over."""
    parser = ResponseParser("POST")

    assert parser.feed(b"HTTP/1.1 100 Continue\r\n\r\n") is None
    response = parser.feed(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>")
    assert response is not None
    assert (response.status, response.header("content-TYPE"), response.body) == (200, "text/xml", b"<a/>")


def test_a_response_in_chunks_is_read() -> None:
    """Chunks are put together."""
    response = ResponseParser().feed(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )

    assert response is not None
    assert response.body == b"abcde"


def test_a_response_without_a_length_ends_with_the_stream() -> None:
    """Where nothing tells the length, the end of the stream does."""
    parser = ResponseParser()

    assert parser.feed(b"HTTP/1.0 200 OK\r\n\r\nabc") is None
    response = parser.feed(b"")
    assert response is not None
    assert response.body == b"abc"


def test_an_upgrade_is_a_response_with_a_rest() -> None:
    """101 ends the HTTP of a connection; what follows is another protocol's."""
    parser = ResponseParser()

    response = parser.feed(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: any\r\n\r\n\x81\x00")
    assert response is not None
    assert (response.status, parser.rest) == (101, b"\x81\x00")


def test_no_body_follows_the_response_to_a_head() -> None:
    """The length of a response to HEAD announces no body."""
    response = ResponseParser("HEAD").feed(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")

    assert response is not None
    assert response.body == b""


def test_a_client_that_waits_is_told_to_go_on() -> None:
    """Once, where it waits before sending the body, and not otherwise."""
    head, body = POST.split(b"\r\n\r\n")
    parser = RequestParser()

    assert parser.feed(head + b"\r\nExpect: 100-continue\r\n\r\n") is None
    assert [parser.go_ahead(), parser.go_ahead()] == [b"HTTP/1.1 100 Continue\r\n\r\n", b""]
    request = parser.feed(body)
    assert request is not None
    assert request.body == body
    other = RequestParser()
    assert other.feed(head + b"\r\n\r\n") is None
    assert other.go_ahead() == b""


def test_a_body_beyond_the_bound_is_refused() -> None:
    """A body is bounded whether or not its length was announced."""
    with pytest.raises(HttpError, match="more than 8 bytes") as announced:
        RequestParser(8).feed(POST)
    with pytest.raises(HttpError, match="more than 4 bytes"):
        ResponseParser(largest_body=4).feed(b"HTTP/1.0 200 OK\r\n\r\nabcde")
    assert announced.value.status == 413


def test_a_head_beyond_the_bound_is_refused() -> None:
    """Headers without an end are not collected for ever."""
    parser = RequestParser()
    parser.feed(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")

    with pytest.raises(HttpError) as refused:
        parser.feed(b"a" * (LARGEST_HEAD + 1))
    assert refused.value.status == 431


@pytest.mark.parametrize(
    "arrived",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: h",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_stream_that_ends_early_is_an_error(arrived: bytes) -> None:
    """Half a message is none."""
    parser = RequestParser()
    if arrived:
        assert parser.feed(arrived) is None

    with pytest.raises(HttpError):
        parser.feed(b"")


def test_what_is_not_http_is_an_error() -> None:
    """Bytes that are no HTTP say so at once, and the parser stays refused."""
    parser = RequestParser()

    for _ in range(2):
        with pytest.raises(HttpError):
            parser.feed(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")


@pytest.mark.parametrize("value", ["a\r\nX-Other: 1", "☎"], ids=["line break", "beyond latin-1"])
def test_a_header_cannot_smuggle(value: str) -> None:
    """A value that HTTP cannot carry is refused on writing, in requests and in responses."""
    with pytest.raises(HttpError, match="cannot carry"):
        request_bytes(HttpRequest("GET", "/", (("X-A", value),)), "h")
    with pytest.raises(HttpError, match="cannot carry"):
        response_bytes(HttpResponse(200, (("X-A", value),)))


TOKENS = st.text("abcXYZ-123", min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.lists(st.tuples(TOKENS, VALUES), max_size=4),
    st.binary(max_size=200),
    st.data(),
)
def test_written_requests_are_read_back(
    method: str, headers: list[tuple[str, str]], body: bytes, data: st.DataObject
) -> None:
    """Any request comes back as it was written, however its bytes are cut."""
    wire = request_bytes(HttpRequest(method, "/p?q=1", tuple(headers), body), "h")
    cuts = sorted(data.draw(st.sets(st.integers(1, len(wire) - 1), max_size=5)))
    parser = RequestParser()
    pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    answers = [parser.feed(piece) for piece in pieces]

    request = answers[-1]
    assert [None] * len(cuts) == answers[:-1]
    assert request is not None
    assert (method, "/p?q=1", body) == (request.method, request.target, request.body)
    assert [(name.lower(), value) for name, value in headers] == list(request.headers[1 : 1 + len(headers)])


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [b"\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n", b"Host: h\r\n", b"Content-Length: 5\r\n"]
        ),
        st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 101 x\r\n", b"Transfer-Encoding: chunked\r\n"]),
    ),
    max_size=12,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(PIECES, st.sampled_from([RequestParser, ResponseParser]))
def test_any_bytes_are_a_message_or_an_error(
    pieces: list[bytes], make: type[RequestParser] | type[ResponseParser]
) -> None:
    """Whatever arrives, in whatever pieces: at most one message, or an HttpError, and nothing else."""
    parser = make()
    status = HTTPStatus.BAD_REQUEST.value
    found = 0
    try:
        for piece in pieces:
            found += parser.feed(piece) is not None
    except HttpError as error:
        status = error.status
    assert found <= 1
    assert 400 <= status < 600
