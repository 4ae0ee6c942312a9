"""Noise that can be put behind a voice without a recording: beds made here, the same on every machine.

A bed is twelve seconds that go round without a seam. Chance in it comes from SHAKE-256, which is the same
everywhere and for ever.

- `pink`: as much in each octave from 20 Hz up; `white`: as much at each frequency.
- `babble`: eight people at once, none to be understood: voices with vowels, in syllables, with pauses.
- `cafe`: twelve people further away, a room's rumble, and cups.
- `hum`: mains of 50 Hz with its harmonics, and a little hiss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import shake_256
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import Samples

Sound: TypeAlias = NDArray[np.float64]

SECONDS: Final = 12
RMS: Final = 3_000.0
_UNIT: Final = 1 << 32
_VOWELS: Final = (  # the first three formants of a man, in Hz
    *((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480)),
    *((570, 840, 2410), (660, 1720, 2410), (440, 1020, 2240), (490, 1350, 1690)),
)
_HARMONICS: Final = (
    *((50, 1.0), (100, 0.7), (150, 0.5), (200, 0.25)),
    *((250, 0.3), (300, 0.15), (350, 0.15), (450, 0.1)),
)
_BANDWIDTHS: Final = (80.0, 110.0, 160.0)


@lru_cache(maxsize=16)
def bed(name: str, rate_hz: int) -> Samples:
    """The bed of this name at a rate."""
    sound = BEDS[name](rate_hz)
    made = np.asarray(np.clip(np.rint(_leveled(sound) * RMS), -32_768, 32_767), np.int16)
    made.flags.writeable = False  # it is shared
    return made


def _white(rate_hz: int) -> Sound:
    return _noise("white", SECONDS * rate_hz)


def _pink(rate_hz: int) -> Sound:
    return _coloured(_noise("pink", SECONDS * rate_hz), rate_hz, lambda hz: 1 / np.sqrt(np.maximum(hz, 20)))


def _hum(rate_hz: int) -> Sound:
    moments = np.arange(SECONDS * rate_hz) * (2 * np.pi / rate_hz)
    tones = sum((loud * np.sin(moments * hz + hz) for hz, loud in _HARMONICS), np.zeros(len(moments)))
    return np.asarray(_leveled(np.asarray(tones, np.float64)) + 0.03 * _noise("hum", len(moments)))


def _babble(rate_hz: int) -> Sound:
    return _crowd("babble", 8, rate_hz)


def _cafe(rate_hz: int) -> Sound:
    far = _coloured(_leveled(_crowd("cafe", 12, rate_hz)), rate_hz, lambda hz: 1 / (1 + (hz / 2_500) ** 2))
    rumble = _coloured(
        _noise("cafe/room", SECONDS * rate_hz), rate_hz, lambda hz: 1 / np.maximum(hz, 60) * (hz < 800)
    )
    return np.asarray(_leveled(far) + 0.5 * _leveled(rumble) + 0.4 * _cups(rate_hz))


BEDS: Final[Mapping[str, Callable[[int], Sound]]] = MappingProxyType(
    {"pink": _pink, "white": _white, "babble": _babble, "cafe": _cafe, "hum": _hum}
)


def _draws(what: str, count: int) -> Sound:
    """Numbers from 0 to 1, the same ones for the same word."""
    return np.frombuffer(shake_256(f"turnspec/bed/{what}".encode()).digest(4 * count), "<u4") / _UNIT


def _noise(what: str, count: int) -> Sound:
    """Nearly Gaussian noise of RMS 1."""
    return np.asarray((_draws(what, 4 * count).reshape(4, count).sum(axis=0) - 2) * 3**0.5)


def _coloured(sound: Sound, rate_hz: int, gain: Callable[[Sound], Sound]) -> Sound:
    """A sound that goes round, each of its frequencies as loud as `gain` has it."""
    spectrum = np.fft.rfft(sound)
    hz = np.asarray(np.fft.rfftfreq(len(sound), 1 / rate_hz), np.float64)
    return np.asarray(np.fft.irfft(spectrum * gain(hz), len(sound)), np.float64)


def _leveled(sound: Sound) -> Sound:
    return np.asarray(sound / np.sqrt(np.mean(np.square(sound))), np.float64)


def _crowd(what: str, people: int, rate_hz: int) -> Sound:
    heard = np.zeros(SECONDS * rate_hz)
    for person in range(people):
        _speak(heard, f"{what}/{person}", rate_hz)
    return heard


def _speak(heard: Sound, who: str, rate_hz: int) -> None:
    """Add one voice: some five syllables a second, a breath after each few of them."""
    draws = _draws(who, 8 * SECONDS * 12).reshape(-1, 8)
    pitch_hz = 90 + 140 * draws[0, 0]  # of this person
    size = 1 + (pitch_hz - 90) / 700  # of the head, as formants go
    at_s, breath_in = float(draws[0, 1]), 4
    ends_s = at_s + SECONDS
    for drawn in draws[1:]:
        length_s = 0.11 + 0.15 * drawn[0]
        if at_s + length_s > ends_s:
            return
        _put(heard, _syllable(drawn, pitch_hz, size, length_s, rate_hz, who), round(at_s * rate_hz))
        at_s += length_s * 0.9
        breath_in -= 1
        if not breath_in:
            at_s += 0.1 + 0.25 * drawn[6]
            breath_in = 4 + int(6 * drawn[7])


def _put(heard: Sound, sound: Sound, at: int) -> None:
    """Add a sound, round the end to the beginning."""
    places = np.arange(at, at + len(sound)) % len(heard)
    heard[places] += sound


def _syllable(drawn: Sound, pitch_hz: float, size: float, length_s: float, rate_hz: int, who: str) -> Sound:
    count = round(length_s * rate_hz)
    progress = np.arange(count) / count
    if drawn[1] < 0.2:  # s, f, sh
        hiss = _noise(f"{who}/{drawn[2]:.9f}", count)
        middle_hz = min(2_500 + 3_000 * float(drawn[3]), 0.45 * rate_hz)
        sound = _coloured(hiss, rate_hz, lambda hz: 1 / (1 + ((hz - middle_hz) / 900) ** 2))
        return np.asarray(_leveled(sound) * np.sin(np.pi * progress) ** 2 * 0.35)
    glide = pitch_hz * (0.85 + 0.3 * drawn[2] + 0.25 * (drawn[3] - 0.5) * progress)
    phase = np.cumsum(glide) / rate_hz
    voice = np.where(phase % 1 < 0.4, np.sin(np.pi * (phase % 1) / 0.4) ** 2, 0.0)  # the glottis opens
    voice = np.diff(voice, prepend=0.0)
    formants = _VOWELS[int(drawn[4] * len(_VOWELS))]
    sound = _coloured(voice, rate_hz, lambda hz: _mouth(hz, formants, size))
    return np.asarray(_leveled(sound) * np.sin(np.pi * progress) ** 0.6 * (0.5 + drawn[5]))


def _mouth(hz: Sound, formants: tuple[int, int, int], size: float) -> Sound:
    """How loud each frequency leaves a mouth with these formants."""
    gain = np.zeros(len(hz))
    for number, (formant, wide) in enumerate(zip(formants, _BANDWIDTHS, strict=True)):
        gain += 0.6**number / np.sqrt(1 + ((hz - formant * size) / wide) ** 2)
    return gain


def _cups(rate_hz: int) -> Sound:
    """A clink now and then: a few high tones that die away."""
    heard = np.zeros(SECONDS * rate_hz)
    count = round(0.12 * rate_hz)
    moments = np.arange(count) / rate_hz
    for number, drawn in enumerate(_draws("cafe/cups", 30 * 5).reshape(30, 5)):
        hz = np.array([1.0, 1.53, 2.27]) * (1_300 + 1_200 * drawn[0])
        tones = [np.sin(2 * np.pi * each * moments) for each in hz if each < 0.45 * rate_hz]
        clink = sum(tones, np.zeros(count)) * np.exp(-moments * (40 + 40 * drawn[1])) * (0.5 + drawn[2])
        _put(heard, clink, round((number + float(drawn[3])) * SECONDS / 30 * rate_hz))
    return heard
