"""Sound made to order, and where real speech is found on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from turnspec.audio import Samples, load_clip, position_at, samples_of

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
READINGS = Path("/usr/share/pocketsphinx/test/data/librivox")


def tone(duration_us: int, rate_hz: int = 8_000, hz: int = 440, peak: int = 8_000) -> Samples:
    """A sine that is not 0 at its first sample."""
    at = np.arange(position_at(duration_us, rate_hz)) + 0.5
    return np.asarray(np.rint(peak * np.sin(2 * np.pi * hz * at / rate_hz)), np.int16)


def noise(duration_us: int, rate_hz: int = 8_000, rms: int = 2_000, seed: int = 1) -> Samples:
    """White noise, the same for the same seed."""
    values = np.random.default_rng(seed).normal(0, rms, position_at(duration_us, rate_hz))
    return np.clip(np.rint(values), -32_768, 32_767).astype(np.int16)


def pink(length: int, seed: int) -> NDArray[np.float64]:
    """Pink noise of an RMS of 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=length))
    spectrum[0] = 0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    sound = np.fft.irfft(spectrum, length)
    return np.asarray(sound / np.sqrt(np.mean(sound * sound)))


def faded(samples: Samples, fade_us: int, rate_hz: int = 8_000) -> Samples:
    """The samples with a raised-cosine fade at both ends."""
    count = position_at(fade_us, rate_hz)
    if not count:
        return samples
    ramp = (1 - np.cos(np.pi * (np.arange(count) + 0.5) / count)) / 2
    out = samples.astype(np.float64)
    out[:count] *= ramp
    out[-count:] *= ramp[::-1]
    return np.rint(out).astype(np.int16)


def joined(*parts: Samples) -> Samples:
    """The parts one after another."""
    return np.concatenate(parts)


def real_prompts(*names: str) -> dict[str, Samples]:
    """Recorded telephone prompts at 8 kHz by name; skips the test where they are not installed."""
    missing = [name for name in names if not (PROMPTS / f"{name}.wav").is_file()]
    if missing:
        _without(f"no recorded prompts in {PROMPTS}: apt-get install asterisk-core-sounds-en-wav")
    return {name: samples_of(load_clip(PROMPTS / f"{name}.wav", 8_000)) for name in names}


def real_readings() -> list[Path]:
    """Recorded read speech at 16 kHz; skips the test where it is not installed."""
    paths = sorted(READINGS.glob("*.wav"))
    if not paths:
        _without(f"no read speech in {READINGS}: apt-get install pocketsphinx-testdata")
    return paths


def _without(reason: str) -> None:
    if os.environ.get("TURNSPEC_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
