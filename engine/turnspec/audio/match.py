"""Which known clip an utterance is, by its audio alone.

An utterance is laid over each clip where their waveforms agree best, and judged there by two numbers:
the normalised correlation of what overlaps, and how much of the sounding time of both lies in the
overlap. A level, a codec, a detour over another rate, silence around it or an end cut off by the
endpointer change neither much; another sentence of the same voice does not correlate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from turnspec.audio.samples import Samples
from turnspec.call.evidence import Track

RATE_HZ = 8_000


@dataclass(frozen=True, slots=True)
class Match:
    """The clip that an utterance is, by its key, and the correlation with it (0 to 1)."""

    key: str
    score: float


class ClipIndex:
    """Known clips, ready to be recognised; the samples are at 8 kHz."""

    def __init__(self, clips: Mapping[str, Samples]) -> None:
        self._clips = dict(clips)

    @classmethod
    def from_tracks(cls, tracks: Mapping[str, Track]) -> ClipIndex:
        """An index of tracks at any rate."""
        raise NotImplementedError

    def best(self, samples: Samples, rate_hz: int) -> Match | None:
        """The clip that `samples` are, or None if they are none of them."""
        raise NotImplementedError
