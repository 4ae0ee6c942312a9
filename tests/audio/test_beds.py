"""Built-in noise sounds as it is called, keeps its level, goes round without a seam and never changes."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
from numpy.typing import NDArray

from turnspec.audio.beds import BEDS, RMS, SECONDS, bed

NAMES = sorted(BEDS)


def octaves(name: str, rate_hz: int) -> list[float]:
    """How loud each octave from 125 Hz up to half the rate is, in decibels."""
    power = np.square(np.abs(np.fft.rfft(bed(name, rate_hz).astype(np.float64))))
    hz = np.fft.rfftfreq(len(bed(name, rate_hz)), 1 / rate_hz)
    limits = [125 * 2**number for number in range(8) if 125 * 2 ** (number + 1) <= rate_hz / 2]
    return [float(10 * np.log10(power[(hz >= low) & (hz < 2 * low)].sum())) for low in limits]


def per_second(name: str, rate_hz: int) -> NDArray[np.float64]:
    """The level of each second, in decibels over the whole."""
    seconds = bed(name, rate_hz).astype(np.float64).reshape(SECONDS, -1)
    return np.asarray(20 * np.log10(np.sqrt(np.mean(np.square(seconds), axis=1)) / RMS))


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
@pytest.mark.parametrize("name", NAMES)
def test_each_second_is_about_as_loud(name: str, rate_hz: int) -> None:
    """Within 2 dB of the whole, so that a ratio to it holds wherever somebody speaks."""
    assert np.abs(per_second(name, rate_hz)).max() < 2


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
def test_pink_has_as_much_in_each_octave_and_white_twice_as_much(rate_hz: int) -> None:
    """0 dB an octave within half a decibel, and 3 dB."""
    assert np.abs(np.diff(octaves("pink", rate_hz))).max() < 0.7
    assert np.abs(np.diff(octaves("white", rate_hz)) - 3.01).max() < 0.7


def test_hum_is_of_the_mains() -> None:
    """Nearly all of it is in multiples of 50 Hz."""
    power = np.square(np.abs(np.fft.rfft(bed("hum", 8_000).astype(np.float64))))
    harmonics = power[:: 50 * SECONDS].sum()

    assert harmonics > 0.99 * power.sum()


@pytest.mark.parametrize("name", ["babble", "cafe"])
def test_people_are_heard_in_syllables(name: str) -> None:
    """Its loudness moves 2 to 8 times a second, as speech does, and less at any faster pace."""

    def moving(sound: NDArray[np.int16]) -> float:
        levels = np.sqrt(np.mean(np.square(sound.astype(np.float64).reshape(-1, 160)), axis=1))
        spectrum = np.abs(np.fft.rfft(levels / levels.mean()))
        return float(
            spectrum[2 * SECONDS : 8 * SECONDS].mean() / spectrum[12 * SECONDS : 24 * SECONDS].mean()
        )

    assert moving(bed(name, 8_000)) > 1.5
    assert moving(bed("pink", 8_000)) < 1.2


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_round(name: str) -> None:
    """From the last sample to the first is no larger a step than elsewhere, and nothing is cut off."""
    sound = bed(name, 8_000).astype(np.int64)

    assert abs(sound[0] - sound[-1]) <= np.abs(np.diff(sound)).max()
    assert np.abs(sound).max() < 32_767


def test_it_is_the_same_on_every_machine() -> None:
    """White noise to the bit; the others up to what a library's sine may round otherwise."""
    assert sha256(bed("white", 8_000).tobytes()).hexdigest()[:16] == "c421139d505fe408"
    assert [int(np.abs(bed(name, 8_000).astype(np.int64)).sum() // 1_000_000) for name in NAMES] == [
        223,
        227,
        233,
        231,
        232,
    ]
