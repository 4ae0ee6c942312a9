"""Recordings whose noise changes while people speak: their edges in truth, and as they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from support_accuracy import AUDIBLE, RATE_HZ, SAMPLE_US, cut, pink, voices
from turnspec.audio import RESOLUTION_US, Samples, Segment, refined

Levels: TypeAlias = NDArray[np.float64]

SECONDS: Final = 30
LENGTH: Final = SECONDS * RATE_HZ
AROUND: Final = RATE_HZ * 3 // 10  # samples for which a line is open before somebody speaks, and after
TO_NOISE: Final = 10**0.5  # 10 dB, as a ratio of amplitudes
MISSED: Final = 10**9


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the noise: its share of the loudest, sample by sample, given where somebody speaks."""

    name: str
    levels: Callable[[NDArray[np.bool_]], Levels]


def _half(before: float, after: float) -> Callable[[NDArray[np.bool_]], Levels]:
    return lambda spoken: np.where(np.arange(len(spoken)) < len(spoken) // 2, before, after)


def _gated(spoken: NDArray[np.bool_]) -> Levels:
    return np.asarray(np.convolve(spoken, np.ones(2 * AROUND + 1), "same") >= 1, np.float64)


CHANGES: Final = (
    Change("begins in the middle", _half(0, 1)),
    Change("ends in the middle", _half(1, 0)),
    Change("20 dB louder from the middle on", _half(0.1, 1)),
    Change("only while the agent speaks, and 300 ms around", _gated),
)


@dataclass(frozen=True, slots=True)
class FoundEdge:
    """How far off an edge is, and how far off it says it may be, in microseconds."""

    off_us: int
    bar_us: int


def found_edges(seed: int, change: Change) -> Iterator[FoundEdge]:
    """Every edge of half a minute of talk in pink noise that changes so, 10 dB below the voices."""
    clips, starts = _laid_down(seed)
    spoken = np.zeros(LENGTH, np.bool_)
    for clip, at in zip(clips, starts, strict=True):
        spoken[at : at + len(clip)] = True
    loudest = float(np.sqrt(np.mean(np.square(np.concatenate(clips).astype(np.float64))))) / TO_NOISE
    levels = loudest * change.levels(spoken)
    sound = levels * pink(LENGTH, seed)
    truth = []
    for clip, at in zip(clips, starts, strict=True):
        audible = cut(clip, max(AUDIBLE, levels[at + len(clip) // 2]))
        sound[at : at + len(audible)] += audible
        truth.append((at * SAMPLE_US, (at + len(audible)) * SAMPLE_US))
    heard = np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)
    yield from _compared(truth, refined(heard, RATE_HZ, None).segments)


def _laid_down(seed: int) -> tuple[list[Samples], list[int]]:
    """Clips, and the first sample of each."""
    draw = np.random.default_rng(seed)
    clips: list[Samples] = []
    starts: list[int] = []
    at = RATE_HZ
    for number in draw.permutation(len(voices())):
        clip = voices()[int(number)]
        if at + len(clip) > LENGTH - RATE_HZ:
            return clips, starts
        clips.append(clip)
        starts.append(at)
        at += len(clip) + int(draw.integers(RATE_HZ, 2 * RATE_HZ))
    return clips, starts


def _compared(truth: list[tuple[int, int]], found: tuple[Segment, ...]) -> Iterator[FoundEdge]:
    """Speech that is not found, or found where there is none, is as far off as can be."""
    told = list(found)
    for start_us, end_us in truth:
        of_it = [each for each in told if each.start_us < end_us and start_us < each.end_us]
        if not of_it:
            yield from (FoundEdge(MISSED, 0),) * 2
            continue
        told = [each for each in told if each not in of_it]
        yield FoundEdge(of_it[0].start_us - start_us, RESOLUTION_US + of_it[0].start_blur_us)
        yield FoundEdge(of_it[-1].end_us - end_us, RESOLUTION_US + of_it[-1].end_blur_us)
    yield from (FoundEdge(MISSED, 0),) * len(told)
