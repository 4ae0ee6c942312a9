"""Telling steady noise from everything that carries something."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.edges import frame_energies, voiced_span
from turnspec.audio.samples import Samples, median, position_at

LEAST_MOVEMENT: Final = 1.0  # standard deviation of the energy of 10 ms, in doublings (3 dB each)
LEAST_PERIODICITY: Final = 0.5  # correlation of a stretch with itself, a pitch period later
STRETCH_US: Final = 40_000
SHORTEST_PERIOD_US: Final = 2_500
LONGEST_PERIOD_US: Final = 12_500


def is_steady_noise(samples: Samples, rate_hz: int) -> bool:
    """Whether a sound keeps to one loudness and never repeats itself.

    Speech rises and falls (over 2 doublings on real prompts, steady white and pink noise under 1);
    tones and sweeps keep to one level, but repeat themselves.
    """
    span = voiced_span(samples, rate_hz)
    if span is None:
        return False
    start, end = (position_at(at_us, rate_hz) for at_us in span)
    sound = samples[start:end]
    levels = np.log2(np.maximum(frame_energies(sound, rate_hz), 1).astype(np.float64))
    return float(levels.std()) < LEAST_MOVEMENT and _periodicity(sound, rate_hz) < LEAST_PERIODICITY


def _periodicity(sound: Samples, rate_hz: int) -> float:
    """How well half of all stretches repeat themselves after their best period, -1 to 1."""
    width = position_at(STRETCH_US, rate_hz)
    steps = np.diff(sound.astype(np.float64))  # evens out the spectrum of pink noise
    count = len(steps) // width
    if not count:
        return 1.0
    stretches = steps[: count * width].reshape(count, width)
    correlations = _autocorrelation(stretches)
    first, last = (position_at(us, rate_hz) for us in (SHORTEST_PERIOD_US, LONGEST_PERIOD_US))
    # A period later there is less left to compare: judge what overlaps.
    overlap = width / (width - np.arange(first, last))
    return median((correlations[:, first:last] * overlap).max(axis=1))


def _autocorrelation(stretches: NDArray[np.float64]) -> NDArray[np.float64]:
    width = stretches.shape[1]
    power = np.abs(np.fft.rfft(stretches, 2 * width)) ** 2
    correlations: NDArray[np.float64] = np.fft.irfft(power)[:, :width]
    return correlations / np.maximum(correlations[:, :1], 1e-9)
