"""A caller's line: what it does to the voice, and then to each frame, some late and some lost.

Frames are numbered from the beginning of the call, one for each 20 ms. Everything is a function of the
seed and of that number, so that a line does the same whenever it is asked.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from turnspec.audio.codecs import decode, encode
from turnspec.audio.conditions import FRAME_US, Conditioned, Conditions, Draws, alone
from turnspec.audio.samples import Samples, position_at, time_of
from turnspec.call import AudioFormat

__all__ = ["FRAME_US", "Carried", "EchoSettings", "Line", "LineSettings"]

_DRAWS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class EchoSettings:
    """The other side in this one's microphone: so much later, by this factor."""

    delay_us: int
    factor: float


@dataclass(frozen=True, slots=True)
class LineSettings:
    """What a line does to the voice, and by how much each frame is late."""

    seed: str
    conditions: Conditions = field(default_factory=Conditions)
    echo: EchoSettings | None = None
    latency_us: int = 0
    jitter_us: int = 0


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
        self._draws = Draws(settings.seed)
        self._plain = settings.conditions.nothing and settings.echo is None
        self._conditioned = Conditioned(settings.conditions, audio, voice_level, self._draws)
        self._under_way: deque[tuple[int, bytes]] = deque()
        self._arrived = -1  # the tick in which the last frame so far arrives
        self._entered = 0

    @property
    def echo_delay_us(self) -> int | None:
        """How long after the caller hears the agent it is in the caller's microphone; None: never."""
        return None if self._settings.echo is None else self._settings.echo.delay_us

    @property
    def evened_out_us(self) -> int:
        """How long after a frame goes in a listener with a buffer for all jitter hears it."""
        settings = self._settings
        return -(-(settings.latency_us + settings.jitter_us) // FRAME_US) * FRAME_US

    def carry(self, frame: bytes, heard: Samples | None = None) -> Carried:
        """Take the next frame in, while the caller hears (with the echo's delay) `heard` of the agent."""
        number = self._entered
        self._arrived = self.arrives(number)
        self._entered += 1
        changed = frame if self._plain else self._worked_on(frame, heard)
        self._under_way.append((self._arrived, changed))
        out = []
        while self._under_way and self._under_way[0][0] <= number:
            out.append(self._under_way.popleft()[1])
        return Carried(changed, tuple(out))

    def voice(self, samples: Samples) -> Samples:
        """What becomes of a voice on it, however late."""
        return alone(samples, self._settings.conditions, self._audio)

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
        rate_hz = self._audio.rate_hz
        position = position_at(at_us, rate_hz)
        out_us = at_us + time_of(self._conditioned.lands(position) - position, rate_hz)
        number = out_us // FRAME_US
        return out_us + (self.arrives(number) - number) * FRAME_US

    def _delay_us(self, number: int) -> int:
        jitter_us = self._settings.jitter_us
        return self._settings.latency_us + (self._draws.of("late", number) * (jitter_us + 1) // _DRAWS)

    def _worked_on(self, frame: bytes, heard: Samples | None) -> bytes:
        echo = None
        if heard is not None and self._settings.echo is not None and np.count_nonzero(heard):
            echo = np.rint(heard * self._settings.echo.factor).astype(np.int16)
        return encode(self._conditioned.feed(decode(frame, self._audio), echo), self._audio)
