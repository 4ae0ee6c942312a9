"""Stretches of a recording in which the line's own noise keeps to one level.

A line may fall silent or begin to hiss in mid-call, or hiss only while one side has it open. A level is what
a line is not below for more than a second; where that is a noise, and not someone who speaks without a
pause, a stretch is one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.background import UNSTEADY, background, mean

BLOCK: Final = 5  # frames that are looked at together
FAINT: Final = 32**2  # -60 dBFS: noise below it moves no threshold
HELD: Final = 24  # blocks for which a level holds: 1.2 s
DROPPED: Final = 20  # blocks for which a line may be fainter in between: 1 s
CHANGED: Final = 2.0  # in powers of two: 6 dB
MARGIN: Final = 10  # frames by which the louder stretch is longer than seen
LEAST_NOISE: Final = 40  # frames of nothing else, to be sure of a noise of its own


Part: TypeAlias = tuple[int, int, float]
"""From which to which frame (left out) a level holds, and that level."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From which to which frame (left out) it goes, and which of these hold nothing but noise."""

    first: int
    last: int
    noise: NDArray[np.bool_]
    level: int


def noise_stretches(
    energies: NDArray[np.int64], beside: NDArray[np.intp] | None, quiet: int
) -> list[Stretch]:
    """All of a recording, in order; one where nothing changes that is as loud as `quiet`."""
    whole = [_stretch(energies, beside, 0, len(energies))]
    count = len(energies) // BLOCK
    if count < 2 * HELD:
        return whole
    blocks = energies[: count * BLOCK].reshape(count, BLOCK).mean(axis=1)
    low = _over(np.maximum(blocks, FAINT), HELD, np.minimum)
    if low.max() <= quiet // UNSTEADY or low.max() < UNSTEADY * low.min():
        return whole
    parts = _parts(np.log2(low), len(energies))
    levels = _levels([_stretch(energies, beside, first, last) for first, last, _ in parts], parts, quiet)
    changes = (min(at, len(energies)) for at in _bounds(parts, levels))
    bounds = [*accumulate((0, *changes), max), len(energies)]
    stretches = [_inside(energies, beside, *pair) for pair in pairwise(bounds)]
    return stretches if any(each.level > quiet for each in stretches) else whole


def _stretch(energies: NDArray[np.int64], beside: NDArray[np.intp] | None, first: int, last: int) -> Stretch:
    loudest = int(energies.max(initial=0))
    if first or last < len(energies):
        # What is left of a fainter noise at its ends is as good as silence.
        energies = np.where(energies < FAINT, 0, energies)
        beside = None if beside is None else beside[(beside >= first) & (beside < last)] - first
    noise = background(energies[first:last], beside, loudest)
    return Stretch(first, last, noise, mean(energies[first:last][noise]))


def _inside(energies: NDArray[np.int64], beside: NDArray[np.intp] | None, first: int, last: int) -> Stretch:
    """A stretch; where its margins hide its noise, because there is none of it in them, without them."""
    whole = _stretch(energies, beside, first, last)
    if whole.level or last - first <= 2 * MARGIN:
        return whole
    from_ = first and first + MARGIN
    to = last if last == len(energies) else last - MARGIN
    found = _stretch(energies, beside, from_, to)
    noise = np.zeros(last - first, bool)
    noise[from_ - first : to - first] = found.noise
    return Stretch(first, last, noise, found.level)


def _parts(low: NDArray[np.float64], count: int) -> list[Part]:
    """What lies between changes of the level."""
    opened = _over(np.pad(low, HELD - 1), HELD, np.maximum)
    high = _over(np.pad(opened, DROPPED - 1, mode="edge"), DROPPED, np.maximum)
    held = _over(high, DROPPED, np.minimum)
    cuts, level = [0], held[0]
    for at in np.flatnonzero(np.diff(held)) + 1:
        if abs(held[at] - level) >= CHANGED:
            cuts.append(int(at))
            level = held[at]
    ends = [*(cut * BLOCK for cut in cuts[1:]), count]
    return [(cut * BLOCK, end, float(held[cut])) for cut, end in zip(cuts, ends, strict=True)]


def _over(values: NDArray[np.float64], width: int, best: np.ufunc) -> NDArray[np.float64]:
    """The least, or the most, of each `width` values in a row."""
    return np.asarray(
        best.reduce(np.lib.stride_tricks.sliding_window_view(values, width), axis=1), np.float64
    )


def _levels(found: list[Stretch], parts: list[Part], quiet: int) -> list[int]:
    """The level of each part's noise; 0 where there is none as loud as `quiet`."""
    levels: dict[int, int] = {}
    for at in sorted(range(len(parts)), key=lambda at: parts[at][2]):
        if found[at].level > quiet and int(np.count_nonzero(found[at].noise)) >= LEAST_NOISE:
            levels[at] = found[at].level
        else:  # no noise of its own, but speech over that of a part beside it, if any
            levels[at] = max((levels[near] for near in (at - 1, at + 1) if near in levels), default=0)
    return [level for _, level in sorted(levels.items())]


def _bounds(parts: list[Part], levels: list[int]) -> Iterator[int]:
    """Where one noise gives way to another, so that nothing of the louder is left beside the other."""
    for (_, end, _), (before, after) in zip(parts, pairwise(levels), strict=False):
        if max(before, after) > UNSTEADY * min(before, after):
            yield end + (MARGIN if before > after else -MARGIN)
