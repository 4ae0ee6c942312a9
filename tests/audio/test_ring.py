"""Sound on its way between two clocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turnspec.audio.ring import Ring, Slips
from turnspec.audio.samples import Samples

RATE_HZ = 1_000  # a sample a millisecond


def numbered(first: int, count: int) -> Samples:
    """Samples that can be told from one another."""
    return np.arange(first, first + count, dtype=np.int16)


def ring() -> Ring:
    """Slack of 40 ms, 100 ms at most."""
    return Ring(RATE_HZ, slack_us=40_000, most_us=100_000)


def test_what_goes_in_comes_out_once_the_slack_is_there() -> None:
    """Silence first, which is not counted; then every sample in order."""
    between = ring()
    between.put(numbered(1, 30))

    assert not between.take(20).any()

    between.put(numbered(31, 30))

    assert between.take(20).tolist() == list(range(1, 21))
    assert between.take(20).tolist() == list(range(21, 41))
    assert between.slips == Slips()


def test_a_taker_that_is_too_quick_gets_silence_until_there_is_slack_again() -> None:
    """What is missing is counted, also the silence in which the slack comes back, 10 ms more than it was."""
    between = ring()
    between.put(numbered(1, 40))
    between.take(30)

    assert between.take(20).tolist() == [*range(31, 41), *[0] * 10]

    between.put(numbered(41, 20))

    assert not between.take(20).any()

    between.put(numbered(61, 29))

    assert not between.take(20).any()

    between.put(numbered(90, 1))

    assert between.take(20).tolist() == list(range(41, 61))
    assert between.slips == Slips(inserted_us=50_000)


def test_a_taker_that_is_too_slow_loses_the_oldest() -> None:
    """Beyond the most that is held, what is left is the slack."""
    between = ring()
    between.put(numbered(1, 90))
    between.put(numbered(91, 20))

    assert between.take(40).tolist() == list(range(71, 111))
    assert between.slips == Slips(dropped_us=70_000)


def test_what_nobody_wanted_is_no_loss() -> None:
    """After it is cleared, a ring fills up anew and counts nothing."""
    between = ring()
    between.put(numbered(1, 60))
    between.take(20)
    between.clear()

    assert not between.take(20).any()
    assert between.slips == Slips()


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), max_size=40))
def test_nothing_is_heard_twice_or_out_of_order(moves: list[tuple[int, int]]) -> None:
    """Whatever the two clocks do, sound comes out in its order, and what is missing was counted."""
    between = ring()
    put, heard = 0, []
    for given_, wanted in moves:
        between.put(numbered(put + 1, given_))
        put += given_
        taken = between.take(wanted)
        assert len(taken) == wanted
        heard += [sample for sample in taken.tolist() if sample]

    lost = between.slips.dropped_us // 1_000
    assert heard == sorted(set(heard))
    assert put - lost - 100 <= len(heard) <= put - lost
