"""A literal agent, a witness, and the judges of what a Realtime server sends."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, Field, TypeAdapter

from support_realtime_order import ID_FORM, SequenceJudge
from turnspec.adapters.realtime.server import OPENAI, Close, Output, Policy, RealtimeServer
from turnspec.adapters.realtime.wire import elided
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.audio.codecs import encode
from turnspec.audio.samples import Samples, samples_of, track_of
from turnspec.call import PCM_24K, AudioFormat, Identity, Track
from turnspec.call.events import Event, Side
from turnspec.call.evidence import WIRE_FILE
from turnspec.doubles.agent.reply import FunctionCall, FunctionResult, Heard, Reply
from turnspec.doubles.agent.session import NO_WISHES, SessionWishes
from turnspec.doubles.realtime.mind import ScriptedMind

IDENTITY = Identity("7/realtime/test/0/1")


def tone(duration_us: int, rate_hz: int = 24_000, amplitude: int = 8_000) -> Samples:
    """A buzz that sounds from its first to its last millisecond."""
    at = np.arange(duration_us * rate_hz // 1_000_000)
    return np.asarray(amplitude * np.sin(2 * math.pi * 200 * (at + 0.5) / rate_hz), np.int16)


def quiet(duration_us: int, rate_hz: int = 24_000) -> Samples:
    """Digital silence."""
    return np.zeros(duration_us * rate_hz // 1_000_000, np.int16)


def frames(samples: Samples, audio_format: AudioFormat, size_us: int = 20_000) -> Iterator[bytes]:
    """The samples on the wire, 20 ms at a time."""
    data = encode(samples, audio_format)
    size = audio_format.size_of(size_us)
    for start in range(0, len(data), size):
        yield data[start : start + size]


def speech(duration_us: int, rate_hz: int = 8_000) -> Track:
    """A recording for a reply."""
    return track_of(tone(duration_us, rate_hz), rate_hz)


@dataclass
class LiteralAgent:
    """Answers with the replies that it was given, in order, and remembers what it heard."""

    replies: list[Reply] = field(default_factory=list)
    greeting: Reply | None = None
    following: Reply | None = None
    words: str | None = "hello there"
    heard: list[Heard] = field(default_factory=list)
    speech: list[Track] = field(default_factory=list)
    offered: list[frozenset[str]] = field(default_factory=list)
    results: list[Mapping[str, str]] = field(default_factory=list)
    missing_us: list[int] = field(default_factory=list)  # of each utterance that is judged, in order
    session: SessionWishes = NO_WISHES

    @property
    def own_functions(self) -> frozenset[str]:
        """None."""
        return frozenset()

    def greet(self) -> Reply | None:
        """What was given as greeting."""
        return self.greeting

    def hear_audio(self, speech: Track) -> Heard:
        """Always the same words."""
        self.speech.append(speech)
        missing_us = self.missing_us.pop(0) if self.missing_us else 0
        return Heard(self.words, "known clip", score=0.9, missing_us=missing_us)

    def answer(self, heard: Heard, functions: frozenset[str]) -> Reply:
        """The next reply."""
        self.heard.append(heard)
        self.offered.append(functions)
        return self.replies.pop(0)

    def follow(self, reply: Reply, results: Mapping[str, str]) -> Reply | None:
        """What was given to follow."""
        assert reply.calls
        self.results.append(results)
        return self.following

    def run_function(self, call: FunctionCall) -> FunctionResult:
        """Never asked here: the client runs functions."""
        raise AssertionError(call)

    def idle(self, silent_us: int, times: int) -> Reply | None:
        """Nothing."""
        assert silent_us > 0
        assert times >= 0
        return None

    def idle_after_us(self) -> int | None:
        """Never."""
        return None


def call_of(name: str, **arguments: Any) -> FunctionCall:
    """A function call."""
    return FunctionCall(name, arguments)


# What live servers send and the SDK's models do not declare.
KNOWN_EXTRAS = {"session.id", "session.object", "session.expires_at"}
# What the models leave optional and clients depend on: the keys are there, if with null.
IN_PRACTICE: dict[str, tuple[str, ...]] = {
    "error.error": ("type", "code", "message", "param", "event_id"),
    "conversation.item.added": ("previous_item_id",),
    "conversation.item.done": ("previous_item_id",),
    "input_audio_buffer.committed": ("previous_item_id",),
    "conversation.item.input_audio_transcription.delta": ("content_index", "delta"),
    "response.function_call_arguments.done": ("name",),
}
OF_RESPONSES = (
    "object",
    "id",
    "status",
    "status_details",
    "output",
    "conversation_id",
    "output_modalities",
    "max_output_tokens",
    "audio",
    "usage",
    "metadata",
)
OF_SESSIONS = (
    "type",
    "object",
    "id",
    "model",
    "output_modalities",
    "instructions",
    "tools",
    "tool_choice",
    "max_output_tokens",
    "audio",
    "expires_at",
    "truncation",
    "tracing",
    "prompt",
    "include",
)
OF_ITEMS = {
    "message": ("id", "status", "role", "content"),
    "function_call": ("id", "status", "call_id", "name", "arguments"),
    "function_call_output": ("id", "status", "call_id", "output"),
}
LARGEST_FRAME = 1024 * 1024  # what clients take, unless they are told to take more


@cache
def _union(*, beta: bool) -> TypeAdapter[Any]:
    if beta:
        return TypeAdapter(Annotated[BetaServerEvent, Field(discriminator="type")])
    return TypeAdapter(Annotated[RealtimeServerEvent, Field(discriminator="type")])


def check_shape(frame: str, *, beta: bool = False) -> None:
    """Fail unless the frame is exactly an event of the official SDK: strict types, no unknown key."""
    event = _union(beta=beta).validate_json(frame, strict=True)
    unknown = set(_extras(event, "")) - KNOWN_EXTRAS
    assert not unknown, f"{event.type}: unknown keys {sorted(unknown)}"
    assert "retrieved" in event.type or len(frame.encode()) < LARGEST_FRAME, f"{event.type}: too large"
    if not beta:
        _check_practice(json.loads(frame))


def _check_practice(event: Mapping[str, Any]) -> None:
    kind = event["type"]
    for place, keys in IN_PRACTICE.items():
        if place.partition(".error")[0] == kind or place == kind:
            _check_keys(event["error"] if place == "error.error" else event, keys, kind)
    assert ID_FORM.fullmatch(event["event_id"]) or event["event_id"] == "event_refused"
    if "session" in event:
        _check_keys(event["session"], OF_SESSIONS, kind)
        assert isinstance(event["session"]["audio"]["output"]["voice"], str | dict)
    if "response" in event:
        _check_keys(event["response"], OF_RESPONSES, kind)
    for item in [*([event["item"]] if "item" in event else []), *event.get("response", {}).get("output", [])]:
        _check_keys(item, OF_ITEMS.get(item["type"], ("id",)), kind)


def _check_keys(document: Mapping[str, Any], keys: Iterable[str], kind: str) -> None:
    missing = set(keys) - set(document)
    assert not missing, f"{kind}: no {sorted(missing)}"


def _extras(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name in value.model_extra or ():
            yield f"{path}.{name}".lstrip(".")
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _extras(item, path)


class FrameJudge:
    """Sees every frame that one server sends: its shape, what clients need of it, and its order.

    A witness may be shared by sessions that follow one another: each begins with `session.created`.
    """

    def __init__(self) -> None:
        self._sequence: SequenceJudge | None = None

    def take(self, frame: str) -> dict[str, Any]:
        """Fail at the first frame that a live server would not send; the event."""
        event: dict[str, Any] = json.loads(frame)
        if event["type"] == "session.created" or self._sequence is None:
            self._sequence = SequenceJudge(beta="input_audio_format" in event.get("session", {}))
        check_shape(frame, beta=self._sequence.beta)
        self._sequence.take(event)
        return event

    def over(self) -> None:
        """Fail if something is still open."""
        if self._sequence is not None:
            self._sequence.over()


def judged(frames_sent: Iterable[str], *, complete: bool = True) -> list[dict[str, Any]]:
    """The events of a recorded session, after every judge has seen every one."""
    judge = FrameJudge()
    events = [judge.take(frame) for frame in frames_sent]
    if complete:
        judge.over()
    return events


def judge_records(folder: Path) -> int:
    """Judge what Realtime doubles sent in the calls that are recorded below a folder; how many frames."""
    return sum(_judge_record(record.read_text("utf-8")) for record in folder.rglob(WIRE_FILE))


def _judge_record(record: str) -> int:
    if "session.created" not in record:
        return 0
    judges: dict[str, FrameJudge] = {}
    count = 0
    for line in record.splitlines():
        if '"direction":"out"' not in line or f'"side":"{Side.LINE}"' in line:
            continue
        written = json.loads(line)
        frame, side = written["frame"], written["side"]
        if side in judges or frame.startswith('{"type":"session.created"'):
            judges.setdefault(side, FrameJudge()).take(frame)
            count += 1
    return count


@dataclass
class ListWitness:
    """Keeps events and frames; its clock is set by hand."""

    at_us: int = 0
    events: list[Event] = field(default_factory=list)
    frames: list[tuple[Side, str, str]] = field(default_factory=list)
    _judge: FrameJudge = field(default_factory=FrameJudge, compare=False)

    def now_us(self) -> int:
        """The time set last."""
        return self.at_us

    def happened(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Keep it; what a double sends is judged at once."""
        if side is not Side.LINE and direction == "out":
            self._judge.take(text)
        self.frames.append((side, direction, text))

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]


