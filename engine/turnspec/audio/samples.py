"""Signed 16-bit mono samples in memory, their sample arithmetic, and a tape written by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.call.evidence import Track
from turnspec.call.formats import MICROSECONDS

Samples: TypeAlias = NDArray[np.int16]

EMPTY: Final[Samples] = np.zeros(0, np.int16)


def samples_of(track: Track) -> Samples:
    """The samples of a track, without copying."""
    return np.frombuffer(track.pcm, dtype="<i2").astype(np.int16, copy=False)


def track_of(samples: Samples, rate_hz: int) -> Track:
    """The samples as a track."""
    return Track(rate_hz, samples.astype("<i2", copy=False).tobytes())


def silence(duration_us: int, rate_hz: int) -> Samples:
    """Digital silence of `duration_us`, in whole samples, rounded down."""
    return np.zeros(position_at(duration_us, rate_hz), np.int16)


def joined(parts: list[Samples]) -> Samples:
    """One after the other."""
    return np.concatenate([EMPTY, *parts])


def position_at(at_us: int, rate_hz: int) -> int:
    """How many samples are over at `at_us`."""
    return at_us * rate_hz // MICROSECONDS


def time_of(position: int, rate_hz: int) -> int:
    """The first microsecond at which `position` samples are over; `position_at` turns it back exactly."""
    return -(-position * MICROSECONDS // rate_hz)


class Tape:
    """Samples written by position; what was never written is silence. Grows by doubling, never by frame."""

    def __init__(self, capacity: int = 1 << 16) -> None:
        self._buffer = np.zeros(capacity, np.int16)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, position: int, samples: Samples) -> None:
        """Write `samples` from `position` on, over what was there."""
        end = position + len(samples)
        if end > len(self._buffer):
            self._grow(end)
        self._buffer[position:end] = samples
        if end > self._length:
            self._length = end

    def lengthen(self, count: int) -> None:
        """Write `count` samples of silence at the end."""
        end = self._length + count
        if end > len(self._buffer):
            self._grow(end)
        self._length = end

    def cut(self, position: int) -> None:
        """Forget everything from `position` on."""
        if position < self._length:
            self._buffer[position : self._length] = 0
            self._length = position

    def read(self, start: int, end: int) -> Samples:
        """A copy of the samples from `start` to `end`, silence where the tape is blank."""
        if end <= self._length:
            return self._buffer[start:end].copy()
        samples = np.zeros(max(0, end - start), np.int16)
        known = self._buffer[start : self._length]
        samples[: len(known)] = known
        return samples

    def _grow(self, needed: int) -> None:
        buffer = np.zeros(max(needed, 2 * len(self._buffer)), np.int16)
        buffer[: self._length] = self._buffer[: self._length]
        self._buffer = buffer


def median(values: Sequence[float] | NDArray[np.float64]) -> float:
    """The one in the middle, or between the two there. `np.median` loads masked arrays for it, in 20 ms."""
    ordered = np.sort(np.asarray(values, np.float64))
    half = len(ordered) // 2
    return float(ordered[half] + ordered[-half - 1]) / 2
