"""A literal agent, a witness, and the judges of what a Realtime server sends."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any

import numpy as np
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, Field, TypeAdapter

from turnspec.adapters.realtime.server import Close, Output, RealtimeServer
from turnspec.audio.codecs import encode
from turnspec.audio.samples import Samples, samples_of, track_of
from turnspec.call import PCM_24K, AudioFormat, Identity, Track
from turnspec.call.events import Event, Side
from turnspec.doubles.agent.reply import FunctionCall, FunctionResult, Heard, Reply
from turnspec.doubles.realtime.mind import ScriptedMind

IDENTITY = Identity("7/realtime/test/0/1")

# --- audio --------------------------------------------------------------------------------------


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


# --- the agent ----------------------------------------------------------------------------------


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
        return Heard(self.words, "known clip", score=0.9)

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
        raise AssertionError((silent_us, times))

    def idle_after_us(self) -> int | None:
        """Never."""
        return None


def call_of(name: str, **arguments: Any) -> FunctionCall:
    """A function call."""
    return FunctionCall(name, arguments)


@dataclass
class ListWitness:
    """Keeps events and frames; its clock is set by hand."""

    at_us: int = 0
    events: list[Event] = field(default_factory=list)
    frames: list[tuple[Side, str, str]] = field(default_factory=list)

    def now_us(self) -> int:
        """The time set last."""
        return self.at_us

    def happened(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Keep it."""
        self.frames.append((side, direction, text))

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]


# --- judges -------------------------------------------------------------------------------------

# What live servers send and the SDK's models do not declare.
KNOWN_EXTRAS = {"session.id", "session.object", "session.expires_at"}


@cache
def _union() -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[RealtimeServerEvent, Field(discriminator="type")])


def check_shape(frame: str) -> None:
    """Fail unless the frame is exactly an event of the official SDK: strict types, no unknown key."""
    event = _union().validate_json(frame, strict=True)
    unknown = set(_extras(event, "")) - KNOWN_EXTRAS
    assert not unknown, f"{event.type}: unknown keys {sorted(unknown)}"


