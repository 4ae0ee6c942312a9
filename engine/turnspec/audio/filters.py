"""Filters of a live line: symmetric ones, so that they delay all frequencies alike, and by whole samples."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Sound: TypeAlias = NDArray[np.float64]

TELEPHONE_HZ: Final = (300, 3_400)
_STEEP_LOW_US: Final = 22_000  # as long as 300 Hz needs to be told from 150 Hz
_STEEP_HIGH_US: Final = 6_000  # 3,400 Hz from 4,000 Hz


class Filter:
    """One filter on one line: as many samples out as in, `delay` samples later."""

    def __init__(self, taps: Sound) -> None:
        self._taps = taps
        self.delay = (len(taps) - 1) // 2
        self._before = np.zeros(len(taps) - 1)

    def feed(self, sound: Sound) -> Sound:
        """The next samples."""
        if not len(sound):
            return sound
        whole = np.concatenate([self._before, sound])
        self._before = whole[len(sound) :]
        return np.convolve(whole, self._taps, "valid")


@cache
def telephone_band(rate_hz: int) -> Sound:
    """What lets 300 to 3,400 Hz through."""
    length = _odd(_STEEP_LOW_US, rate_hz)
    low, high = TELEPHONE_HZ
    return _low_pass(high, length, rate_hz) - _low_pass(low - 75, length, rate_hz)


@cache
def below(limit_hz: int, rate_hz: int) -> Sound:
    """What lets through what is below a frequency."""
    return _low_pass(limit_hz, _odd(_STEEP_HIGH_US, rate_hz), rate_hz)


def round_about(sound: Sound, taps: Sound) -> Sound:
    """A sound that goes round, filtered without a delay."""
    if not len(sound):
        return sound
    whole = np.zeros(max(len(sound), len(taps)))
    whole[: len(taps)] = taps
    if len(whole) > len(sound):  # shorter than the filter: as often as it goes into it
        sound = np.resize(sound, len(sound) * -(-len(taps) // len(sound)))
        whole = np.resize(whole, len(sound)) * (np.arange(len(sound)) < len(taps))
    spectrum = np.fft.rfft(np.roll(whole, -((len(taps) - 1) // 2)))
    return np.fft.irfft(np.fft.rfft(sound) * spectrum, len(sound))


def _odd(length_us: int, rate_hz: int) -> int:
    return length_us * rate_hz // 1_000_000 // 2 * 2 + 1


def _low_pass(limit_hz: int, length: int, rate_hz: int) -> Sound:
    if 2 * limit_hz >= rate_hz:
        taps = np.zeros(length)
        taps[length // 2] = 1.0
        return taps
    places = np.arange(length) - length // 2
    taps = np.sinc(2 * limit_hz / rate_hz * places) * np.hamming(length)
    return np.asarray(taps / taps.sum())
