"""Whether two channels hold the same sound: one side that is heard on the other's, too."""

from __future__ import annotations

from typing import Final

import numpy as np

from turnspec.audio.samples import Samples

ALIKE: Final = 0.9  # two people who speak at once are never this alike for a tenth of a second
LOUD: Final = 300  # on the louder channel: some -40 dB of full scale
PIECE: Final = 1 << 20  # samples at a time: hours of them have to fit into memory
SAME: Final = 1e-3  # of the power of both, in what one has and the other has not


def shared(one: Samples, other: Samples, rate_hz: int) -> float:
    """The share of all that is loud, 0 to 1, that is on both channels at once, at whatever level."""
    block, minute = rate_hz // 10, 60 * rate_hz
    loud = alike = 0
    for at in range(0, min(len(one), len(other)) - block + 1, minute):
        left, right = (_blocks(side[at : at + minute], block) for side in (one, other))
        rows = min(len(left), len(right))
        left, right = left[:rows], right[:rows]
        powers = np.stack([(left * left).sum(1), (right * right).sum(1)])
        heard = powers.max(0) > LOUD * LOUD * block
        together = (left * right).sum(1) > ALIKE * np.sqrt(powers[0] * powers[1])
        loud += int(heard.sum())
        alike += int((heard & together & (powers.min(0) > 0)).sum())
    return alike / loud if loud else 0.0


def _blocks(samples: Samples, block: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return samples[: len(samples) // block * block].astype(np.float32).reshape(-1, block)


def are_one(one: Samples, other: Samples) -> bool:
    """Whether both channels are one recording, and not silence."""
    if len(one) != len(other):
        return False
    power = differs = 0.0
    for at in range(0, len(one), PIECE):
        left, right = (side[at : at + PIECE].astype(np.float32) for side in (one, other))
        apart = left - right
        power += float(left @ left + right @ right)
        differs += float(apart @ apart)
    return differs < SAME * power
