"""The outline of a track."""

from __future__ import annotations

import numpy as np
import pytest

from support_sound import tone
from turnspec.audio import peaks, track_of
from turnspec.call import Track


def track(*values: int) -> Track:
    """A track of a thousand samples a second."""
    return track_of(np.array(values, np.int16), 1_000)


def test_a_column_is_the_lowest_and_the_highest_of_its_part() -> None:
    """Each sample is in exactly one column."""
    assert peaks(track(1, -2, 3, 4, 5, -6), 3, 6_000) == ((-2, 1), (3, 4), (-6, 5))


def test_what_lies_past_the_end_is_silent() -> None:
    """A short track shares the axis of a long one."""
    assert peaks(track(7, 8), 4, 4_000) == ((7, 7), (8, 8), (0, 0), (0, 0))
    assert peaks(track(), 2, 4_000) == ((0, 0), (0, 0))


def test_what_lies_past_the_axis_is_not_drawn() -> None:
    """Only `duration_us` is drawn."""
    assert peaks(track(1, 2, 99, 99), 2, 2_000) == ((1, 1), (2, 2))


@pytest.mark.parametrize("duration_us", [0, 1_000, 5_000])
def test_more_columns_than_samples_are_no_error(duration_us: int) -> None:
    """There are always as many columns as asked for."""
    assert len(peaks(track(1, 2, 3), 50, duration_us)) == 50


def test_a_tone_fills_its_columns() -> None:
    """A thousand columns of a minute show the level of the sound."""
    outline = peaks(track_of(tone(60_000_000), 8_000), 1_000, 60_000_000)

    assert set(outline) == {(-7_999, 7_999)}
