"""A clock that is fast or slow: what it sends, resampled all the time, at the pace of another clock.

Of a fast clock there is always a little more than is taken: it waits longer and longer, until 20 ms of it are
dropped. Of a slow one there is less: what is ready shrinks, until 20 ms are heard twice. That is a slip, as
telephone lines between two clocks have them; at 100 ppm there is one every 200 s.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import Samples

AHEAD: Final = 8  # samples that interpolation looks ahead
_STEPS: Final = 1_024  # between two samples
_MILLION: Final = 1_000_000


class DriftingClock:
    """Samples of one clock by another one; both count from the first sample."""

    def __init__(self, ppm: int, slip: int) -> None:
        self._ppm, self._slip = ppm, slip
        self._kept: Samples = np.zeros(slip + 2 * AHEAD, np.int16)  # before the first sample
        self._begins = -len(self._kept)
        self._out = 0

    def feed(self, samples: Samples) -> Samples:
        """As many samples out as in."""
        if not len(samples):
            return samples
        whole = np.concatenate([self._kept, samples])
        at = np.arange(self._out, self._out + len(samples), dtype=np.int64)
        # In millionths of a sample, so that it is exact however long the call is.
        wanted = at * _MILLION - (AHEAD * _MILLION + at * self._ppm % (self._slip * _MILLION))
        first, rest = wanted // _MILLION, wanted % _MILLION
        weights = _weights()[rest * _STEPS // _MILLION]
        taps = first[:, None] - self._begins + np.arange(1 - AHEAD, AHEAD + 1)
        mixed = np.einsum("ij,ij->i", whole[taps].astype(np.float64), weights)
        self._out += len(samples)
        kept = self._slip + 3 * AHEAD
        self._begins += max(0, len(whole) - kept)
        self._kept = whole[-kept:]
        return np.asarray(np.clip(np.rint(mixed), -32_768, 32_767), np.int16)

    @staticmethod
    def most_late(slip: int) -> int:
        """By how many samples something is late at most."""
        return slip + AHEAD

    def lands(self, position: int) -> int:
        """Where a sample that goes in comes out."""
        out = position + AHEAD
        for _ in range(2):  # it moves by a millionth of what was added
            out = position + AHEAD + out * self._ppm % (self._slip * _MILLION) // _MILLION
        return out


@cache
def _weights() -> NDArray[np.float64]:
    """For each step between two samples, how much of the sixteen around it makes the sample there."""
    steps = np.arange(_STEPS)[:, None] / _STEPS
    away = np.arange(1 - AHEAD, AHEAD + 1)[None, :] - steps
    weights = np.sinc(away) * np.cos(np.pi * away / (2 * AHEAD + 1)) ** 2
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
