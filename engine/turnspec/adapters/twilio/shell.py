"""The socket under a Twilio call: one stream that is up."""

from __future__ import annotations

from typing import Final

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from turnspec.adapters.base import Dial, Witness
from turnspec.adapters.faults.shell import make_faulty
from turnspec.adapters.text_shell import TextClient
from turnspec.adapters.twilio.caller import CallerEnd, agent_audio
from turnspec.adapters.twilio.excerpts import elided, excerpt
from turnspec.adapters.twilio.faults import DIALECT
from turnspec.adapters.twilio.ids import ACCOUNT_SID
from turnspec.adapters.twilio.options import TwilioOptions
from turnspec.adapters.twilio.upgrade_shell import auth_token, upgrade_headers, upgraded
from turnspec.call.events import CallUp, LineBroke, ProtocolFault, Side

NO_CLOSE_FRAME: Final = 1006
OPEN: Final = State.OPEN


class TwilioCall:
    """A stream that is up. Sending on a closed one does nothing."""

    def __init__(self, connection: TextClient, end: CallerEnd, witness: Witness) -> None:
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
            await self._connection.listen(self._arrived)
        except ConnectionClosed as closed:
            self._closed(closed)

    def send_audio(self, frame: bytes) -> None:
        """Send the next 20 ms of the caller, mu-law at 8 kHz."""
        if self._is_open:
            begin, written, end = self._end.media_in_parts(frame)
            shown = f"{begin}<{len(written)} base64 characters>{end}"  # as `elided` shows it
            self._witness.frame(Side.LINE, "out", shown)
            self._connection.write_text(f"{begin}{written}{end}")

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
        return self._connection.protocol.state is OPEN

    def _send(self, frame: str) -> None:
        self._witness.frame(Side.LINE, "out", elided(frame))
        self._connection.write_text(frame)

    def _arrived(self, frame: str | bytes) -> None:
        usual = self._end.usual_audio(frame)
        if usual is not None:
            payload, shown = usual
            self._witness.frame(Side.LINE, "in", shown)
            self._witness.happened(agent_audio(payload, self._witness.now_us()))
            return
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


async def dial(request: Dial) -> TwilioCall:
    """Open a stream as Twilio does and send `connected` and `start`.

    Raises:
        LineRefused: The agent's side answered and declined.
        NothingListens: No connection, or no answer within `request.timeout_us`.
    """
    options = TwilioOptions.model_validate(request.options)
    token, signed_url = auth_token(request), options.signed_url or request.url
    headers = upgrade_headers(request.headers, options.signature, token, signed_url)
    connection = await upgraded(request.url, headers, request.timeout_us)
    make_faulty(connection, request.faults, DIALECT, request.witness, Side.LINE)
    end = CallerEnd(
        request.identity,
        options.parameters,
        options.timestamp_offset.us // 1000,
        account_sid=options.account_sid or ACCOUNT_SID,
    )
    call = TwilioCall(connection, end, request.witness)
    call.open()
    return call
