"""How coarse samples are: what is fainter than the step from one to the next has left no trace."""

from __future__ import annotations

from typing import Final

import numpy as np

from turnspec.audio.samples import Samples

LEAST_STEP: Final = 256  # samples of eight bits
LEAST_LEVELS: Final = 16  # a tone may have few by itself
OFFSET: Final = 32_768


def grain(samples: Samples) -> int:
    """The step that all samples are a multiple of apart; 0 where it is finer than that of eight bits."""
    levels = np.flatnonzero(np.bincount(samples.astype(np.int32) + OFFSET, minlength=1))
    if len(levels) < LEAST_LEVELS:
        return 0
    step = int(np.gcd.reduce(np.diff(levels)))
    return step if step >= LEAST_STEP else 0
