"""A bot's end of a media stream, without I/O: what arrives from Twilio, and frames to answer with."""

from __future__ import annotations

from turnspec.adapters.twilio.messages import BotClear, BotMark, BotMedia, Decoded, Start
from turnspec.adapters.twilio.wire import decode_platform, encode, encode_bot_media


class BotEnd:
    """One stream, seen from the bot. It can send once `start` has named the stream."""

    def __init__(self) -> None:
        self.started: Start | None = None

    def receive(self, frame: str | bytes) -> Decoded:
        """What a frame of the platform says, and what is wrong with it."""
        decoded = decode_platform(frame, self.started.stream_sid if self.started else None)
        if isinstance(decoded.message, Start) and self.started is None:
            self.started = decoded.message
        return decoded

    def media(self, payload: bytes) -> str:
        """Audio for the caller, mu-law at 8 kHz."""
        return encode_bot_media(BotMedia(self._stream_sid, payload))

    def mark(self, name: str) -> str:
        """Ask for this name back once everything before it has played."""
        return encode(BotMark(self._stream_sid, name))

    def clear(self) -> str:
        """Drop what has not played."""
        return encode(BotClear(self._stream_sid))

    @property
    def _stream_sid(self) -> str:
        if self.started is None:
            raise RuntimeError("a bot cannot send before `start` has told it the stream's id")
        return self.started.stream_sid
