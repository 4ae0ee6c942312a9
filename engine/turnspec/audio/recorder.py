"""The recording of a call: the caller as sent on the left, the agent as heard on the right."""

from __future__ import annotations

from pathlib import Path

from turnspec.audio.files import write_flac
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.samples import Samples, Tape, position_at, track_of
from turnspec.call.evidence import Track


class Recorder:
    """Both sides of one call on one time axis, from microsecond 0 of the call."""

    def __init__(self, playback: PlaybackClock) -> None:
        self._playback = playback
        self._rate_hz = playback.rate_hz
        self._caller = Tape()

    def put_caller(self, at_us: int, samples: Samples) -> None:
        """Keep what the caller sent at `at_us`, at the playback clock's rate; silence need not be put."""
        self._caller.put(position_at(at_us, self._rate_hz), samples)

    def tracks(self, end_us: int) -> tuple[Track, Track]:
        """The caller and the agent, each exactly `end_us` long."""
        caller = self._caller.read(0, position_at(end_us, self._rate_hz))
        agent = self._playback.heard(0, end_us)
        return track_of(caller, self._rate_hz), track_of(agent, self._rate_hz)

    def save(self, path: Path, end_us: int) -> tuple[Track, Track]:
        """Write the recording as stereo FLAC and return its tracks."""
        caller, agent = self.tracks(end_us)
        write_flac(path, caller, agent)
        return caller, agent
