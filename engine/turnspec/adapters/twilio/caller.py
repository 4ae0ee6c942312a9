"""Twilio's end of a media stream, without I/O: what the platform sends and makes of what arrives.

Theory of operation: the stream opens with `connected` and `start`; then every 20 ms a `media` frame
leaves, silence included. One counter numbers everything after `connected`, a second the media.
Timestamps are media time: they advance by the audio sent, whenever it is sent, and do not start at
0 (a live call of 2019 printed in a public sample starts at 102 ms), which finds bots that assume so.
The playback clock is not here: whoever owns it says when a mark was reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from turnspec.adapters.twilio.ids import ACCOUNT_SID, call_sid, stream_sid
from turnspec.adapters.twilio.messages import (
    BotClear,
    BotMark,
    BotMedia,
    BotMessage,
    Connected,
    Dtmf,
    Mark,
    Start,
    Stop,
)
from turnspec.adapters.twilio.spelling import Spelling
from turnspec.adapters.twilio.wire import around_media, base64, decode_bot, encode
from turnspec.call import MULAW_8K, Identity
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    Event,
    FlushAsked,
    LineBroke,
    MarkSet,
    ProtocolFault,
)

FRAME_BYTE_US: Final = MULAW_8K.duration_us(1)
ORDERLY_CLOSES: Final = frozenset({1000, 1001, 1005})  # normal, going away, no code given


class CallerEnd:
    """One stream of one call, number `stream` in it; its ids are a function of `identity`."""

    def __init__(
        self,
        identity: Identity,
        parameters: Mapping[str, str],
        timestamp_offset_ms: int,
        *,
        account_sid: str = ACCOUNT_SID,
        stream: int = 1,
    ) -> None:
        self.stream_sid = stream_sid(identity, stream)
        self.account_sid = account_sid
        self.call_sid = call_sid(identity)
        self._parameters = dict(parameters)
        self._sequence = 0
        self._chunk = 0
        self._frame, self._written = b"", ""
        self._spelling: Spelling | None = None
        self._played_us = timestamp_offset_ms * 1000

    def opening(self) -> tuple[str, str]:
        """The first two frames: `connected` and `start`."""
        start = Start(
            self._next(), self.stream_sid, self.account_sid, self.call_sid, parameters=self._parameters
        )
        return encode(Connected()), encode(start)

    def media(self, frame: bytes) -> str:
        """The next stretch of the caller, mu-law at 8 kHz."""
        return "".join(self.media_in_parts(frame))

    def media_in_parts(self, frame: bytes) -> tuple[str, str, str]:
        """As `media`: what stands before the audio, the audio, and what stands after it."""
        self._chunk += 1
        self._sequence += 1
        timestamp_ms = self._played_us // 1000
        self._played_us += len(frame) * FRAME_BYTE_US
        if frame is not self._frame:  # silence is one and the same frame again and again
            self._frame, self._written = frame, base64(frame)
        begin, end = around_media(self._sequence, self.stream_sid, self._chunk, timestamp_ms)
        return begin, self._written, end

    def dtmf(self, digit: str) -> str:
        """One key pressed by the caller."""
        return encode(Dtmf(self._next(), self.stream_sid, digit))

    def mark(self, name: str) -> str:
        """What was queued before this mark has played, or was cleared; the wire does not tell which."""
        return encode(Mark(self._next(), self.stream_sid, name))

    def stop(self) -> str:
        """The caller hung up."""
        return encode(Stop(self._next(), self.stream_sid, self.account_sid, self.call_sid))

    def usual_audio(self, frame: str | bytes) -> tuple[bytes, str] | None:
        """The audio of a frame written as one before, and the frame as the wire log shows it; else None."""
        spelling = self._spelling
        payload = spelling.payload(frame) if spelling is not None else None
        if payload is None or spelling is None or not isinstance(frame, str):
            return None
        return payload, spelling.shown(frame)

    def receive(self, frame: str | bytes, at_us: int) -> tuple[Event, ...]:
        """What a frame of the bot means; a wrong one is a fault and otherwise ignored."""
        decoded = decode_bot(frame, self.stream_sid)
        if isinstance(decoded.message, BotMedia) and not decoded.faults:
            self._spelling = Spelling.of(frame, decoded.message.payload)
        faults = (
            ProtocolFault(at_us=at_us, rule=fault.rule, detail=fault.detail, frame=fault.frame)
            for fault in decoded.faults
        )
        match decoded.message:
            case BotMedia() | BotMark() | BotClear() as message:
                return (*faults, _event(message, at_us))
            case _:
                return tuple(faults)

    def closed(self, code: int, reason: str, at_us: int) -> Event:
        """What it means that the bot closed the WebSocket with `code`; 1006: without a close frame."""
        if code in ORDERLY_CLOSES:
            return AgentHungUp(at_us=at_us, reason=reason or f"closed the stream ({code})")
        how = "ended without a close frame" if code == 1006 else f"closed with code {code}"
        return LineBroke(at_us=at_us, reason=f"{how}: {reason}" if reason else how, code=code)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def agent_audio(payload: bytes, at_us: int) -> AgentAudio:
    """Audio of the bot has arrived."""
    return AgentAudio(at_us=at_us, format=MULAW_8K, size=len(payload), data=payload)


def _event(message: BotMessage, at_us: int) -> Event:
    match message:
        case BotMedia(_, payload):
            return agent_audio(payload, at_us)
        case BotMark(_, name):
            return MarkSet(at_us=at_us, name=name)
        case BotClear():
            return FlushAsked(at_us=at_us)
