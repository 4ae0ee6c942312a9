"""A telephone in memory and a witness that remembers, for tests of the Twilio ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from turnspec.adapters.twilio.caller import CallerEnd
from turnspec.audio.codecs import decode, encode
from turnspec.audio.files import load_clip
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K, Identity
from turnspec.call.events import AgentAudio, Event, FlushAsked, MarkSet, Side
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.twilio import TwilioBot
from turnspec.dsl import AgentScript
from turnspec.dsl.document import parse_document
from turnspec.dsl.reader import read_model
from turnspec.dsl.spans import Place
from turnspec.speech import Intents

E = TypeVar("E", bound=Event)
FRAME_US = 20_000
FRAME_BYTES = 160
SILENCE = b"\xff" * FRAME_BYTES
AUDIO = Path(__file__).parent.parent / "scenarios" / "audio"


def agent_script(text: str, folder: Path = AUDIO) -> AgentScript:
    """An agent script written in YAML, whose paths are relative to `folder`."""
    document = parse_document(text.encode(), "agent.yaml", folder)
    made, problems = read_model(AgentScript, document.data, Place(document.table))
    assert not document.problems
    assert not problems
    assert made is not None
    return made


def local_agent(text: str, utterances: Mapping[Path, str] | None = None) -> LocalAgent:
    """A local agent of a script written in YAML."""
    return LocalAgent(
        agent_script(text), intents=Intents({}), utterances=utterances, call={"from": "+15551234567"}
    )


def caller_clip(name: str) -> bytes:
    """A recording of the example project as it goes over a telephone line."""
    return encode(samples_of(load_clip(AUDIO / "caller" / f"{name}.flac", 8_000)), MULAW_8K)


def tone(duration_us: int, amplitude: int = 8_000) -> bytes:
    """A steady hum: sound that no recording knows."""
    count = MULAW_8K.size_of(duration_us)
    wave = (np.sin(np.arange(count) * 0.35) * amplitude).astype(np.int16)
    return encode(wave, MULAW_8K)


def loud_span(data: bytes) -> tuple[int, int]:
    """First and last loud sample of mu-law audio, told without any of turnspec's own measures."""
    loud = np.flatnonzero(np.abs(decode(data, MULAW_8K).astype(int)) > 700)
    return int(loud[0]), int(loud[-1])


@dataclass
class Notebook:
    """A witness that keeps everything; its clock is the running loop's."""

    events: list[Event] = field(default_factory=list)
    frames: list[tuple[Side, str, str]] = field(default_factory=list)
    began: float | None = None

    def now_us(self) -> int:
        """Microseconds since it was first asked."""
        now = asyncio.get_running_loop().time()
        if self.began is None:
            self.began = now
        return round((now - self.began) * 1_000_000)

    def happened(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Keep a frame."""
        self.frames.append((side, direction, text))

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]


class Phone:
    """A caller with a bot at the other end and a clock of its own: time passes only in `pass_time`."""

    def __init__(self, bot: Callable[[Callable[[Event], None]], TwilioBot]) -> None:
        self.events: list[Event] = []
        self.sent: list[tuple[int, str]] = []
        self.now_us = 0
        self._bot = bot(self.events.append)
        self._end = CallerEnd(Identity("phone"), {}, 102)
        self._playback = PlaybackClock(8_000)
        self._next_frame_us = FRAME_US
        self._queue = b""
        for frame in self._end.opening():
            self._give(frame)

    def say(self, data: bytes) -> int:
        """Queue mu-law audio behind what is queued; the call's time at which its first sample was spoken."""
        starts_us = self._next_frame_us - FRAME_US + len(self._queue) * 125
        self._queue += data
        return starts_us

    def press(self, digits: str) -> None:
        """Press keys now."""
        for digit in digits:
            self._give(self._end.dtmf(digit))

    def hang_up(self) -> None:
        """End the call."""
        self._give(self._end.stop())

    def pass_time(self, duration_us: int) -> None:
        """Let time pass: frames leave every 20 ms, the bot wakes when it wants to, marks come back."""
        until_us = self.now_us + duration_us
        while (due_us := self._soonest()) <= until_us:
            self.now_us = max(due_us, self.now_us)
            self._return_marks()
            if self._bot.next_wake_us is not None and self._bot.next_wake_us <= self.now_us:
                self._take(self._bot.wake(self.now_us))
            elif self._next_frame_us <= self.now_us:
                self._send_frame()
        self.now_us = until_us

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class that the bot reported."""
        return [event for event in self.events if isinstance(event, kind)]

    def frames(self, event: str) -> list[int]:
        """When the bot sent frames of one kind."""
        return [at_us for at_us, frame in self.sent if json.loads(frame)["event"] == event]

    @property
    def closed(self) -> bool:
        """Whether the bot has closed its socket."""
        return self._bot.closing

    def heard(self, from_us: int, to_us: int) -> bool:
        """Whether anything was heard between two moments."""
        return bool(self._playback.heard(from_us, to_us).any())

    def _soonest(self) -> int:
        moments = [self._next_frame_us, self._playback.next_due_us, self._bot.next_wake_us]
        return min(moment for moment in moments if moment is not None)

    def _send_frame(self) -> None:
        frame, self._queue = self._queue[:FRAME_BYTES], self._queue[FRAME_BYTES:]
        self._next_frame_us += FRAME_US
        self._give(self._end.media(frame + SILENCE[len(frame) :]))

    def _give(self, frame: str) -> None:
        self._take(self._bot.receive(frame, self.now_us))

    def _take(self, frames: list[str]) -> None:
        for frame in frames:
            self.sent.append((self.now_us, frame))
            for event in self._end.receive(frame, self.now_us):
                self._play(event)

    def _play(self, event: Event) -> None:
        match event:
            case AgentAudio():
                self._playback.enqueue(self.now_us, decode(event.data, MULAW_8K))
            case MarkSet():
                self._playback.mark(self.now_us, event.name)
                self._return_marks()
            case FlushAsked():
                for name in self._playback.flush(self.now_us).marks:
                    self._give(self._end.mark(name))
            case _:
                raise AssertionError(f"the bot sent something wrong: {event}")

    def _return_marks(self) -> None:
        for name in self._playback.due(self.now_us):
            self._give(self._end.mark(name))
