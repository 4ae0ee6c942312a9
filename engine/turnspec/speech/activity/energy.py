"""Voice activity by energy alone: everything louder than the line's own noise is speech."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from turnspec.audio.activity import ActivityTracker
from turnspec.audio.edges import FRAME_US, MIN_SPEECH_US, Segment, speech_segments
from turnspec.audio.samples import Samples, samples_of, time_of
from turnspec.call.evidence import Track
from turnspec.speech.activity.engine import ActivitySettings

DISTRIBUTION: Final = "turnspec"


class Energy:
    """Takes every sound for speech, and tells where it begins and ends."""

    name = "energy"
    chunk_us = FRAME_US

    def __init__(self, settings: ActivitySettings) -> None:
        self.min_speech_us = MIN_SPEECH_US if settings.min_speech_us is None else settings.min_speech_us

    @property
    def version(self) -> str:
        """That of turnspec, whose own it is."""
        return version(DISTRIBUTION)

    @property
    def settings(self) -> Mapping[str, Any]:
        """What it decides by."""
        return {"min_speech_us": self.min_speech_us}

    def spans(self, track: Track) -> tuple[Segment, ...]:
        """Every sound, with every pause between two."""
        least_us = self.min_speech_us
        return speech_segments(samples_of(track), track.rate_hz, bridge_us=0, min_speech_us=least_us)

    def stream(self, rate_hz: int) -> _Line:
        """The same on a live line."""
        return _Line(ActivityTracker(rate_hz, min_speech_us=self.min_speech_us))


class _Line:
    """Whether somebody spoke at the end of each 10 ms, as far as was noticed then."""

    def __init__(self, tracker: ActivityTracker) -> None:
        self._tracker = tracker
        self._heard = 0

    def feed(self, samples: Samples) -> Sequence[bool]:
        size = self._tracker.rate_hz * FRAME_US // 1_000_000
        said = []
        for at in range(0, len(samples), size):
            chunk = samples[at : at + size]
            self._tracker.feed(time_of(self._heard, self._tracker.rate_hz), chunk)
            self._heard += len(chunk)
            said.append(self._tracker.speaking)
        return said
