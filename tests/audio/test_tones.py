"""Keys are found in what is heard: all of them in noise, none in speech, however the audio comes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from turnspec.audio.codecs import decode, encode
from turnspec.audio.samples import Samples, time_of
from turnspec.audio.tones import (
    DIGITS,
    HIGH_HZ,
    KEYPAD,
    LOW_HZ,
    KeyDetector,
    keys_in,
    pressed,
    tone,
)
from turnspec.call.actions import Tones
from turnspec.call.formats import ALAW_8K, MULAW_8K

MS = 1_000
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
READ_SPEECH = Path("/usr/share/pocketsphinx/test/data")


def around(samples: Samples, rate_hz: int, *, lead: int = 0) -> Samples:
    """With a quarter of a second of silence around it, and some samples more before it."""
    quiet = np.zeros(rate_hz // 4, np.int16)
    return np.concatenate([np.zeros(lead, np.int16), quiet, samples, quiet])


def noisy(samples: Samples, snr_db: float, level: float, seed: int) -> Samples:
    """With white noise so far below tones of that RMS."""
    noise = np.random.default_rng(seed).normal(0, level / 10 ** (snr_db / 20), len(samples))
    return np.clip(np.rint(samples + noise), -32_768, 32_767).astype(np.int16)


def digits_in(samples: Samples, rate_hz: int) -> str:
    """The keys alone."""
    return "".join(key.digit for key in keys_in(samples, rate_hz))


def twin(digit: str, rate_hz: int, duration_ms: int, low: float, high: float, off: float = 1.0) -> Samples:
    """A key whose two tones have amplitudes, and a frequency that is off by a factor, of their own."""
    row = next(number for number, keys in enumerate(KEYPAD) if digit in keys)
    moments = np.arange(rate_hz * duration_ms // 1000) * (2 * np.pi * off / rate_hz)
    column = KEYPAD[row].index(digit)
    sound = low * np.sin(moments * LOW_HZ[row]) + high * np.sin(moments * HIGH_HZ[column])
    return np.asarray(np.rint(sound), np.int16)


@pytest.mark.parametrize("snr_db", [60, 20, 10])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000])
def test_all_keys_are_found_where_they_are(rate_hz: int, snr_db: float) -> None:
    """In noise 10 dB below them too, each key once, in order, its edges within 3 ms."""
    for lead in range(0, 80, 11):
        keys = pressed(DIGITS, rate_hz, Tones(70 * MS, 3_000), 120 * MS)
        sound = noisy(around(keys.samples, rate_hz, lead=lead), snr_db, 3_000, seed=lead)
        found = keys_in(sound, rate_hz)
        begin_us = time_of(rate_hz // 4 + lead, rate_hz)

        assert "".join(key.digit for key in found) == DIGITS
        for key, (_, end_us) in zip(found, keys.ends, strict=True):
            assert abs(key.end_us - begin_us - end_us) < 3 * MS
            assert abs(key.start_us - begin_us - (end_us - 70 * MS)) < 3 * MS


@pytest.mark.parametrize("format_", [MULAW_8K, ALAW_8K])
def test_all_keys_are_found_behind_a_telephone_codec(format_: object) -> None:
    """Loud ones and quiet ones, through G.711 and noise."""
    for level in (100.0, 1_000.0, 16_000.0):
        keys = pressed(DIGITS, 8_000, Tones(60 * MS, level), 110 * MS)
        sound = noisy(around(keys.samples, 8_000), 12, level, seed=4)
        assert digits_in(decode(encode(sound, format_), format_), 8_000) == DIGITS  # type: ignore[arg-type] # parametrized


@pytest.mark.parametrize(("low_db", "high_db"), [(0, -8), (0, -4), (-4, 0), (-6, 0)])
def test_one_tone_may_be_louder_than_the_other(low_db: float, high_db: float) -> None:
    """As far as ITU-T Q.24 has it, and somewhat further."""
    for digit in DIGITS:
        sound = twin(digit, 8_000, 50, 4_000 * 10 ** (low_db / 20), 4_000 * 10 ** (high_db / 20))
        assert digits_in(around(sound, 8_000), 8_000) == digit


@pytest.mark.parametrize(("low_db", "high_db"), [(0, -15), (-12, 0)])
def test_one_tone_may_not_be_much_louder_than_the_other(low_db: float, high_db: float) -> None:
    """That is no telephone's key."""
    for digit in DIGITS:
        sound = twin(digit, 8_000, 50, 4_000 * 10 ** (low_db / 20), 4_000 * 10 ** (high_db / 20))
        assert digits_in(around(sound, 8_000), 8_000) == ""


