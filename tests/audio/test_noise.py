"""Steady noise is told from speech, tones and sweeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from turnspec.audio.codecs import decode, encode
from turnspec.audio.files import load_clip
from turnspec.audio.noise import is_steady_noise
from turnspec.audio.samples import Samples, samples_of
from turnspec.call import MULAW_8K

CLIPS = Path(__file__).parents[2] / "scenarios" / "audio"
RATE_HZ = 8_000
SECONDS = np.arange(2 * RATE_HZ) / RATE_HZ


def _scaled(sound: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Samples:
    return np.asarray(sound / np.abs(sound).max() * 12_000, np.int16)


def _white(seed: int) -> Samples:
    return _scaled(np.random.default_rng(seed).normal(0, 1, 2 * RATE_HZ))


def _pink(seed: int) -> Samples:
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, 2 * RATE_HZ))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    return _scaled(np.fft.irfft(spectrum))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [_white, _pink])
def test_noise_is_noise_also_on_the_telephone(noise: object, seed: int) -> None:
    """White and pink noise are noise, before and after mu-law."""
    sound = noise(seed)  # type: ignore[operator] # parametrized

    assert is_steady_noise(sound, RATE_HZ)
    assert is_steady_noise(decode(encode(sound, MULAW_8K), MULAW_8K), RATE_HZ)


def test_a_tone_is_no_noise() -> None:
    """What repeats itself carries something, though it keeps to one level."""
    assert not is_steady_noise(_scaled(np.sin(2 * np.pi * 440 * SECONDS)), RATE_HZ)


def test_a_sweep_is_no_noise() -> None:
    """Nor is a tone that rises."""
    assert not is_steady_noise(_scaled(np.sin(2 * np.pi * (300 + 400 * SECONDS) * SECONDS)), RATE_HZ)


def test_silence_is_no_noise() -> None:
    """Nothing is not noise."""
    assert not is_steady_noise(np.zeros(RATE_HZ, np.int16), RATE_HZ)


def test_speech_is_no_noise() -> None:
    """Recorded people rise and fall."""
    clips = sorted(clip for clip in CLIPS.glob("*/*.flac") if clip.parent.name != "noise")

    assert clips
    assert is_steady_noise(samples_of(load_clip(CLIPS / "noise" / "hiss.flac", RATE_HZ)), RATE_HZ)
    assert [
        clip.name for clip in clips if is_steady_noise(samples_of(load_clip(clip, RATE_HZ)), RATE_HZ)
    ] == []
