"""Where in a longer track a recording may begin, by windows of it that name one place.

The recording is cut into windows of a second. Each is laid over the whole track, and names the places where
it agrees best. Windows at a place that is known need to agree little, so that a recording is found under
speech; chance alone hardly makes two windows name one place. All of it is on differences from sample to
sample, which are less alike from one voice to another than the sounds themselves. Tracks are transformed in
blocks, and recordings window by window, once for however many of the others; single precision is enough to
name a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import Samples

RATE_HZ: Final = 8_000
WINDOW: Final = RATE_HZ
SHORTEST: Final = RATE_HZ // 4  # less than that has no pattern of its own
FIRST_WINDOWS: Final = 3  # close together, for a recording that is soon cut off
MOST_WINDOWS: Final = 12  # spread over all of it
BLOCK: Final = 1 << 15  # a transform of this size places windows at `HOP` samples
HOP: Final = BLOCK - WINDOW
NAMED: Final = 3  # places for one window: music comes round again
APART: Final = RATE_HZ // 10  # of those
SURE: Final = 0.6  # one window that agrees so well needs no other
LIKELY: Final = 0.2
DRIFT: Final = 4  # samples by which one place may be told differently
MOST_PLACES: Final = 5

Signal: TypeAlias = NDArray[np.float64]
Spectra: TypeAlias = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Place:
    """The recording may begin at sample `start` of the track; so its window at `window` says."""

    start: int
    window: int


@dataclass(frozen=True, slots=True)
class _Vote:
    place: Place
    score: float


@dataclass(frozen=True, slots=True)
class _Window:
    """A part of a recording from `start` on, ready to be laid over tracks; `size` squared is its energy."""

    start: int
    spectrum: Spectra
    size: float


def steep(samples: Samples) -> Signal:
    """The differences from sample to sample."""
    return np.diff(samples.astype(np.float64), prepend=0.0)


class Sought:
    """A recording, as differences, that is looked for; it is longer than nothing."""

    def __init__(self, sound: Signal) -> None:
        self.sound = sound
        self._windows: dict[int, tuple[_Window, ...]] = {}

    def width_in(self, length: int) -> int:
        """How long its windows are, to be laid over a track of `length`."""
        whole = len(self.sound)
        return min(WINDOW, max(SHORTEST, whole // 2), whole, length)

    def windows(self, width: int) -> tuple[_Window, ...]:
        """All windows of this width with a sound in them, in order."""
        if width not in self._windows:
            self._windows[width] = tuple(self._transformed(width))
        return self._windows[width]

    def _transformed(self, width: int) -> Iterator[_Window]:
        for start in _window_starts(len(self.sound), width):
            window = self.sound[start : start + width]
            energy = float(np.einsum("i,i->", window, window))
            if energy > 0:
                spectrum = np.conj(np.fft.rfft(window.astype(np.float32), BLOCK)).astype(np.complex64)
                yield _Window(start, spectrum, energy**0.5)


class Searched:
    """A track, as differences, in which recordings are looked for; it is longer than nothing."""

    def __init__(self, track: Signal) -> None:
        self.track = track
        count = -(-len(track) // HOP)
        padded = np.pad(track.astype(np.float32), (0, count * HOP + WINDOW - len(track)))
        blocks = np.lib.stride_tricks.sliding_window_view(padded, BLOCK)[::HOP]
        self._spectra: Spectra = np.fft.rfft(blocks).astype(np.complex64)
        self._energy = np.concatenate(([0.0], np.cumsum(track * track)))

    def places(self, sought: Sought) -> list[Place]:
        """Where the recording may begin, most likely first."""
        votes = list(self._votes(sought))
        told: list[tuple[float, Place]] = []
        for vote in votes:
            near = [one.score for one in votes if abs(one.place.start - vote.place.start) <= DRIFT]
            if vote.score >= SURE or len(near) > 1:
                told.append((sum(near), vote.place))
        kept: list[Place] = []
        for _, place in sorted(told, key=lambda each: -each[0]):
            if all(abs(place.start - other.start) > DRIFT for other in kept):
                kept.append(place)
        return kept[:MOST_PLACES]

    def _votes(self, sought: Sought) -> Iterator[_Vote]:
        """For each window: where the recording would begin, and how well that agrees."""
        width = sought.width_in(len(self.track))
        local = np.maximum(self._energy[width:] - self._energy[:-width], 1.0)
        scale = (1 / np.sqrt(local)).astype(np.float32)
        for window in sought.windows(width):
            product = np.fft.irfft(self._spectra * window.spectrum, BLOCK)[:, :HOP].reshape(-1)
            scores = product[: len(scale)] * scale
            for at, score in _peaks(scores, LIKELY * window.size):
                yield _Vote(Place(at - window.start, window.start), score / window.size)


def _peaks(scores: NDArray[np.floating], least: float) -> Iterator[tuple[int, float]]:
    """The highest scores and where they are; `scores` is used up."""
    for _ in range(NAMED):
        best = int(np.argmax(scores))
        score = float(scores[best])
        if score < least:
            return
        yield best, score
        scores[max(0, best - APART) : best + APART] = 0.0


def _window_starts(length: int, width: int) -> list[int]:
    last = length - width
    close = max(width // 2, 1)
    hop = max(close, -(-last // MOST_WINDOWS))
    return sorted({*range(0, min(last, FIRST_WINDOWS * close) + 1, close), *range(0, last + 1, hop), last})
