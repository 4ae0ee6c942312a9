"""What a line does to the sound that goes through it, whatever the direction.

In this order, which is fixed: gain, clipping, narrow band, (echo,) noise, codecs, drift, loss. So noise is as
far below the voice as it says, whatever was done to the voice before; codecs carry voice, echo and noise;
what is lost is lost of all of it. Everything is a function of the seed and of the position in the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.codecs import decode, encode
from turnspec.audio.drift import DriftingClock
from turnspec.audio.edges import voiced_span
from turnspec.audio.filters import Filter, below, round_about, telephone_band
from turnspec.audio.samples import EMPTY, Samples, position_at
from turnspec.call import AudioFormat, Encoding, Identity

Sound: TypeAlias = NDArray[np.float64]

FRAME_US: Final = 20_000
NO_SPEECH_LEVEL: Final = 1_600.0
"""RMS that noise is measured against where nothing is said: about -26 dBFS, as people speak."""
FULL_SCALE: Final = 32_767.0
CODEC_RATE_HZ: Final = 8_000
_CODEC_BAND_HZ: Final = 3_700
_DRAWS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is done. `loss` is the fraction of frames that never arrive; `noise` is at the line's rate.

    `voice_to_noise` is the ratio of the voice's RMS, pauses left out, to that of the noise, which begins
    `noise_from` samples into it. `burst`: so many frames are lost in a row on average; None: each by itself.
    """

    gain: float = 1.0
    clip: float | None = None
    narrow: bool = False
    noise: Samples = field(default_factory=lambda: EMPTY)
    noise_from: int = 0
    voice_to_noise: float = 1.0
    codecs: tuple[Encoding, ...] = ()
    drift_ppm: int = 0
    loss: float = 0.0
    burst: int | None = None

    @property
    def nothing(self) -> bool:
        """Whether sound goes through unchanged."""
        adds = len(self.noise) > 0 or self.codecs or self.drift_ppm
        return not (self.changes_voice or adds or self.loss)

    @property
    def loudest(self) -> float:
        """The highest sample that a voice can have."""
        return FULL_SCALE if self.clip is None else min(self.clip, FULL_SCALE)

    @property
    def usual_level(self) -> float:
        """The RMS of people as they are heard, where nobody knows how loud one will be."""
        return min(NO_SPEECH_LEVEL * self.gain, self.loudest)

    @property
    def changes_voice(self) -> bool:
        """Whether the voice itself is changed, before anything is added."""
        return self.gain != 1.0 or self.clip is not None or self.narrow


class Draws:
    """Chance of one line: the same for the same seed, name and number."""

    def __init__(self, seed: str) -> None:
        self._identity = Identity(seed)

    def of(self, what: str, number: int) -> int:
        """A whole number below 2^32."""
        return int.from_bytes(self._identity.digest(what, number)[:4])

    def comes_up(self, chance: float, what: str, number: int) -> bool:
        """Whether something with this chance happens."""
        return self.of(what, number) < chance * _DRAWS


class Losses:
    """Which frames are lost: each by itself, or in bursts (Gilbert and Elliott's two states)."""

    def __init__(self, loss: float, burst: int | None, draws: Draws) -> None:
        self._loss, self._burst, self._draws = loss, burst, draws
        self._lost: list[bool] = []

    def lost(self, number: int) -> bool:
        """Whether the frame of this number is lost."""
        if not self._loss:
            return False
        if self._burst is None or self._loss >= 1:
            return self._draws.comes_up(self._loss, "lost", number)
        while len(self._lost) <= number:
            self._lost.append(self._draws.comes_up(self._chance(), "lost", len(self._lost)))
        return self._lost[number]

    def _chance(self) -> float:
        assert self._burst is not None
        if not self._lost:
            return self._loss
        if self._lost[-1]:
            return 1 - 1 / self._burst
        return min(1.0, self._loss / (1 - self._loss) / self._burst)


