"""Keys as tones in a call that is up: the caller's are sent as sound, the agent's are heard."""

from __future__ import annotations

from dataclasses import dataclass

from turnspec.audio.codecs import encode
from turnspec.audio.line import Line
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.tones import KeyDetector, pressed
from turnspec.call import AudioFormat, actions
from turnspec.call.events import AgentPressed, Origin
from turnspec.plan.model import CallPlan
from turnspec.run.line import delayed, late_us
from turnspec.run.messages import expectations_in
from turnspec.run.voice import Prepared


@dataclass(frozen=True, slots=True)
class Sounding:
    """Tones that are being sent: when they begin and end, and each of them, as they come out of the line."""

    turn: int
    speech_start_us: int
    speech_end_us: int
    ends: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Tones:
    """Keys ready to be sent, and the end of each of them from where they begin."""

    turn: int
    prepared: Prepared
    ends: tuple[tuple[str, int], ...]

    def sounding(self, from_us: int, way: Line | None, started_us: int) -> Sounding:
        """When they are heard if they are sent from a moment on."""
        spoken = self.prepared.spoken(from_us, self.turn, interrupts=False)
        ends = tuple((digit, from_us + end_us) for digit, end_us in self.ends)
        if way is not None:
            spoken = delayed(spoken, way, started_us)
            ends = tuple((digit, late_us(way, end_us, started_us)) for digit, end_us in ends)
        return Sounding(self.turn, spoken.speech_start_us, spoken.speech_end_us, ends)


def tones_of(action: actions.SendDigits, line: AudioFormat) -> Tones:
    """The sound of keys on a line."""
    assert action.tones is not None, "others are sent as events"
    made = pressed(action.digits, line.rate_hz, action.tones, action.every_us)
    begin_us = made.ends[0][1] - action.tones.duration_us if made.ends else 0
    prepared = Prepared(
        text=None,
        clip=None,
        origin=Origin.SCRIPTED,
        samples=made.samples,
        wire=encode(made.samples, line),
        speech_start_us=begin_us,
        speech_end_us=made.ends[-1][1] if made.ends else 0,
    )
    return Tones(action.turn, prepared, made.ends)


class KeyEar:
    """Hears which keys the agent presses as tones."""

    def __init__(self, playback: PlaybackClock) -> None:
        self._playback = playback
        self._detector = KeyDetector(playback.rate_hz)
        self._listened_us: int | None = None

    def listen(self, from_us: int, to_us: int, now_us: int) -> list[AgentPressed]:
        """Hear what played between two moments; the keys that are over."""
        if self._listened_us is not None:
            from_us = self._listened_us
        self._listened_us = to_us
        found = self._detector.feed(self._playback.heard(from_us, to_us))
        return [AgentPressed(at_us=now_us, digits=key.digit, in_band=True) for key in found]


def key_ear_of(plan: CallPlan, playback: PlaybackClock) -> KeyEar | None:
    """Who listens for the agent's keys; None where nothing in the call asks for such."""
    asked = (expect.dtmf for turn in plan.turns for expect in expectations_in(turn))
    return KeyEar(playback) if any(dtmf is not None for dtmf in asked) else None