def test_a_third_tone_makes_it_no_key() -> None:
    """Two low tones at once are nobody's key, also where one of them is 5 dB fainter."""
    sound = twin("5", 8_000, 60, 4_000, 4_000)
    third = 4_000 * 10 ** (-5 / 20) * np.sin(2 * np.pi * 941 / 8_000 * np.arange(len(sound)))

    assert digits_in(around(sound, 8_000), 8_000) == "5"
    assert digits_in(around((sound + third).astype(np.int16), 8_000), 8_000) == ""


@pytest.mark.parametrize(
    ("off", "are_keys"), [(0.985, True), (1.0, True), (1.015, True), (1.035, False), (0.965, False)]
)
def test_frequencies_may_be_off_by_as_much_as_telephones_are(off: float, *, are_keys: bool) -> None:
    """1.5 % is a key, 3.5 % is none (ITU-T Q.24)."""
    for digit in DIGITS:
        found = digits_in(around(twin(digit, 8_000, 60, 4_000, 4_000, off), 8_000), 8_000)
        assert found == (digit if are_keys else "")


@pytest.mark.parametrize(("tone_ms", "count"), [(30, 0), (40, 3), (60, 3)])
def test_short_tones_and_short_gaps(tone_ms: int, count: int) -> None:
    """Tones of 40 ms with gaps of 40 ms are keys, each for itself; what is shorter is no key."""
    for digit in DIGITS:
        for lead in range(0, 80, 13):
            keys = pressed(digit * 3, 8_000, Tones(tone_ms * MS, 4_000), (tone_ms + 40) * MS)
            assert digits_in(around(keys.samples, 8_000, lead=lead), 8_000) == digit * count


def test_a_long_tone_is_one_key() -> None:
    """Whoever keeps a key down for two seconds has pressed it once."""
    assert digits_in(around(tone("5", 2_000 * MS, 8_000, 4_000), 8_000), 8_000) == "5"


def test_one_tone_is_no_key() -> None:
    """A beep of one of the frequencies, or of two of one group, is not two tones of two groups."""
    beeps = [twin("5", 8_000, 100, 4_000, 0), twin("5", 8_000, 100, 0, 4_000)]
    moments = np.arange(800) * (2 * np.pi / 8_000)
    beeps.append((4_000 * (np.sin(moments * 697) + np.sin(moments * 941))).astype(np.int16))
    ringback = (4_000 * (np.sin(moments * 440) + np.sin(moments * 480))).astype(np.int16)

    assert [digits_in(around(beep, 8_000), 8_000) for beep in (*beeps, ringback)] == [""] * 4


def test_a_pause_is_half_a_second() -> None:
    """`w` moves the keys after it, and sounds like nothing."""
    first, second = pressed("1w2", 8_000, Tones(100 * MS, 4_000), 150 * MS).ends

    assert second[1] - first[1] == 650 * MS


@settings(max_examples=40)
@given(
    st.text("0123456789*#ABCD", min_size=1, max_size=4),
    st.lists(st.integers(1, 700), min_size=1, max_size=30),
    st.sampled_from([8_000, 16_000, 22_050]),
)
def test_pieces_do_not_matter(digits: str, pieces: list[int], rate_hz: int) -> None:
    """Audio that comes piece by piece has the same keys, at the same microsecond, as all of it at once."""
    sound = noisy(pressed(digits, rate_hz, Tones(50 * MS, 2_000), 95 * MS).samples, 15, 2_000, seed=1)
    detector = KeyDetector(rate_hz)
    cuts = np.minimum(np.cumsum([0, *pieces]), len(sound))
    found = [key for start, end in pairwise(cuts) for key in detector.feed(sound[start:end])]
    found += detector.feed(sound[cuts[-1] :])

    assert (*found, *detector.finish()) == keys_in(sound, rate_hz)


def test_half_an_hour_of_people_speaking_holds_no_key() -> None:
    """All prompts of Asterisk, which are 25 minutes of one voice, and read speech of others."""
    if not PROMPTS.is_dir() or not READ_SPEECH.is_dir():
        pytest.skip(
            "needs people's speech: apt-get install asterisk-core-sounds-en-wav pocketsphinx-testdata"
        )
    seconds, found = 0.0, []
    for path in sorted([*PROMPTS.rglob("*.wav"), *READ_SPEECH.rglob("*.wav")]):
        samples, rate_hz = soundfile.read(path, dtype="int16")
        seconds += len(samples) / rate_hz
        found += [(path.name, key) for key in keys_in(samples, rate_hz)]

    assert found == []
    assert seconds > 25 * 60