class Conditioned:
    """The sound of one direction, sample by sample: as many out as in, `delay` later and drifting."""

    def __init__(self, what: Conditions, audio: AudioFormat, voice_level: float, draws: Draws) -> None:
        rate_hz = audio.rate_hz
        self._what = what
        self._silence = decode(encode(np.zeros(1, np.int16), audio), audio)[0]
        self._band = Filter(telephone_band(rate_hz)) if what.narrow else None
        self._noise = _leveled(what, voice_level, rate_hz)
        self._codecs = _Tandem(what.codecs, rate_hz) if what.codecs else None
        self._frame = position_at(FRAME_US, rate_hz)
        self._clock = DriftingClock(what.drift_ppm, self._frame) if what.drift_ppm else None
        self._losses = Losses(what.loss, what.burst, draws)
        self._position = 0
        self.delay = sum(each.delay for each in (self._band, self._codecs) if each is not None)

    def feed(self, samples: Samples, echo: Samples | None = None) -> Samples:
        """The next samples, with what comes back of the other direction."""
        what, position = self._what, self._position
        self._position += len(samples)
        if what.changes_voice or echo is not None or len(self._noise) or self._codecs is not None:
            samples = self._changed(samples.astype(np.float64), echo, position)
        if self._clock is not None:
            samples = self._clock.feed(samples)
        return self._without_lost(samples, position) if what.loss else samples

    def _changed(self, sound: Sound, echo: Samples | None, position: int) -> Samples:
        sound = voiced_by(self._what, sound, self._band)
        if echo is not None:
            sound = sound + echo
        if len(self._noise):
            start = position + self._what.noise_from
            sound = sound + self._noise.take(np.arange(start, start + len(sound)), mode="wrap")
        return _rounded(sound) if self._codecs is None else self._codecs.feed(_rounded(sound))

    def _without_lost(self, samples: Samples, position: int) -> Samples:
        kept = samples
        for number in range(position // self._frame, -(-(position + len(samples)) // self._frame)):
            if self._losses.lost(number):
                kept = kept.copy() if kept is samples else kept
                start = number * self._frame - position
                kept[max(0, start) : start + self._frame] = self._silence
        return kept

    def lands(self, position: int) -> int:
        """Where a sample that goes in comes out."""
        later = position + self.delay
        return later if self._clock is None else self._clock.lands(later)


def voiced_by(what: Conditions, sound: Sound, band: Filter | None) -> Sound:
    """What becomes of the voice alone."""
    if what.gain != 1.0:
        sound = sound * what.gain
    if what.clip is not None or what.gain > 1.0:  # before noise is added: that is not as loud as what is cut
        sound = np.clip(sound, -what.loudest, what.loudest)
    return sound if band is None else band.feed(sound)


def speech_level(utterances: Sequence[Samples], rate_hz: int, what: Conditions | None = None) -> float:
    """The RMS of what is said, pauses before and after it left out; that of people where nothing is.

    With conditions: as it is after what they do to the voice.
    """
    voiced = [part for samples in utterances if len(part := _voiced(samples, rate_hz))]
    said = np.concatenate(voiced).astype(np.float64) if voiced else np.zeros(0)
    if what is not None and len(said):
        band = Filter(telephone_band(rate_hz)) if what.narrow else None
        said = voiced_by(what, said, band)
    if not len(said):
        return NO_SPEECH_LEVEL if what is None else what.usual_level
    return _rms(said)


def alone(samples: Samples, what: Conditions, audio: AudioFormat) -> Samples:
    """What becomes of a voice, without what is added to it, lost of it or late."""
    voice = replace(what, noise=EMPTY, drift_ppm=0, loss=0.0)
    if voice.nothing:
        return samples
    way = Conditioned(voice, audio, NO_SPEECH_LEVEL, Draws(""))
    return way.feed(np.concatenate([samples, np.zeros(way.delay, np.int16)]))[way.delay :]


class _Tandem:
    """Codecs of telephones, one after the other, at their own rate where the line's is a multiple of it."""

    def __init__(self, codecs: tuple[Encoding, ...], rate_hz: int) -> None:
        self._passes: list[Callable[[Samples], Samples]] = [_codec(each) for each in codecs]
        self._step = rate_hz // CODEC_RATE_HZ if rate_hz % CODEC_RATE_HZ == 0 else 1
        wide = self._step > 1
        self._down = Filter(below(_CODEC_BAND_HZ, rate_hz)) if wide else None
        self._up = Filter(below(_CODEC_BAND_HZ, rate_hz) * self._step) if wide else None
        self._position = 0
        self.delay = sum(each.delay for each in (self._down, self._up) if each is not None)

    def feed(self, samples: Samples) -> Samples:
        if self._down is None or self._up is None:
            return self._coded(samples)
        narrow = _rounded(self._down.feed(samples.astype(np.float64)))
        first = -self._position % self._step
        self._position += len(samples)
        spread = np.zeros(len(samples))
        spread[first :: self._step] = self._coded(narrow[first :: self._step])
        return _rounded(self._up.feed(spread))

    def _coded(self, samples: Samples) -> Samples:
        for each in self._passes:
            samples = each(samples)
        return samples


def _codec(encoding: Encoding) -> Callable[[Samples], Samples]:
    format_ = AudioFormat(encoding, CODEC_RATE_HZ)
    return lambda samples: decode(encode(np.ascontiguousarray(samples), format_), format_)


def _leveled(what: Conditions, voice_level: float, rate_hz: int) -> Sound:
    noise = what.noise.astype(np.float64)
    if what.narrow:
        noise = round_about(noise, telephone_band(rate_hz))
    own = _rms(noise) if len(noise) else 0.0
    return noise * (voice_level / what.voice_to_noise / own) if own else np.zeros(0)


def _voiced(samples: Samples, rate_hz: int) -> Samples:
    span = voiced_span(samples, rate_hz)
    if span is None:
        return EMPTY
    return samples[position_at(span[0], rate_hz) : position_at(span[1], rate_hz)]


def _rounded(sound: Sound) -> Samples:
    return np.asarray(np.clip(np.rint(sound), -32_768, 32_767), np.int16)


def _rms(samples: NDArray[np.int16] | Sound) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))
