"""Who speaks up over lively noise, on a whole recording: a crowd, a café, people behind the agent.

An engine takes the people behind for speech, and so does energy. What belongs to whoever is in front is
what rises 6 dB over the mean of all that goes on behind: over 50 ms not even a crowd does that by itself.
Behind is what lies well apart from there. It is found from above: the loudest is taken away, and what then
rises over the mean of what is left, until nothing more does. From where a voice has risen its edges are
walked to, 5 ms at a time. A crowd hides how voices begin and fade, so edges are doubted by more than over
steady noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.background import DIGITAL_SILENCE, floor
from turnspec.audio.edges import (
    BRIDGE_US,
    CLUSTER_US,
    FRAME_US,
    QUIET,
    REACH_US,
    Segment,
    Speech,
    bridged,
    frame_width,
    in_reach,
    refined,
)
from turnspec.audio.samples import Samples, time_of

BEGINS_US: Final = 70_000  # a beginning is this close to where the voice is as loud as the noise
ENDS_US: Final = 165_000  # the same of an end: voices fade slower than they rise
RISEN: Final = 4  # +6 dB
RISEN_US: Final = 50_000  # for so long, at least
LEVEL_FRAMES: Final = 5  # over which loudness is taken, of 10 ms
STEP_FRAMES: Final = 4  # the same at an edge, of 5 ms
EDGE_RATIO: Final = 2  # noise, and a voice that is as loud
DIP: Final = 3  # steps, for which a voice may be fainter on its way
FARTHEST: Final = 60  # steps from what has risen to its edge
APART: Final = 20  # frames between what has risen and what is noise for certain
SHARE: Final = 0.8  # of a recording that sounds: the noise of a line that goes on all the time
LEAST_NOISE: Final = 100  # frames
FAINTEST: Final = 50  # -17 dB: people behind never all fall silent, as one who speaks does
BLOCK: Final = 100  # frames, in which the noise is looked at for how lively it is
LIVELY_DB: Final = 0.78  # it varies so much in nearly all of them: pink noise by 0.6, a café by 0.9 and more
ONE_VOICE_DB: Final = 3.4  # nobody is in front of what varies so much: six people who read aloud do by 3.1
CALM_SHARE: Final = 25  # percent of the blocks, in the others of which somebody may speak below the noise

Levels: TypeAlias = NDArray[np.float64]
Frames: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Noise:
    """How loud it is behind whoever speaks, on the whole, and which frames have nothing else."""

    level: float
    frames: Frames


def speech_on(
    samples: Samples, rate_hz: int, spans: Sequence[Segment] | None, *, bridge_us: int = BRIDGE_US
) -> Speech:
    """Speech as `refined` finds it; over lively noise, of those in front alone."""
    found = over_lively_noise(samples, rate_hz)
    if found is None:
        return refined(samples, rate_hz, spans, bridge_us=bridge_us)
    pieces = found if spans is None else [part for each in found for part in in_reach(each, spans, REACH_US)]
    return bridged(Speech(tuple(pieces)), bridge_us)


def over_lively_noise(samples: Samples, rate_hz: int) -> list[Segment] | None:
    """What rises over the noise of a recording, in order; None where that noise is steady, or is none."""
    hop = frame_width(rate_hz) // 2
    steps = _energies(samples, hop)
    energies = steps[: len(steps) // 2 * 2].reshape(-1, 2).sum(axis=1) // 2
    if len(energies) < 2 * LEAST_NOISE:
        return None
    levels = _smooth(energies, LEVEL_FRAMES)
    noise = _noise(energies, levels)
    if noise is None or not _is_lively(levels, noise.frames):
        return None
    fine = _smooth(steps, STEP_FRAMES)
    return [
        Segment(
            time_of(_edge(fine, 2 * first + 2, -1, noise.level) * hop, rate_hz),
            min(
                time_of((_edge(fine, 2 * last - 3, 1, noise.level) + 1) * hop, rate_hz),
                time_of(len(samples), rate_hz),
            ),
            BEGINS_US,
            ENDS_US,
        )
        for first, last in _risen(levels >= RISEN * noise.level)
    ]


def _energies(samples: Samples, width: int) -> NDArray[np.int64]:
    """The mean square of each `width` samples around their mean: rumble, which is slower, hardly counts."""
    frames = samples[: len(samples) // width * width].reshape(-1, width).astype(np.int64)
    squares = np.einsum("ij,ij->i", frames, frames) // width
    return np.asarray(squares - np.square(frames.sum(axis=1) // width), np.int64)


def _smooth(energies: NDArray[np.int64], width: int) -> Levels:
    return np.asarray(np.convolve(energies, np.full(width, 1 / width), "same"), np.float64)


def _noise(energies: NDArray[np.int64], levels: Levels) -> _Noise | None:
    """What goes on behind; None where nothing does, or not all the time."""
    sounds = ~_near(energies <= DIGITAL_SILENCE, LEVEL_FRAMES)
    if np.count_nonzero(levels > QUIET) < SHARE * len(levels):
        return None
    frames, before = sounds, -1
    while (count := int(np.count_nonzero(frames))) != before:
        if count < LEAST_NOISE:
            return None
        before, level = count, float(energies[frames].mean())
        frames = frames & ~_near(levels >= RISEN * level, APART)
    return _Noise(level, frames) if level > QUIET and FAINTEST * floor(energies) >= level else None


def _near(frames: Frames, width: int) -> Frames:
    """Those frames, and so many on either side of each."""
    return np.asarray(np.convolve(frames, np.ones(2 * width + 1, np.int64), "same") > 0, np.bool_)


def _is_lively(levels: Levels, noise: Frames) -> bool:
    """Whether noise moves as people do, within a second: one that gets louder once does not."""
    count = len(levels) // BLOCK * BLOCK
    blocks = zip(levels[:count].reshape(-1, BLOCK), noise[:count].reshape(-1, BLOCK), strict=True)
    moves = [
        float((10 * np.log10(np.maximum(block[known], 1))).std())
        for block, known in blocks
        if 2 * np.count_nonzero(known) >= BLOCK
    ]
    return bool(moves) and LIVELY_DB <= float(np.percentile(moves, CALM_SHARE)) <= ONE_VOICE_DB


def _risen(loud: Frames) -> Iterator[tuple[int, int]]:
    """From which to which frame (left out) something has risen for long enough."""
    at = np.flatnonzero(loud)
    for group in np.split(at, np.flatnonzero(np.diff(at) * FRAME_US > CLUSTER_US) + 1):
        if len(group) * FRAME_US >= RISEN_US:
            yield int(group[0]), int(group[-1]) + 1


def _edge(fine: Levels, start: int, way: int, noise: float) -> int:
    """The last step on the way out of what has risen at which the voice is as loud as the noise."""
    outwards = fine[start : start + FARTHEST] if way > 0 else fine[start::-1][:FARTHEST]
    heard = np.append(-1, np.flatnonzero(outwards >= EDGE_RATIO * noise))
    gone = np.flatnonzero(np.diff(heard) > DIP + 1)
    return start + way * max(0, int(heard[gone[0]] if len(gone) else heard[-1]))
