"""The line's own noise on a recording: what goes on beside speech, else what is steady."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.filters import TELEPHONE_HZ
from turnspec.audio.samples import Samples
from turnspec.call.formats import MICROSECONDS

DIGITAL_SILENCE: Final = 12**2  # a mean square, of frames at least half of which is idle
NOISE_FRAMES: Final = 20  # 200 ms of noise are enough to know it
UNSTEADY: Final = 4  # noise keeps to its level within 6 dB
SPEECH_RATIO: Final = 10  # +10 dB: steady sound so close to the loudest may be no noise
STEADY_SHARE: Final = 10  # a noise is heard alone for at least a tenth of the time in which anything is
TONES_US: Final = 100_000  # in which tones are told from one another
FLATNESS: Final = 0.01  # of a spectrum: that of pink noise has 0.5, that of a voice 0.06
NOISE_SHARE: Final = 50  # even fluent speech pauses for a fiftieth of its time; noise is all that is left


def background(
    energies: NDArray[np.int64], beside: NDArray[np.intp] | None, loudest: int
) -> NDArray[np.bool_]:
    """The frames of nothing but noise; `beside` are those near to speech, where an engine found it.

    Some of them may lie outside of the recording. `loudest` is the mean square of the loudest frame there is.
    """
    alive = energies > DIGITAL_SILENCE
    noise = np.zeros(len(energies), bool)
    if beside is not None:
        within = beside[(beside >= 0) & (beside < len(energies))]
        found = within[alive[within]]
        if len(found) >= max(NOISE_FRAMES, len(beside) // 2):
            noise[found[energies[found] <= UNSTEADY * int(np.median(energies[found]))]] = True
    least = 2
    if not noise.any():
        noise, least = _steady(energies), SPEECH_RATIO
        if np.count_nonzero(noise) < np.count_nonzero(alive) // STEADY_SHARE:  # as a long vowel is
            return np.zeros(len(energies), bool)
    level = mean(energies[noise])
    # Noise is the floor of all that sounds: something is louder, and hardly anything is fainter.
    return noise & (UNSTEADY * floor(energies) >= level) & (loudest >= least * level)


def floor(energies: NDArray[np.int64]) -> int:
    """The mean square that hardly any sounding frame is below."""
    alive = energies > DIGITAL_SILENCE
    # A frame that is half digital silence tells nothing: two in a row do.
    pairs = np.maximum(energies[1:], energies[:-1])[alive[1:] & alive[:-1]]
    least = len(pairs) // NOISE_SHARE
    return int(np.partition(pairs, least)[least]) if len(pairs) else 0


def _steady(energies: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The frames of the faintest stretches that keep to one level, as no voice does for so long."""
    none = np.zeros(len(energies), bool)
    if len(energies) < NOISE_FRAMES:
        return none
    windows = np.lib.stride_tricks.sliding_window_view(energies, NOISE_FRAMES)
    most, least = windows.max(axis=1), windows.min(axis=1)
    held = (least > DIGITAL_SILENCE) & (most <= UNSTEADY * windows.mean(axis=1))
    if not held.any():
        return none
    for at in np.flatnonzero(held & (most <= 2 * most[held].min())):
        none[at : at + NOISE_FRAMES] = True
    return none


def is_tonal(samples: Samples, rate_hz: int) -> bool:
    """Whether a steady sound is of tones, as ringback is: no noise that a line makes by itself."""
    width = rate_hz * TONES_US // MICROSECONDS
    pieces = samples[: len(samples) // width * width].reshape(-1, width)
    if not len(pieces):
        return False
    low, high = (hz * TONES_US // MICROSECONDS for hz in TELEPHONE_HZ)  # outside of it noise may be filtered
    spectrum = np.fft.rfft(pieces * np.hanning(width))[:, low:high]
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).mean(axis=0) + 1.0
    return bool(np.exp(np.log(power).mean()) < FLATNESS * power.mean())


def mean(energies: NDArray[np.int64]) -> int:
    """The mean of mean squares, rounded down."""
    return int(energies.sum()) // len(energies) if len(energies) else 0
