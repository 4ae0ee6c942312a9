"""Noise that changes in mid-recording: each edge is placed, and doubted, by the noise around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from support_sound import faded, joined, noise, pink, tone
from turnspec.audio import RESOLUTION_US, Samples, Segment, refined, silence
from turnspec.audio.background import is_tonal
from turnspec.audio.edges import QUIET, frame_energies
from turnspec.audio.noise_stretches import noise_stretches
from turnspec.audio.resample import resample

RATE_HZ = 8_000
LENGTH_US = 12_000_000
CHANGE = 6 * RATE_HZ
SPOKEN = tuple(Segment(at_us, at_us + 700_000) for at_us in (1_000_000, 3_000_000, 8_000_000, 10_000_000))
LOUD, LOW = 500.0, 25.0  # RMS


def voice() -> Samples:
    """Four bursts of sound, in silence."""
    burst = faded(tone(700_000), 5_000)
    at_us, parts = 0, []
    for span in SPOKEN:
        parts += [silence(span.start_us - at_us, RATE_HZ), burst]
        at_us = span.end_us
    return joined(*parts, silence(LENGTH_US - at_us, RATE_HZ))


def sung(pitches_hz: tuple[int, ...], lasting_us: int) -> Samples:
    """Tones at once, 14 dB fainter than the voice or more."""
    at = np.arange(lasting_us * RATE_HZ // 1_000_000) / RATE_HZ
    return np.asarray(sum(700 * np.sin(2 * np.pi * hz * at) for hz in pitches_hz), np.int16)


def over(levels: NDArray[np.float64]) -> Samples:
    """The voice over pink noise of these levels."""
    heard = voice() + levels * pink(len(levels), 7)
    return np.clip(np.rint(heard), -32_768, 32_767).astype(np.int16)


def steps(before: float, after: float) -> NDArray[np.float64]:
    """One level up to the middle, another from there on."""
    return np.where(np.arange(LENGTH_US * RATE_HZ // 1_000_000) < CHANGE, before, after)


@pytest.mark.parametrize(
    ("before", "after"), [(0.0, LOUD), (LOW, LOUD), (LOUD, 0.0), (LOUD, LOW)], ids=["on", "up", "off", "down"]
)
def test_a_line_that_changes_in_mid_call_changes_no_edge(before: float, after: float) -> None:
    """Where it is quiet edges are as good as on a quiet line; in the noise they say that they are not."""
    speech = refined(over(steps(before, after)), RATE_HZ, None)
    half = len(SPOKEN) // 2

    assert len(speech.segments) == len(SPOKEN)
    for at, (found, true) in enumerate(zip(speech.segments, SPOKEN, strict=True)):
        noisy = (before if at < half else after) == LOUD
        assert (found.start_blur_us > 0, found.end_blur_us > 0) == (noisy, noisy)
        assert abs(found.start_us - true.start_us) <= RESOLUTION_US + found.start_blur_us
        assert abs(found.end_us - true.end_us) <= RESOLUTION_US + found.end_blur_us


def test_noise_that_begins_within_speech_does_not_part_it() -> None:
    """A sound over the change is one sound, and its end is known less exactly than one in silence."""
    levels = np.where(np.arange(LENGTH_US * RATE_HZ // 1_000_000) < 8.3 * RATE_HZ, 0, LOUD)
    *_, before, found, _ = refined(over(levels), RATE_HZ, None).segments

    assert before.end_blur_us == 0 < found.end_blur_us
    assert abs(found.start_us - SPOKEN[2].start_us) <= RESOLUTION_US
    assert abs(found.end_us - SPOKEN[2].end_us) <= RESOLUTION_US + found.end_blur_us


def test_two_noises_are_two_stretches() -> None:
    """The border lies within a tenth of a second or so of the change, on the fainter side of it."""
    one, two = noise_stretches(frame_energies(over(steps(60.0, LOUD)), RATE_HZ), None, QUIET)

    assert one.last == two.first
    assert 575 <= two.first <= 600
    assert one.level < two.level


LEVELS = st.sampled_from((0, 40, 300, 2_000))
PARTS = st.lists(st.tuples(LEVELS, st.integers(1, 260)), min_size=1, max_size=12)


@given(PARTS, st.tuples(LEVELS, st.integers(1, 14)), st.integers(0, 9))
@example([(2_000, 154), (300, 252)], (40, 7), 3)
def test_any_line_is_parted_into_stretches_that_hold_all_of_it(
    parts: list[tuple[int, int]], last: tuple[int, int], seed: int
) -> None:
    """However often its noise changes, and however soon before its end; each frame is noise or not."""
    rms = np.repeat([level for level, _ in (*parts, last)], [count for _, count in (*parts, last)])
    energies = (rms * (1 + np.random.default_rng(seed).random(len(rms)) / 5)).astype(np.int64) ** 2
    stretches = noise_stretches(energies, None, QUIET)

    assert (stretches[0].first, stretches[-1].last) == (0, len(energies))
    assert [each.last for each in stretches[:-1]] == [each.first for each in stretches[1:]]
    assert all(len(each.noise) == each.last - each.first for each in stretches)


@pytest.mark.parametrize(
    "levels", [steps(LOUD, LOUD), steps(0, 0), steps(0, LOW)], ids=["one", "none", "low"]
)
def test_a_line_that_stays_the_same_is_one_stretch(levels: NDArray[np.float64]) -> None:
    """Neither speech nor noise that moves no threshold parts a recording."""
    (whole,) = noise_stretches(frame_energies(over(levels), RATE_HZ), None, QUIET)

    assert (whole.first, whole.last) == (0, LENGTH_US // 10_000)


def test_sound_without_a_pause_is_no_noise() -> None:
    """Two seconds of sound that swells and falls, without a pause, have no noise of their own."""
    swells = 2_000 * (1 + 0.8 * np.sin(2 * np.pi * 4 * np.arange(3 * RATE_HZ) / RATE_HZ))
    sung = (swells * noise(3_000_000, RATE_HZ, 1_000) / 1_000).astype(np.int16)
    sound = joined(silence(2_000_000, RATE_HZ), sung, silence(2_000_000, RATE_HZ))
    speech = refined(sound, RATE_HZ, None)

    assert speech.error_us == RESOLUTION_US
    assert abs(speech.segments[0].start_us - 2_000_000) <= RESOLUTION_US
    assert abs(speech.segments[-1].end_us - 5_000_000) <= RESOLUTION_US


@pytest.mark.parametrize("pitches_hz", [(440, 480), (1_000,)], ids=["ringback", "signal"])
def test_tones_over_which_nobody_speaks_are_no_noise(pitches_hz: tuple[int, ...]) -> None:
    """They are sound, as any is to energy alone, however much louder speech is elsewhere."""
    lasting_us = 2_000_000
    ringing = sung(pitches_hz, lasting_us)
    speech = faded(tone(700_000), 5_000)
    begins = refined(joined(ringing, silence(500_000, RATE_HZ), speech), RATE_HZ, None).segments

    assert [round(each.start_us, -4) for each in begins] == [0, 2_500_000]
    assert abs(begins[0].end_us - lasting_us) <= RESOLUTION_US


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
def test_noise_of_a_telephone_line_is_no_tones_at_any_rate(rate_hz: int) -> None:
    """What a narrow line leaves of it is as flat as ever, also where it is resampled."""
    hiss = (LOUD * pink(2 * RATE_HZ, 7)).astype(np.int16)

    assert not is_tonal(resample(hiss, RATE_HZ, rate_hz), rate_hz)
    assert is_tonal(resample(sung((440, 480), 2_000_000), RATE_HZ, rate_hz), rate_hz)