def pcm(track: Track) -> Samples:
    """The samples of a track."""
    return samples_of(track)


class Line:
    """A client of the server machine by hand: events in, documents out, time in microseconds.

    Every frame that the server sends is judged when it is sent.
    """

    def __init__(
        self,
        agent: LiteralAgent,
        *,
        model: str = "gpt-realtime",
        policy: Policy = OPENAI,
        settings: Sequence[SessionPatch] = (),
        side: Side = Side.MODEL,
    ) -> None:
        self.witness = ListWitness()
        self.judge = FrameJudge()
        mind = ScriptedMind(agent, self.witness.happened, side)
        self.server = RealtimeServer(
            mind, self.witness, IDENTITY, model, side, policy=policy, settings=settings
        )
        self.now_us = 0
        self.sent: list[str] = []
        self.times: list[int] = []
        self.closed: Close | None = None
        self.tape: list[tuple[int, str, str]] = []  # time, `>` from or `<` to the client, frame without audio
        self._taken = 0
        self._keep(self.server.open(0))

    def send(self, event: Mapping[str, Any] | str | bytes) -> list[dict[str, Any]]:
        """Send one event now; what came back, and what had come before."""
        self._say(event if isinstance(event, str | bytes) else json.dumps(event, separators=(",", ":")))
        return self.news()

    def _say(self, frame: str | bytes) -> None:
        self.tape.append((self.now_us, ">", elided(frame)))
        self._keep(self.server.receive(frame, self.now_us))

    def configure(self, **session: Any) -> dict[str, Any]:
        """Update the session; the answer."""
        return self.send({"type": "session.update", "session": {"type": "realtime", **session}})[-1]

    def write(self, text: str) -> list[dict[str, Any]]:
        """Say something in text."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        return self.send({"type": "conversation.item.create", "item": item})

    def say(self, text: str) -> list[dict[str, Any]]:
        """A text turn."""
        before = self.write(text)
        return before + self.send({"type": "response.create"})

    def hear(self, samples: Samples, audio_format: AudioFormat = PCM_24K) -> list[dict[str, Any]]:
        """Let 20 ms of audio arrive every 20 ms."""
        for frame in frames(samples, audio_format):
            self.wait(20_000)
            payload = base64.b64encode(frame).decode()
            self._say(f'{{"type":"input_audio_buffer.append","audio":"{payload}"}}')
        return self.news()

    def wait(self, duration_us: int) -> list[dict[str, Any]]:
        """Let time pass; what came meanwhile stays until asked for."""
        until_us = self.now_us + duration_us
        while (due_us := self.server.due_us) is not None and due_us <= until_us:
            self.now_us = due_us
            self._keep(self.server.advance(due_us))
        self.now_us = until_us
        return []

    def news(self) -> list[dict[str, Any]]:
        """What was sent since the last look."""
        new = [json.loads(frame) for frame in self.sent[self._taken :]]
        self._taken = len(self.sent)
        return new

    def later(self, duration_us: int) -> list[dict[str, Any]]:
        """Let time pass; what came meanwhile."""
        self.wait(duration_us)
        return self.news()

    def time_of(self, kind: str) -> int:
        """When the first event of this type was sent."""
        return next(
            at for at, frame in zip(self.times, self.sent, strict=True) if json.loads(frame)["type"] == kind
        )

    def news_of(self, kind: str) -> dict[str, Any]:
        """The last event of this type."""
        sent: list[dict[str, Any]] = [json.loads(frame) for frame in self.sent]
        return next(event for event in reversed(sent) if event["type"] == kind)

    def end(self, outputs: Iterable[Output]) -> None:
        """Keep what the server says of its own accord."""
        self._keep(outputs)

    def transcript(self) -> str:
        """Everything that went over the wire, an event a line; audio that the client streams is counted."""
        lines = []
        appended: list[str] = []
        for at_us, direction, frame in [*self.tape, (0, "", "")]:
            if direction == ">" and "input_audio_buffer.append" in frame:
                appended.append(frame)
                last_us = at_us
                continue
            if appended:
                lines.append(f"{last_us / 1e6:8.3f} > {appended[0]} (and {len(appended) - 1} more)")
                appended.clear()
            lines.append(f"{at_us / 1e6:8.3f} {direction} {frame}")
        return "\n".join(lines[:-1]) + "\n"

    def _keep(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            assert self.closed is None, "nothing is sent on a closed connection"
            if isinstance(output, Close):
                self.closed = output
                self.tape.append((self.now_us, "<", f"close {output.code} {output.reason}".rstrip()))
            else:
                self.judge.take(output.text)
                self.sent.append(output.text)
                self.times.append(self.now_us)
                self.tape.append((self.now_us, "<", elided(output.text)))


def types(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The types of events, repeated deltas written once."""
    kinds = [str(event["type"]) for event in events]
    return [kind for index, kind in enumerate(kinds) if not index or kind != kinds[index - 1]]
