"""The agent's audio put onto a playback clock as it arrives, at whatever rate it comes."""

from __future__ import annotations

from turnspec.audio.codecs import decode
from turnspec.audio.playback import Placement, PlaybackClock
from turnspec.audio.resample import StreamResampler
from turnspec.call import AudioFormat
from turnspec.call.events import AgentAudio


class Arrivals:
    """Queues audio; streams of another rate are resampled, each by itself."""

    def __init__(self, playback: PlaybackClock) -> None:
        self._playback = playback
        self._resamplers: dict[tuple[str, int], StreamResampler] = {}

    def place(self, audio: AgentAudio) -> Placement:
        """Queue audio that has arrived; says when it plays, if nothing flushes it."""
        playback, format_ = self._playback, audio.format
        if format_.rate_hz == playback.rate_hz:
            return playback.enqueue_coded(audio.at_us, audio.data, format_, audio.stream)
        samples = self._resampler(audio.stream, format_).feed(decode(audio.data, format_))
        return playback.enqueue(audio.at_us, samples, audio.stream)

    def _resampler(self, stream: str, format_: AudioFormat) -> StreamResampler:
        key = (stream, format_.rate_hz)
        if key not in self._resamplers:
            self._resamplers[key] = StreamResampler(format_.rate_hz, self._playback.rate_hz)
        return self._resamplers[key]

    def finish(self, stream: str, at_us: int) -> bool:
        """Queue what a resampler holds back of a stream that has come to its end; whether there was any."""
        kept = [self._resamplers.pop(key).finish() for key in [*self._resamplers] if key[0] == stream]
        for samples in kept:
            if len(samples):
                self._playback.enqueue(at_us, samples, stream)
        return any(len(samples) for samples in kept)

    def forget(self) -> None:
        """Drop what resamplers hold back: playback was flushed."""
        self._resamplers.clear()
