"""Sizes and durations of audio: whole samples, rounded down, never more than there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.call import ALAW_8K, MULAW_8K, PCM_8K, PCM_16K, PCM_24K, AudioFormat

FORMATS = [ALAW_8K, MULAW_8K, PCM_8K, PCM_16K, PCM_24K]


@pytest.mark.parametrize(
    ("line", "frame"), [(ALAW_8K, 160), (MULAW_8K, 160), (PCM_8K, 320), (PCM_16K, 640), (PCM_24K, 960)]
)
def test_a_frame_of_20_ms(line: AudioFormat, frame: int) -> None:
    """The sizes that the protocols name."""
    assert line.size_of(20_000) == frame
    assert line.duration_us(frame) == 20_000


@given(st.sampled_from(FORMATS), st.integers(0, 10**7))
def test_a_size_is_whole_samples_and_no_longer_than_asked(line: AudioFormat, duration_us: int) -> None:
    """At most one sample is lost."""
    size = line.size_of(duration_us)

    assert size % line.sample_bytes == 0
    assert line.duration_us(size) <= duration_us < line.duration_us(size + line.sample_bytes) + 1


def test_half_a_sample_is_none() -> None:
    """An odd byte at the end of 16-bit audio plays for no time."""
    assert PCM_8K.duration_us(3) == PCM_8K.duration_us(2) == 125
