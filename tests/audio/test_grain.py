"""Coarse samples are known for that, and blur the edges that are told of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_sound import faded, noise, tone
from turnspec.audio import RESOLUTION_US, Samples, decode, encode, refined, silence
from turnspec.audio.grain import grain
from turnspec.audio.samples import joined
from turnspec.call import ALAW_8K, MULAW_8K, PCM_8K, AudioFormat


def coarse(samples: Samples, bits: int) -> Samples:
    """The same in so many bits."""
    step = 1 << (16 - bits)
    return np.asarray(np.clip(np.rint(samples / step) * step, -32_768, 32_768 - step), np.int16)


@given(bits=st.integers(5, 8), lead=st.integers(0, 40_000), offset=st.integers(-100, 100))
def test_coarse_samples_are_known_wherever_the_sound_is(bits: int, lead: int, offset: int) -> None:
    """The step is that of the bits, after any silence and beside any constant."""
    sound = joined([silence(lead * 125, 8_000), coarse(noise(200_000, rms=6_000), bits)])

    assert grain(sound + np.int16(offset)) == 1 << (16 - bits)


@pytest.mark.parametrize("format_", [PCM_8K, MULAW_8K, ALAW_8K])
def test_what_is_no_coarser_than_a_telephone_is_fine(format_: AudioFormat) -> None:
    """Neither sixteen bits nor G.711 nor a tone of few levels nor silence are coarse."""
    for sound in (
        noise(500_000),
        faded(tone(500_000), 20_000),
        tone(500_000, hz=1_000),
        silence(500_000, 8_000),
    ):
        assert grain(decode(encode(sound, format_), format_)) == 0


@pytest.mark.parametrize("bits", [8, 7, 6])
def test_a_fade_that_coarse_samples_lose_is_within_the_stated_error(bits: int) -> None:
    """The fewer the bits, the earlier a fade is lost, and the wider the error of its end."""
    sound = joined([silence(500_000, 8_000), faded(tone(800_000), 100_000), silence(500_000, 8_000)])
    fine, (found,) = (
        refined(sound, 8_000, None).segments[0],
        refined(coarse(sound, bits), 8_000, None).segments,
    )

    assert RESOLUTION_US + found.end_blur_us == 45_000 << (8 - bits)
    assert found.end_us < fine.end_us
    assert abs(found.end_us - fine.end_us) <= RESOLUTION_US + found.end_blur_us
    assert abs(found.start_us - fine.start_us) <= RESOLUTION_US + found.start_blur_us
