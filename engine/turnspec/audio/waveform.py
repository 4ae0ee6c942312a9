"""The outline of a track, for drawing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import Samples, position_at, samples_of
from turnspec.call.evidence import Track

SILENT_COLUMN = (0, 0)


def peaks(track: Track, columns: int, duration_us: int) -> tuple[tuple[int, int], ...]:
    """The lowest and highest sample of each of `columns` equal parts of `duration_us`.

    Give both tracks of a call the same `duration_us` and they share one time axis; columns past the end
    of a track are silent.
    """
    span = position_at(duration_us, track.rate_hz)
    starts = np.arange(columns, dtype=np.int64) * span // columns
    samples = samples_of(track)[:span]
    drawn = int(np.searchsorted(starts, len(samples)))
    outline = _outline(samples, starts[:drawn]) if drawn else []
    return tuple(outline) + (SILENT_COLUMN,) * (columns - drawn)


def _outline(samples: Samples, starts: NDArray[np.int64]) -> list[tuple[int, int]]:
    lows = np.minimum.reduceat(samples, starts).tolist()
    highs = np.maximum.reduceat(samples, starts).tolist()
    return list(zip(lows, highs, strict=True))
