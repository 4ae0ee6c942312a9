"""Twilio's end of a one-way stream, `<Start><Stream>`, without I/O: the bot listens and says nothing.

Facts: Twilio docs, "TwiML Voice: Stream" and error page 31924. No marks, no keys; tracks as asked for. Of
two tracks, `chunk` and `sequenceNumber` are common and the frames of one instant have one timestamp, as the
pair of examples in "Media Streams - WebSocket Messages" suggests. What Twilio itself says is not synthesised,
so the outbound track is silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from turnspec.adapters.twilio.excerpts import excerpt
from turnspec.adapters.twilio.messages import Connected, Start, Stop
from turnspec.adapters.twilio.twiml import Track
from turnspec.adapters.twilio.wire import encode, media_frame
from turnspec.call import MULAW_8K
from turnspec.call.events import ProtocolFault

SILENCE: Final = b"\xff"
TRACKS: Final[Mapping[Track, tuple[str, ...]]] = {
    "inbound_track": ("inbound",),
    "outbound_track": ("outbound",),
    "both_tracks": ("outbound", "inbound"),
}


class OneWayEnd:
    """One stream that a bot only listens to."""

    def __init__(
        self,
        account_sid: str,
        call_sid: str,
        stream_sid: str,
        track: Track,
        parameters: Mapping[str, str],
        timestamp_offset_ms: int,
    ) -> None:
        self.account_sid = account_sid
        self.call_sid = call_sid
        self.stream_sid = stream_sid
        self._tracks = TRACKS[track]
        self._parameters = dict(parameters)
        self._sequence = 0
        self._chunk = 0
        self._played_us = timestamp_offset_ms * 1000

    def opening(self) -> tuple[str, str]:
        """The first two frames: `connected` and `start`."""
        ids = (self.stream_sid, self.account_sid, self.call_sid)
        start = Start(self._next(), *ids, tracks=tuple(sorted(self._tracks)), parameters=self._parameters)
        return encode(Connected()), encode(start)

    def media(self, frame: bytes) -> list[str]:
        """The next stretch of the caller, one frame a track."""
        timestamp_ms = self._played_us // 1000
        self._played_us += MULAW_8K.duration_us(len(frame))
        return [self._media(track, timestamp_ms, frame) for track in self._tracks]

    def stop(self) -> str:
        """The stream ends."""
        return encode(Stop(self._next(), self.stream_sid, self.account_sid, self.call_sid))

    def receive(self, frame: str | bytes, at_us: int) -> ProtocolFault:
        """What it means that the bot sent something: nothing may be sent."""
        detail = "something was sent on a one-way stream (<Start>), which carries nothing to the caller"
        return ProtocolFault(at_us=at_us, rule="one-way-send", detail=detail, frame=excerpt(frame))

    def _media(self, track: str, timestamp_ms: int, frame: bytes) -> str:
        self._chunk += 1
        payload = frame if track == "inbound" else SILENCE * len(frame)
        return media_frame(self._next(), self.stream_sid, self._chunk, timestamp_ms, payload, track)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence
