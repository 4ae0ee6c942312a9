"""The socket under a Twilio call: `websockets` dressed as Twilio's own client.

Headers of the upgrade are those of a live call that someone captured in May 2026: user agent
`Twilio.TmeWs/1.0`, no origin, no subprotocol, no extensions, so no compression.
"""

from __future__ import annotations

import ssl
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.protocol import State

from turnspec.adapters.base import Dial, LineRefused, NothingListens, Witness
from turnspec.adapters.reasons import system_reason
from turnspec.adapters.twilio.caller import CallerEnd
from turnspec.adapters.twilio.excerpts import elided, excerpt
from turnspec.adapters.twilio.options import TwilioOptions
from turnspec.adapters.twilio.signature import signature, upgrade_url
from turnspec.call.events import CallUp, LineBroke, ProtocolFault, Side

USER_AGENT: Final = "Twilio.TmeWs/1.0"
LARGEST_MESSAGE: Final = 16 * 1024 * 1024  # undocumented; beyond any sane reply, and finite
CLOSE_TIMEOUT_S: Final = 2.0
NO_CLOSE_FRAME: Final = 1006


class TwilioCall:
    """A stream that is up. Sending on a closed one does nothing."""

    def __init__(self, connection: ClientConnection, end: CallerEnd, witness: Witness) -> None:
        self._connection = connection
        self._end = end
        self._witness = witness
        self._hung_up = False

    @property
    def backlog(self) -> int:
        """Bytes that the peer's socket has not taken yet."""
        return self._connection.transport.get_write_buffer_size()

    def open(self) -> None:
        """Send what opens the stream; from then on the call is up."""
        for frame in self._end.opening():
            self._send(frame)
        self._witness.happened(CallUp(at_us=self._witness.now_us()))

    async def listen(self) -> None:
        """Report what the bot sends until it, the line or `hang_up` ends the stream."""
        try:
            while True:
                self._arrived(await self._connection.recv())
        except ConnectionClosed as closed:
            self._closed(closed)

    def send_audio(self, frame: bytes) -> None:
        """Send the next 20 ms of the caller, mu-law at 8 kHz."""
        if self._is_open:
            self._send(self._end.media(frame))

    def send_digit(self, digit: str) -> None:
        """Press one key."""
        if self._is_open:
            self._send(self._end.dtmf(digit))

    def send_text(self, text: str) -> None:  # the signature is the protocol's
        """Refused: a telephone carries no text."""
        raise NotImplementedError("a Twilio media stream carries no text: the compiler refuses such a step")

    def request_reply(self) -> None:
        """Refused: the wire has no such word."""
        raise NotImplementedError("a Twilio media stream cannot ask for a reply")

    def return_function(self, call_id: str, output: str) -> None:  # the protocol's signature
        """Refused: the wire has no function calls."""
        raise NotImplementedError("a Twilio media stream carries no function calls")

    def mark_reached(self, name: str) -> None:
        """Send the bot's mark back: all before it was played or cleared."""
        if self._is_open:
            self._send(self._end.mark(name))

    def playback_flushed(self, stream: str, heard_us: int) -> None:
        """Nothing: Twilio does not tell a bot how much was heard, it only returns the marks."""

    def played_out(self) -> None:
        """Nothing: Twilio returns the marks that were asked for, and says no more."""

    async def hang_up(self) -> None:
        """Send `stop`, then close the WebSocket with code 1000."""
        if self._is_open and not self._hung_up:
            self._hung_up = True
            self._send(self._end.stop())
        await self._connection.close()

    @property
    def _is_open(self) -> bool:
        return self._connection.state is State.OPEN

    def _send(self, frame: str) -> None:
        self._witness.frame(Side.LINE, "out", elided(frame))
        broadcast([self._connection], frame)  # the library's one way of writing without waiting

    def _arrived(self, frame: str | bytes) -> None:
        shown = elided(frame) if isinstance(frame, str) else f"<{len(frame)} bytes: {excerpt(frame)}>"
        self._witness.frame(Side.LINE, "in", shown)
        for event in self._end.receive(frame, self._witness.now_us()):
            self._witness.happened(event)

    def _closed(self, closed: ConnectionClosed) -> None:
        at_us = self._witness.now_us()
        agent_first = closed.rcvd is not None and closed.rcvd_then_sent is not False
        if agent_first and closed.rcvd is not None:
            self._witness.happened(self._end.closed(closed.rcvd.code, closed.rcvd.reason, at_us))
        elif self._hung_up:
            return
        elif closed.sent is not None:
            self._malformed(closed.sent.code, closed.sent.reason, at_us)
        else:
            self._witness.happened(self._end.closed(NO_CLOSE_FRAME, "", at_us))

    def _malformed(self, code: int, reason: str, at_us: int) -> None:
        # Only the library closes unasked, when a frame breaks the WebSocket protocol itself
        # (Twilio docs: error 31924, malformed frame).
        detail = f"the WebSocket itself was broken: {reason or f'code {code}'}"
        self._witness.happened(ProtocolFault(at_us=at_us, rule="malformed-frame", detail=detail, fatal=True))
        self._witness.happened(LineBroke(at_us=at_us, reason=detail, code=code))


class _Twilio(connect):
    """A client that takes a redirect as a refusal: Twilio follows none (error 31920)."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(request: Dial) -> TwilioCall:
    """Open a stream as Twilio does and send `connected` and `start`.

    Raises:
        LineRefused: The agent's side answered and declined.
        NothingListens: No connection, or no answer within `request.timeout_us`.
    """
    options = TwilioOptions.model_validate(request.options)
    connection = await _connected(request, _headers(request, options))
    if connection.state is not State.OPEN:
        await connection.wait_closed()
        raise LineRefused(f"closed at once: {connection.close_reason or 'no reason'}", connection.close_code)
    offset_ms = options.timestamp_offset.us // 1000
    call = TwilioCall(connection, CallerEnd(request.identity, options.parameters, offset_ms), request.witness)
    call.open()
    return call


def _headers(request: Dial, options: TwilioOptions) -> dict[str, str]:
    headers = {"Accept-Encoding": "gzip", **request.headers}
    if unknown := sorted(set(request.auth) - {"auth_token"}):
        raise NothingListens(f"auth: {', '.join(unknown)} is not Twilio's: write auth_token, which signs")
    if "auth_token" in request.auth:
        url = options.signed_url or upgrade_url(request.url)
        headers["X-Twilio-Signature"] = signature(request.auth["auth_token"], url)
    return headers


async def _connected(request: Dial, headers: dict[str, str]) -> ClientConnection:
    try:
        return await _Twilio(
            request.url,
            user_agent_header=USER_AGENT,
            additional_headers=headers,
            compression=None,
            proxy=None,  # a proxy of the environment would catch calls to this very machine
            open_timeout=request.timeout_us / 1_000_000,
            ping_interval=None,  # not documented for Twilio; answering pings is the library's
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LARGEST_MESSAGE,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise LineRefused(f"the upgrade was answered with HTTP {status}", status) from error
    except InvalidURI as error:
        raise NothingListens(f"{request.url!r} is not the address of a WebSocket") from error
    except (InvalidHandshake, ConnectionClosed) as error:
        raise LineRefused(f"no WebSocket answered: {error}") from error
    except TimeoutError as error:
        waited = request.timeout_us / 1_000_000
        raise NothingListens(f"no answer from {request.url} within {waited:g} s") from error
    except ssl.SSLError as error:
        raise LineRefused(f"its certificate or TLS is not accepted: {error.reason or error}") from error
    except OSError as error:
        raise NothingListens(f"nothing listens at {request.url}: {system_reason(error)}") from error
