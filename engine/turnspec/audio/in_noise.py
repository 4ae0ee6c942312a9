"""Where speech begins and ends over noise: where the spectrum begins and ceases to differ from the noise's.

Energy alone loses an end long before it has faded, because noise is strong where voices are weak.
Compared band by band with the noise of the same line, each 5 ms gets a *score*: how many standard deviations
it is above what the noise does by itself. High scores say that there is sound; the edge is where the scores
outside of it, added up from there on, are at their most, so that many small excesses count as one large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import Samples
from turnspec.call.formats import MICROSECONDS

IN_NOISE_US: Final = 45_000  # an end is this close to where the voice is as loud as the noise
ONSET_US: Final = 25_000  # the same of a beginning: voices rise faster than they fade
DROWNED_US: Final = 100_000  # the same, where the noise is about as loud as the voice itself
HOP_US: Final = 5_000
WINDOW_US: Final = 16_000
BAND_EDGES: Final = (2, 4, 6, 8, 11, 15, 20, 27, 36, 48, 65, 90, 129)
"""In bins of 62.5 Hz: each band a little wider than the one below it."""
SURE: Final = 5.0  # a score that noise does not reach by itself
MOST: Final = 6.0  # one loud frame does not outweigh all that are silent
DRIFT: Final = 0.9  # what frames of noise score at most, on the whole
CHANCE: Final = 2.0  # what a few of them add up to now and then
FADE_US: Final = 300_000  # how far outside of sure sound an edge may lie
LEAST_NOISE_US: Final = 100_000
APART: Final = 20  # frames between sound and what is noise for certain
SILENT: Final = 100.0  # the power of digital silence in any band

FAINT: Final = 1.8  # the power of noise and a voice that is nearly as loud
FADING: Final = 3  # so many fainter frames beside an edge: the voice was not cut there, but fades
SMOOTHING: Final = (0.25, 0.5, 0.25)

Scores: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound from its first sample to the first one after it, and how far off each of the two may be."""

    first: int
    last: int
    onset_us: int = 0
    offset_us: int = 0


def sounds_over(
    samples: Samples, rate_hz: int, is_noise: NDArray[np.bool_], apart_us: int, least_us: int
) -> list[Sound]:
    """Each sound over the noise.

    `is_noise` says of each 10 ms whether they hold nothing but noise. What is no more than `apart_us` apart
    is one sound; what is shorter than `least_us` is none.
    """
    levels = _levels(samples, rate_hz)
    hop = rate_hz * HOP_US // MICROSECONDS
    known = np.repeat(is_noise, 2)[: len(levels)]
    scores = _scores(levels, known)
    found = _sounding(scores, apart_us, least_us)
    # All that is left is noise: more of it than was known at first.
    more = _far_from(found, len(levels))
    again = _scores(levels, more)
    if len(again):
        known, scores, found = more, again, _sounding(again, apart_us, least_us)
    faint = _faint(levels, known)
    return [_sound(first, last, faint[first:last], len(samples), hop) for first, last in found]


def _sound(first: int, last: int, faint: NDArray[np.bool_], count: int, hop: int) -> Sound:
    """A sound of these frames; what of its end fades below the noise is not of it."""
    rising, fading = _leading(faint), _leading(faint[::-1])
    # What is faint in a beginning is as often a soft consonant as it is a swell below the noise.
    first += rising // 2 if rising >= FADING else 0
    last -= fading if fading >= FADING else 0
    return Sound(_inward(first * hop, hop), count - _inward(count - last * hop, hop), ONSET_US, IN_NOISE_US)


def _faint(levels: Scores, is_noise: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where all bands together hold no more than noise and a voice that is fainter."""
    loudness = levels @ np.diff(BAND_EDGES)[: levels.shape[1]]
    most = FAINT * loudness[_noise(levels, is_noise)].mean()
    return np.asarray(np.convolve(loudness, SMOOTHING, "same") < most, np.bool_)


def _leading(faint: NDArray[np.bool_]) -> int:
    """How many come first; none where all are."""
    return int(faint.argmin())


def _inward(outside: int, hop: int) -> int:
    """Windows are longer than their 5 ms: they find sound a little before it begins and after it is over."""
    return outside + hop // 2 if outside > 0 else 0


def _far_from(found: list[tuple[int, int]], count: int) -> NDArray[np.bool_]:
    """The frames that are not near any sound."""
    far = np.ones(count, bool)
    for first, last in found:
        far[max(0, first - APART) : last + APART] = False
    return far


def _scores(levels: Scores, is_noise: NDArray[np.bool_]) -> Scores:
    """How far each 5 ms is above the noise."""
    noise = levels[_noise(levels, is_noise)]
    if len(noise) * HOP_US < LEAST_NOISE_US:
        return np.zeros(0)
    usual = np.maximum(noise.mean(axis=0), 1.0)
    excess = np.log2(np.maximum(levels / usual, 1.0)).mean(axis=1)
    by_itself = np.log2(np.maximum(noise / usual, 1.0)).mean(axis=1)
    return np.asarray(
        np.minimum((excess - by_itself.mean()) / max(float(by_itself.std()), 1e-3), MOST), np.float64
    )


def _noise(levels: Scores, is_noise: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of the noise is no digital silence."""
    return np.asarray(is_noise & (levels.max(axis=1, initial=0) > SILENT), np.bool_)


def _levels(samples: Samples, rate_hz: int) -> Scores:
    """The power in each band around the middle of each 5 ms."""
    hop, width = rate_hz * HOP_US // MICROSECONDS, rate_hz * WINDOW_US // MICROSECONDS
    before = (width - hop) // 2
    count = -(-len(samples) // hop)
    padded = np.pad(samples, (before, count * hop + width - len(samples))).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[: count * hop : hop]
    spectrum = np.fft.rfft(frames * np.hanning(width).astype(np.float32))
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    edges = [edge for edge in BAND_EDGES if edge <= power.shape[1]]
    sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    return np.asarray(sums / np.diff(edges), np.float64)


def _sounding(score: Scores, apart_us: int, least_us: int) -> list[tuple[int, int]]:
    """From which to which frame (left out) there is sound; what is no more than `apart_us` apart is one."""
    sure = np.flatnonzero(score >= SURE)
    if not len(sure):
        return []
    groups = np.split(sure, np.flatnonzero(np.diff(sure) * HOP_US > apart_us) + 1)
    kept = [(int(group[0]), int(group[-1]) + 1) for group in groups if len(group) * HOP_US >= least_us]
    bounds = [0, *(edge for pair in kept for edge in pair), len(score)]
    return [
        (first - _fade(score[bounds[2 * at] : first][::-1]), last + _fade(score[last : bounds[2 * at + 3]]))
        for at, (first, last) in enumerate(kept)
    ]


def _fade(outside: Scores) -> int:
    """How many of the frames outside of a sound, the nearest first, still belong to it."""
    gained = np.append(0.0, np.cumsum(outside[: FADE_US // HOP_US] - DRIFT))
    return int(np.argmax(gained >= gained.max() - CHANCE))