def _extras(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name in value.model_extra or ():
            yield f"{path}.{name}".lstrip(".")
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _extras(item, path)


@dataclass
class _Item:
    previous: str | None
    output_index: int | None = None
    part: str | None = None  # the part that is open
    stage: str = "open"
    text: str = ""
    arguments: str = ""


class SequenceJudge:
    """One machine per response and one for the conversation; `take` fails at the first step out of order."""

    def __init__(self) -> None:
        self.event_ids: set[str] = set()
        self.chain: list[str] = []
        self.done_items: set[str] = set()
        self.responses: dict[str, dict[str, _Item]] = {}
        self.finished: set[str] = set()
        self.default: str | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """Check the next server event."""
        assert event["event_id"] not in self.event_ids, "event ids are used once"
        self.event_ids.add(event["event_id"])
        kind = event["type"]
        if kind.startswith("response."):
            self._response(kind.removeprefix("response."), event)
        elif kind == "conversation.item.added":
            self._added(event)
        elif kind == "conversation.item.done":
            assert event["item"]["id"] in self.chain, "done only after added"
            assert event["item"]["status"] in ("completed", "incomplete")
            assert event["item"]["id"] not in self.done_items, "done only once"
            self.done_items.add(event["item"]["id"])
        elif kind == "conversation.item.deleted":
            self.chain.remove(event["item_id"])

    def over(self) -> None:
        """Nothing may be left open."""
        assert set(self.responses) == self.finished, "every response has its response.done"
        assert set(self.chain) <= self.done_items, "every item is done"

    def _added(self, event: Mapping[str, Any]) -> None:
        item_id, previous = event["item"]["id"], event["previous_item_id"]
        assert item_id not in self.chain, "item ids are used once"
        if previous is None:
            self.chain.insert(0, item_id)
        else:
            assert previous in self.chain, "previous_item_id is an item of the conversation"
            self.chain.insert(self.chain.index(previous) + 1, item_id)

    def _response(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind in ("created", "done"):
            self._ends(kind, event["response"])
            return
        assert event["response_id"] in self.responses, "nothing before response.created"
        items = self.responses[event["response_id"]]
        assert event["response_id"] not in self.finished, "nothing after response.done"
        if kind == "output_item.added":
            assert event["output_index"] == len(items)
            assert event["item"]["status"] == "in_progress"
            items[event["item"]["id"]] = _Item(None, event["output_index"])
            return
        item_id = event["item"]["id"] if kind == "output_item.done" else event["item_id"]
        item = items[item_id]
        assert event["output_index"] == item.output_index
        self._step(kind, item, event)

    def _ends(self, kind: str, response: Mapping[str, Any]) -> None:
        if kind == "created":
            assert response["id"] not in self.responses
            assert (response["status"], response["output"], response["usage"]) == ("in_progress", [], None)
            if response["conversation_id"] is not None:
                assert self.default is None, "one response at a time in the conversation"
                self.default = response["id"]
            self.responses[response["id"]] = {}
            return
        assert response["id"] in self.responses, "response.done only after response.created"
        items = self.responses[response["id"]]
        assert [item["id"] for item in response["output"]] == list(items)
        assert all(item.stage == "done" for item in items.values()), "items are done before their response"
        self._check_done(response)
        self.finished.add(response["id"])
        self.default = None if self.default == response["id"] else self.default

    def _check_done(self, response: Mapping[str, Any]) -> None:
        status, details = response["status"], response["status_details"]
        assert (details is None) == (status == "completed")
        assert details is None or details["type"] == status
        usage = response["usage"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        for name in ("input", "output"):
            detail = usage[f"{name}_token_details"]
            assert usage[f"{name}_tokens"] == detail["text_tokens"] + detail["audio_tokens"]
        assert usage["input_token_details"]["cached_tokens"] <= usage["input_tokens"]

    def _step(self, kind: str, item: _Item, event: Mapping[str, Any]) -> None:
        match kind, item.stage:
            case "content_part.added", "open":
                item.part, item.stage = event["part"]["type"], "part"
            case "output_text.delta", "part" if item.part == "text":
                item.text += event["delta"]
            case "output_audio_transcript.delta", "part" if item.part == "audio":
                item.text += event["delta"]
            case "output_audio.delta", "part" if item.part == "audio":
                assert event["delta"]
            case "output_text.done", "part" if item.part == "text":
                assert event["text"] == item.text
                item.stage = "text done"
            case "output_audio.done", "part" if item.part == "audio":
                item.stage = "audio done"
            case "output_audio_transcript.done", "audio done":
                assert event["transcript"] == item.text
                item.stage = "text done"
            case "content_part.done", "text done":
                assert event["part"]["type"] == item.part
                item.stage = "part done"
            case "function_call_arguments.delta", "open":
                item.arguments += event["delta"]
            case "function_call_arguments.done", "open":
                assert event["arguments"] == item.arguments
                item.stage = "part done"
            case "output_item.done", "part done":
                item.stage = "done"
            case _:
                raise AssertionError(f"{kind} of an item that is {item.stage!r}")


def judged(frames_sent: Iterable[str], *, complete: bool = True) -> list[dict[str, Any]]:
    """The events of a recorded session, after every judge has seen every one."""
    judge = SequenceJudge()
    events = []
    for frame in frames_sent:
        check_shape(frame)
        event = json.loads(frame)
        judge.take(event)
        events.append(event)
    if complete:
        judge.over()
    return events


def pcm(track: Track) -> Samples:
    """The samples of a track."""
    return samples_of(track)


class Line:
    """A client of the server machine by hand: events in, documents out, time in microseconds."""

    def __init__(self, agent: LiteralAgent, *, model: str = "gpt-realtime") -> None:
        self.witness = ListWitness()
        mind = ScriptedMind(agent, self.witness.happened)
        self.server = RealtimeServer(mind, self.witness, IDENTITY, model)
        self.now_us = 0
        self.sent: list[str] = []
        self.times: list[int] = []
        self.closed: Close | None = None
        self._taken = 0
        self._keep(self.server.open(0))

    def send(self, event: Mapping[str, Any] | str | bytes) -> list[dict[str, Any]]:
        """Send one event now; what came back, and what had come before."""
        frame = event if isinstance(event, str | bytes) else json.dumps(event)
        self._keep(self.server.receive(frame, self.now_us))
        return self.news()

    def configure(self, **session: Any) -> dict[str, Any]:
        """Update the session; the answer."""
        return self.send({"type": "session.update", "session": {"type": "realtime", **session}})[-1]

    def say(self, text: str) -> list[dict[str, Any]]:
        """A text turn."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        before = self.send({"type": "conversation.item.create", "item": item})
        return before + self.send({"type": "response.create"})

    def hear(self, samples: Samples, audio_format: AudioFormat = PCM_24K) -> list[dict[str, Any]]:
        """Let 20 ms of audio arrive every 20 ms."""
        for frame in frames(samples, audio_format):
            self.wait(20_000)
            payload = base64.b64encode(frame).decode()
            event = {"type": "input_audio_buffer.append", "audio": payload}
            self._keep(self.server.receive(json.dumps(event), self.now_us))
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

    def _keep(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, Close):
                self.closed = output
            else:
                self.sent.append(output.text)
                self.times.append(self.now_us)


def types(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The types of events, repeated deltas written once."""
    kinds = [str(event["type"]) for event in events]
    return [kind for index, kind in enumerate(kinds) if not index or kind != kinds[index - 1]]
