"""The socket under a Realtime call: `websockets` dressed as the official SDK's connection.

Compression off, a bearer key, no beta header (OpenAI's GA API refuses it).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from turnspec.adapters.base import Dial, LineRefused, NothingListens, Witness
from turnspec.adapters.faults.shell import make_faulty
from turnspec.adapters.realtime.client import RealtimeClient
from turnspec.adapters.realtime.closing import HUNG_UP, NO_CLOSE_FRAME, explained
from turnspec.adapters.realtime.faults import DIALECT
from turnspec.adapters.realtime.options import RealtimeOptions
from turnspec.adapters.realtime.replies import Reaction
from turnspec.adapters.realtime.wire.elide import elided
from turnspec.adapters.upgrade_shell import upgrading
from turnspec.call.events import AgentHungUp, Event, LineBroke, ProtocolFault, Side

LARGEST_MESSAGE: Final = 32 * 1024 * 1024  # finite; the SDK itself sets no limit
CLOSE_TIMEOUT_S: Final = 2.0
MICROSECONDS: Final = 1_000_000
LOCAL_KEY: Final = "local"  # what a server that wants a key gets where the target has none
NAMES_MODEL: Final = frozenset({"model", "call_id", "deployment"})  # the last one is Azure's
BETA_HEADER: Final = {"OpenAI-Beta": "realtime=v1"}
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SCHEMES: Final = {"http": "ws", "https": "wss"}


class RealtimeCall:
    """A session that is up. Sending on a closed one does nothing."""

    def __init__(self, connection: ClientConnection, client: RealtimeClient, witness: Witness) -> None:
        self._connection, self._client, self._witness = connection, client, witness
        self._hung_up = False
        self._early: list[Event] = []  # what happened before the session was there

    @property
    def backlog(self) -> int:
        """Bytes that the peer's socket has not taken yet."""
        return self._connection.transport.get_write_buffer_size()

    async def await_up(self) -> None:
        """Take frames until the session is there, and report what happened meanwhile.

        Raises:
            LineRefused: The server closed instead; `error` events that it sent say why.
        """
        try:
            while not self._client.is_up:
                self._arrived(await self._connection.recv())
        except ConnectionClosed as closed:
            code, reason = _close_of(closed)
            said = [event.detail for event in self._early if isinstance(event, ProtocolFault)]
            raise LineRefused(explained(code, "; ".join(said) or reason), code) from closed

    async def listen(self) -> None:
        """Report what the server sends until it, the line or `hang_up` ends the session."""
        try:
            while True:
                self._arrived(await self._connection.recv())
        except ConnectionClosed as closed:
            self._closed(closed)

    def send_audio(self, frame: bytes) -> None:
        """Append the next 20 ms of the caller, where the server is to hear them."""
        if (event := self._client.send_audio(frame)) is not None:
            self._send(event)

    def caller_began(self) -> None:
        """The caller's turn begins with the next frame."""
        self._react(self._client.caller_began(self._witness.now_us()))

    def caller_finished(self) -> None:
        """The caller has done all that it does in its turn."""
        self._react(self._client.caller_finished())

    def send_digit(self, digit: str) -> None:
        """Refused: the API carries no keys over a WebSocket."""
        raise NotImplementedError("the Realtime API carries no keys: the compiler refuses such a step")

    def send_text(self, text: str) -> None:
        """Say something in text, and ask for the reply."""
        self._react(self._client.send_text(text))

    def send_message(self, document: Mapping[str, Any]) -> None:
        """Send a client event as it is written."""
        self._react(self._client.send_message(document, self._witness.now_us()))

    def request_reply(self) -> None:
        """Ask for a reply that nothing prompted."""
        self._react(self._client.request_reply())

    def return_function(self, call_id: str, output: str) -> None:
        """Give back the output of one function call."""
        if self._is_open:
            self._react(self._client.return_function(call_id, output, self._witness.now_us()))

    def mark_reached(self, name: str) -> None:
        """Nothing: the API has no marks."""

    def playback_flushed(self, stream: str, heard_us: int) -> None:
        """Truncate the item that was cut to what was heard of it."""
        self._react(self._client.playback_flushed(stream, heard_us, self._witness.now_us()))

    def played_out(self) -> None:
        """Nothing: the API does not ask what the user has heard."""

    async def hang_up(self) -> None:
        """Close the session; safe to call twice."""
        self._hung_up = True
        await self._connection.close()

    @property
    def _is_open(self) -> bool:
        return self._connection.state is State.OPEN

    def _send(self, frame: str) -> None:
        if self._is_open:
            self._witness.frame(Side.LINE, "out", elided(frame))
            broadcast([self._connection], frame)  # the library's one way of writing without waiting

    def _arrived(self, frame: str | bytes) -> None:
        self._witness.frame(Side.LINE, "in", elided(frame))
        self._react(self._client.receive(frame, self._witness.now_us()))

    def _react(self, reaction: Reaction) -> None:
        for frame in reaction.frames:
            self._send(frame)
        self._early += reaction.events
        if self._client.is_up:
            events, self._early = self._early, []
            for event in events:
                self._witness.happened(event)

    def _closed(self, closed: ConnectionClosed) -> None:
        at_us = self._witness.now_us()
        server_first = closed.rcvd is not None and closed.rcvd_then_sent is not False
        if self._hung_up and not server_first:
            return
        code, reason = _close_of(closed)
        if server_first and code == HUNG_UP:
            self._witness.happened(AgentHungUp(at_us=at_us, reason=reason))
        else:
            self._witness.happened(LineBroke(at_us=at_us, reason=explained(code, reason), code=code))


