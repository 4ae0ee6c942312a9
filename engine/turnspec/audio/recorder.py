"""The recording of a call: the caller as sent on the left, the agent as heard on the right."""

from __future__ import annotations

from turnspec.audio.playback import PlaybackClock
from turnspec.audio.samples import Samples, Tape, position_at, track_of
from turnspec.call.evidence import Track


class Recorder:
    """Both sides of one call on one time axis, from microsecond 0 of the call."""

    def __init__(self, playback: PlaybackClock) -> None:
        self._playback = playback
        self.rate_hz = playback.rate_hz
        self._caller = Tape()

    def put_caller(self, at_us: int, samples: Samples) -> None:
        """Keep what the caller sent at `at_us`, at the playback clock's rate; silence need not be put."""
        self._caller.put(position_at(at_us, self.rate_hz), samples)

    def between(self, from_us: int, to_us: int) -> tuple[Samples, Samples]:
        """The caller and the agent in a stretch that is over."""
        start, end = position_at(from_us, self.rate_hz), position_at(to_us, self.rate_hz)
        return self._caller.read(start, end), self._playback.heard(from_us, to_us)

    def tracks(self, end_us: int) -> tuple[Track, Track]:
        """The caller and the agent, each exactly `end_us` long."""
        caller, agent = self.between(0, end_us)
        return track_of(caller, self.rate_hz), track_of(agent, self.rate_hz)

    def unheard(self, end_us: int) -> bool:
        """Whether audio came that had not been played when the call ended."""
        return self._playback.playing(end_us)
