"""What a line does to a voice: noise behind it, frames that are late, frames that are lost.

Frames are numbered from the beginning of the call, one for each 20 ms. Everything is a function of the
seed and of that number, so that a line does the same whenever it is asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from turnspec.audio.codecs import decode, encode
from turnspec.audio.edges import voiced_span
from turnspec.audio.samples import EMPTY, Samples, position_at
from turnspec.call import AudioFormat, Identity

FRAME_US: Final = 20_000
NO_SPEECH_LEVEL: Final = 1_600.0
"""RMS that noise is measured against where the caller says nothing: about -26 dBov, as people speak."""

_DRAWS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class LineSettings:
    """What a line does. `loss` is the fraction of frames that never arrive; `noise` is at the line's rate.

    `voice_to_noise` is the ratio of the voice's RMS, pauses left out, to that of the noise.
    """

    seed: str
    noise: Samples = field(default_factory=lambda: EMPTY)
    voice_to_noise: float = 1.0
    latency_us: int = 0
    jitter_us: int = 0
    loss: float = 0.0


def speech_level(utterances: Sequence[Samples], rate_hz: int) -> float:
    """The RMS of what is said, pauses before and after it left out; that of people where nothing is."""
    voiced = [part for samples in utterances if len(part := _voiced(samples, rate_hz))]
    if not voiced:
        return NO_SPEECH_LEVEL
    return _rms(np.concatenate(voiced))


@dataclass(frozen=True, slots=True)
class Carried:
    """A frame as it will sound, and those that arrive in the same 20 ms, in order."""

    sound: bytes
    arrived: tuple[bytes, ...]


class Line:
    """One call's way from the caller to the agent: a frame in, those that arrive by then out."""

    def __init__(self, settings: LineSettings, audio: AudioFormat, voice_level: float) -> None:
        self._settings = settings
        self._audio = audio
        self._draws = Identity(settings.seed)
        self._size = audio.size_of(FRAME_US) // audio.sample_bytes
        self._silence = np.zeros(self._size, np.int16)
        self._noise = _leveled(settings.noise, voice_level / settings.voice_to_noise)
        self._under_way: deque[tuple[int, bytes]] = deque()
        self._arrived = -1  # the tick in which the last frame so far arrives
        self._entered = 0

    @property
    def evened_out_us(self) -> int:
        """How long after a frame goes in a listener with a buffer for all jitter hears it."""
        settings = self._settings
        return -(-(settings.latency_us + settings.jitter_us) // FRAME_US) * FRAME_US

    def carry(self, frame: bytes) -> Carried:
        """Take the next frame in."""
        number = self._entered
        self._arrived = self.arrives(number)
        self._entered += 1
        changed = self._worked_on(frame, number)
        self._under_way.append((self._arrived, changed))
        out = []
        while self._under_way and self._under_way[0][0] <= number:
            out.append(self._under_way.popleft()[1])
        return Carried(changed, tuple(out))

    def heard(self, sound: bytes) -> Samples:
        """The samples of a frame."""
        return decode(sound, self._audio)

    def arrives(self, number: int) -> int:
        """The number of the 20 ms in which a frame that is next, or will be soon, arrives."""
        at = self._arrived
        for each in range(self._entered, number + 1):
            at = max(at, each + -(-self._delay_us(each) // FRAME_US))
        return at

    def delayed_us(self, at_us: int) -> int:
        """When a moment of what is going in, counted from the first frame, comes out."""
        number = at_us // FRAME_US
        return at_us + (self.arrives(number) - number) * FRAME_US

    def _delay_us(self, number: int) -> int:
        jitter_us = self._settings.jitter_us
        return self._settings.latency_us + (self._drawn("late", number) * (jitter_us + 1) // _DRAWS)

    def _worked_on(self, frame: bytes, number: int) -> bytes:
        if self._drawn("lost", number) < self._settings.loss * _DRAWS:
            return encode(self._silence, self._audio)
        if not len(self._noise):
            return frame
        start = number * self._size
        behind = np.take(self._noise, range(start, start + self._size), mode="wrap")
        mixed = decode(frame, self._audio).astype(np.float64) + behind
        return encode(np.clip(np.rint(mixed), -32_768, 32_767).astype(np.int16), self._audio)

    def _drawn(self, what: str, number: int) -> int:
        return int.from_bytes(self._draws.digest(what, number)[:4])


def _voiced(samples: Samples, rate_hz: int) -> Samples:
    span = voiced_span(samples, rate_hz)
    if span is None:
        return EMPTY
    return samples[position_at(span[0], rate_hz) : position_at(span[1], rate_hz)]


def _leveled(noise: Samples, level: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    own = _rms(noise) if len(noise) else 0.0
    return noise.astype(np.float64) * (level / own) if own else np.zeros(0)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))