def _close_of(closed: ConnectionClosed) -> tuple[int, str]:
    return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (NO_CLOSE_FRAME, "")


async def dial(request: Dial) -> RealtimeCall:
    """Open a session; it is up once the server said `session.created`.

    Raises:
        LineRefused: The server answered and declined.
        NothingListens: No connection, or no session within `request.timeout_us`.
    """
    options = RealtimeOptions.model_validate(request.options)
    try:
        url = address(request.url, options.model)
    except ValueError as error:
        raise NothingListens(f"{request.url!r} is not the address of a WebSocket") from error
    try:
        async with asyncio.timeout(request.timeout_us / MICROSECONDS):
            connection = await _connected(url, request)
            make_faulty(connection, request.faults, DIALECT, request.witness, Side.LINE)
            return await _up(connection, options, request)
    except TimeoutError as error:
        waited = request.timeout_us / MICROSECONDS
        raise NothingListens(f"no session from {url} within {waited:g} s") from error


async def _up(connection: ClientConnection, options: RealtimeOptions, request: Dial) -> RealtimeCall:
    client = RealtimeClient(options, request.functions)
    call = RealtimeCall(connection, client, request.witness)
    try:
        await call.await_up()
    finally:
        if not client.is_up:
            connection.transport.abort()
    return call


async def _connected(url: str, request: Dial) -> ClientConnection:
    if unknown := sorted(set(request.auth) - {"bearer"}):
        raise NothingListens(f"auth: {', '.join(unknown)} is not Realtime's: write bearer")
    with upgrading(url):
        return await connect(
            url,
            additional_headers=headers(request),
            compression=None,
            # A proxy of the environment would catch calls to this very machine.
            proxy=None if urlsplit(url).hostname in _LOOPBACK else True,
            open_timeout=None,  # `dial` limits the whole of it
            ping_interval=None,  # the server pings; answering is the library's
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LARGEST_MESSAGE,
        )


def headers(request: Dial) -> dict[str, str]:
    """The headers of the upgrade: those that were given, and a bearer key where none of them is one."""
    given = dict(request.headers)
    if RealtimeOptions.model_validate(request.options).dialect == "beta":
        given = {**BETA_HEADER, **given}
    bearer = request.auth.get("bearer")
    keyed = {"authorization", "api-key"} & {name.casefold() for name in given}  # `api-key`: Azure
    if bearer is None and keyed:
        return given
    return {
        **{name: value for name, value in given.items() if name.casefold() != "authorization"},
        "Authorization": f"Bearer {bearer or LOCAL_KEY}",
    }


def address(url: str, model: str) -> str:
    """The WebSocket's address: a base URL is completed as the official SDK does it.

    `/realtime` is added where it lacks, and `model=` where the query names none; http becomes ws.
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if path.rpartition("/")[2] != "realtime":
        path += "/realtime"
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not any(name in NAMES_MODEL for name, _ in query):
        query.append(("model", model))
    scheme = _SCHEMES.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))
