"""The way back: what a line does to the agent's audio between the platform that plays it and the caller.

The platform's own clock is not touched: it plays, is flushed and returns marks as if there were no line. What
the caller hears is what was played some time before, as the line leaves it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from turnspec.audio.conditions import FRAME_US, Conditioned, Conditions, Draws
from turnspec.audio.drift import DriftingClock
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.samples import Samples, Tape, position_at, time_of
from turnspec.call import AudioFormat

FILTER_TAIL_US: Final = FRAME_US  # by which a filter rings on


class HeardPlayback(PlaybackClock):
    """A playback clock whose listener is at the other end of a line.

    How loud an agent will be nobody knows before the call: noise is measured against people's usual level.
    """

    def __init__(self, audio: AudioFormat, conditions: Conditions, seed: str, latency_us: int = 0) -> None:
        super().__init__(audio.rate_hz)
        self._conditioned = Conditioned(conditions, audio, conditions.usual_level, Draws(seed))
        self._noisy = len(conditions.noise) > 0
        self._late = position_at(latency_us, audio.rate_hz)
        self._heard = Tape()
        self._done = 0  # so many samples of what was played have gone through the line
        slip = DriftingClock.most_late(audio.rate_hz // 50) if conditions.drift_ppm else 0
        self._slack = self._conditioned.delay + slip + self._late
        self.late_us = time_of(self._slack, audio.rate_hz)

    def silent_from(self, from_us: int) -> bool:
        """Whether nothing can be heard any more but digital silence, as far as is known now."""
        if self._noisy:
            return False
        return super().silent_from(max(0, from_us - self.late_us - FILTER_TAIL_US))

    def heard(self, from_us: int, to_us: int) -> Samples:
        """The audio heard from `from_us` to `to_us` (not after now)."""
        start, end = (position_at(at_us, self.rate_hz) - self._late for at_us in (from_us, to_us))
        if end > self._done:
            played = self.played(self._done, end)
            self._heard.put(self._done, self._conditioned.feed(played))
            self._done = end
        early = np.zeros(max(0, min(0, end) - start), np.int16)  # before the first sound came through
        return np.concatenate([early, self._heard.read(max(0, start), max(0, end))])
