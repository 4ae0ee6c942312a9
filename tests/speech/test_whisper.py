"""What Whisper is given at once, which needs no Whisper to be seen."""

from __future__ import annotations

import numpy as np
import pytest

from turnspec.speech.transcribers.whisper import MOST_AT_ONCE, RATE_HZ, pieces


@pytest.mark.parametrize("length", [0, 1, MOST_AT_ONCE, MOST_AT_ONCE + 1, 5 * MOST_AT_ONCE + 7])
def test_no_part_is_too_long_and_nothing_is_lost(length: int) -> None:
    """Parts follow one another without gap or overlap."""
    sound = np.random.default_rng(1).integers(-9_000, 9_000, length).astype(np.int16)
    found = list(pieces(sound))

    assert all(len(piece) <= MOST_AT_ONCE for _, piece in found)
    assert [start for start, _ in found] == np.cumsum([0, *(len(piece) for _, piece in found[:-1])]).tolist()
    assert np.concatenate([piece for _, piece in found]).tobytes() == sound.tobytes()


def test_it_is_parted_in_a_pause() -> None:
    """Of the last ten seconds of a minute, where nobody speaks."""
    sound = np.full(2 * MOST_AT_ONCE, 9_000, np.int16)
    sound[53 * RATE_HZ : 54 * RATE_HZ] = 0
    _, (start, _), *_ = pieces(sound)

    assert 53 * RATE_HZ <= start <= 54 * RATE_HZ
