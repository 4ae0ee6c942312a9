"""Arbitrary clients of the Realtime server: whatever they send, the protocol holds.

Every frame that the server sends is judged as it is sent (shape, keys, order); here are the clients.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from support_realtime import Line, LiteralAgent, call_of, quiet, speech, tone
from turnspec.adapters.realtime.server import Policy
from turnspec.audio.codecs import encode
from turnspec.call import PCM_24K
from turnspec.call.events import ProtocolFault, ResponseEnded, ResponseStarted
from turnspec.doubles.agent.reply import Reply

MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LOUD = np.concatenate([tone(60_000), quiet(20_000)])
TOOLS = [{"type": "function", "name": "save", "parameters": {"type": "object"}}]


def payload(*parts: Any) -> str:
    """Base64 of 24 kHz audio."""
    return base64.b64encode(encode(np.concatenate(parts), PCM_24K)).decode()


AUDIO = {
    "loud": payload(tone(120_000)),
    "quiet": payload(quiet(250_000)),
    "turn": payload(tone(300_000), quiet(300_000)),
    "half a sample": base64.b64encode(b"\x01\x02\x03").decode(),
    "nothing": "",
}
REPLIES = (
    Reply("at once", text="One two three.", audio=speech(300_000)),
    Reply("paced", text="Four five six seven.", audio=speech(900_000), pace_percent=100),
    Reply("four times", text="Eight.", audio=speech(600_000), pace_percent=400, first_audio_us=200_000),
    Reply("calls", text="Saving.", audio=speech(100_000), calls=(call_of("save", n=1), call_of("save", n=2))),
    Reply("stubborn", text="Read this.", audio=speech(700_000), pace_percent=100, interruptible=False),
    Reply("failed", text="Never said.", fails_with="server_error"),
    Reply("silent"),
    Reply("text", text="Nine."),
)


class Endless(LiteralAgent):
    """An agent with something to say for ever."""

    def __init__(self, first: int) -> None:
        super().__init__(following=Reply("then", text="Saved."), missing_us=[0, 900_000, 0, 900_000])
        self._next = first

    def answer(self, heard: Any, functions: frozenset[str]) -> Reply:
        """The next reply, round and round."""
        self.heard.append(heard)
        self.offered.append(functions)
        self._next += 1
        return REPLIES[self._next % len(REPLIES)]


ITEM_IDS = st.sampled_from(["a", "b", "c", "root", "item_none"])


def event(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Events of a kind."""
    ids = st.none() | st.sampled_from(["e1", "e2"])
    return st.fixed_dictionaries({"type": st.just(kind), "event_id": ids, **fields})


MESSAGES = st.builds(
    lambda item_id, role, part: {"type": "message", "role": role, "content": [part], **item_id},
    st.fixed_dictionaries({}, optional={"id": ITEM_IDS}),
    st.sampled_from(["user", "system", "assistant"]),
    st.sampled_from(
        [
            {"type": "input_text", "text": "hi"},
            {"type": "output_text", "text": "ho"},
            {"type": "input_audio", "audio": "loud"},
            {"type": "output_audio", "transcript": "ho"},
        ]
    ),
)
CALLS = st.sampled_from(
    [
        {"type": "function_call", "name": "save", "arguments": "{}", "call_id": "c1"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "function_call_output", "call_id": "of the reply", "output": "1"},
        {"type": "mcp_approval_response", "id": "m", "approval_request_id": "x", "approve": False},
    ]
)


def any_of(**values: Iterable[Any]) -> list[dict[str, Any]]:
    """Every dictionary that has some of these keys: one of them is drawn at once, which is cheap."""
    found: list[dict[str, Any]] = [{}]
    for key, each in values.items():
        found += [{**before, key: value} for before in found for value in each]
    return found


DETECTIONS = (
    None,
    {"type": "server_vad"},
    {"type": "server_vad", "create_response": False, "silence_duration_ms": 60},
    {"type": "server_vad", "interrupt_response": False, "threshold": 0.9},
    {"type": "server_vad", "idle_timeout_ms": 5000},
    {"type": "semantic_vad", "eagerness": "high"},
)
FORMATS = ({"type": "audio/pcm", "rate": 24000}, {"type": "audio/pcmu"}, {"type": "audio/pcma"})
INPUT = any_of(
    turn_detection=DETECTIONS,
    format=FORMATS,
    transcription=(None, {"model": "whisper-1"}, {"language": "en"}),
)
OUTPUT = any_of(format=FORMATS, voice=("ash", "marin"), speed=(0.5, 1.5))
WORDS = any_of(
    output_modalities=(["audio"], ["text"], None),
    instructions=(None, "", "Be brief."),
    max_output_tokens=(1, 4, 9, "inf", None),
)
CHOSEN = any_of(
    tools=([], TOOLS, None, [{"type": "mcp", "server_label": "s"}]),
    tool_choice=("auto", "none", {"type": "function", "name": "save"}),
)
SESSIONS = st.builds(
    lambda words, chosen, audio: {
        "type": "realtime",
        **words,
        **chosen,
        **({"audio": audio} if audio else {}),
    },
    st.sampled_from(WORDS),
    st.sampled_from(CHOSEN),
    st.sampled_from([{}, *({"input": each} for each in INPUT), *({"output": each} for each in OUTPUT)])
    | st.builds(
        lambda heard, spoken: {"input": heard, "output": spoken},
        st.sampled_from(INPUT),
        st.sampled_from(OUTPUT),
    ),
)
INPUTS = st.lists(st.just({"type": "item_reference", "id": "a"}) | MESSAGES, max_size=2)
PARAMS = st.builds(
    lambda asked, given: {**asked, **given},
    st.sampled_from(
        any_of(
            conversation=("auto", "none", None),
            output_modalities=(["audio"], ["text"]),
            max_output_tokens=(1, 3, 8, "inf"),
            metadata=(None, {}, {"k": "v"}),
        )
    ),
    st.fixed_dictionaries({}, optional={"input": st.none() | INPUTS}),
)
EVENTS = st.one_of(
    event("session.update", session=SESSIONS),
    event("input_audio_buffer.append", audio=st.sampled_from(sorted(AUDIO))),
    event("input_audio_buffer.append", audio=st.just("turn")),
    event("input_audio_buffer.commit"),
    event("input_audio_buffer.clear"),
    event("conversation.item.create", item=MESSAGES | CALLS, previous_item_id=st.none() | ITEM_IDS),
    event("conversation.item.retrieve", item_id=ITEM_IDS),
    event("conversation.item.delete", item_id=ITEM_IDS),
    event(
        "conversation.item.truncate",
        item_id=ITEM_IDS,
        content_index=st.sampled_from([0, 0, 1]),
        audio_end_ms=st.sampled_from([0, 40, 90, 5000]),
    ),
    event("response.create", response=st.none() | PARAMS),
    event("response.create", response=st.none() | PARAMS),
    event("response.cancel", response_id=st.none() | st.just("resp_none")),
)
# Ids that only the server knows are put in while the session goes on: the last of the kind that it named.
LATEST = {"item_id": "the last item", "response_id": "the last response", "call_id": "of the reply"}
WAITS = st.sampled_from([0, 0, 20_000, 150_000, 1_000_000, 6_000_000])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """An event with something in it taken out, replaced or added, at any depth."""
    written = json.loads(json.dumps(draw(EVENTS)))
    place = written
    while inner := [value for value in place.values() if isinstance(value, dict)]:
        if not draw(st.booleans()):
            break
        place = draw(st.sampled_from(inner))
    keys = sorted(place)
    key = draw(st.sampled_from(keys) if keys else st.just("extra"))
    match draw(st.sampled_from(["drop", "replace", "add"])):
        case "drop":
            place.pop(key, None)
        case "replace":
            place[key] = draw(JSON)
        case _:
            place[draw(st.text(min_size=1, max_size=5))] = draw(JSON)
    return json.dumps(written)


class Client:
    """A client on a line, which knows the ids that the server has named."""

    def __init__(self, first: int, policy: Policy) -> None:
        self.line = Line(Endless(first), policy=policy)
        self._known: dict[str, str] = {}

    def send(self, event: Mapping[str, Any] | str | bytes, *, aims: bool) -> list[dict[str, Any]]:
        """Send an event, at what the server named last if `aims`."""
        if isinstance(event, Mapping):
            event = _sounding(self._aimed(event) if aims else event)
        answer = self.line.send(event)
        for sent in answer:
            self._learn(sent)
        return answer

    def later(self, duration_us: int) -> None:
        """Let time pass."""
        for sent in self.line.later(duration_us):
            self._learn(sent)

    def _aimed(self, event: Mapping[str, Any]) -> dict[str, Any]:
        aimed = {key: self._known.get(key, value) for key, value in event.items()}
        if "call_id" in event.get("item", {}):
            aimed["item"] = {**event["item"], "call_id": self._known.get("call_id", "c1")}
        return aimed

    def _learn(self, event: Mapping[str, Any]) -> None:
        for key in LATEST:
            if isinstance(event.get(key), str):
                self._known[key] = event[key]
        if "item" in event:
            self._known["item_id"] = event["item"]["id"]
        if event["type"] == "response.created":
            self._known["response_id"] = event["response"]["id"]


def _sounding(document: Any) -> Any:
    """The same with audio where its name stands, which keeps what fails readable."""
    if isinstance(document, Mapping):
        return {
            key: AUDIO.get(value, value) if key == "audio" and isinstance(value, str) else _sounding(value)
            for key, value in document.items()
        }
    return [_sounding(each) for each in document] if isinstance(document, list) else document


STEPS = st.lists(
    st.tuples(WAITS, EVENTS | mutated() | st.text(max_size=8) | st.binary(max_size=8), st.booleans()),
    min_size=1,
    max_size=10,
)
POLICIES = st.sampled_from([Policy(), Policy(), Policy(item_done_first=False, lifetime_us=9_000_000)])


DEAF = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


@MANY
@given(st.integers(0, 7), POLICIES, STEPS)
def test_whatever_a_client_sends_the_protocol_holds(
    first: int, policy: Policy, steps: list[tuple[int, Any, bool]]
) -> None:
    """No exception; every frame is answered, is audio, or comes too late; every response ends, once."""
    client = Client(first, policy)
    line = client.line
    for wait_us, sent, aims in steps:
        client.later(wait_us)
        over = line.closed is not None
        answer = client.send(sent, aims=aims)
        assert (answer == []) if over else (answer or _is_audio(sent))
    if line.closed is None:  # else an idle time-out would begin one response after the other
        line.send({"type": "session.update", "session": DEAF})
    client.later(20_000_000)

    started = [event.response_id for event in line.witness.of(ResponseStarted)]
    ended = [event.response_id for event in line.witness.of(ResponseEnded)]
    assert sorted(set(ended)) == sorted(ended)
    if line.closed is None:
        line.judge.over()
        assert sorted(started) == sorted(ended)


def _is_audio(sent: Any) -> bool:
    return (isinstance(sent, dict) and sent["type"].endswith("append")) or (
        isinstance(sent, str) and "input_audio_buffer.append" in sent
    )


@MANY
@given(mutated() | st.text(max_size=40) | st.binary(max_size=40) | JSON.map(json.dumps))
def test_what_is_malformed_is_an_error_and_changes_nothing(sent: str | bytes) -> None:
    """Whatever is refused leaves the session, the conversation and the buffer as they were."""
    line = Line(Endless(0))
    line.news()
    before = _state(line)
    answer = line.send(sent)

    errors = [event for event in answer if event["type"] == "error"]
    if errors:
        assert len(answer) == 1
        assert _state(line) == before
        crossed = errors[0]["error"]["code"] == "response_cancel_not_active"
        assert len(line.witness.of(ProtocolFault)) == (0 if crossed else 1)


def _state(line: Line) -> object:
    exchange = line.server._exchange
    buffer = line.server._listening._buffer
    items = [(entry.id, bytes(entry.audio), dict(entry.document)) for entry in exchange.conversation.entries]
    return (exchange.session, items, buffer.held_us, buffer.end_us, line.server._responses.busy)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=4_000), max_size=8),
    st.sampled_from(["audio/pcm", "audio/pcmu", "audio/pcma"]),
)
def test_the_buffer_holds_what_was_appended(chunks: list[bytes], name: str) -> None:
    """However audio is cut, a commit has all of it and leaves nothing; positions count every sample."""
    agent = LiteralAgent()
    line = Line(agent)
    line.configure(audio={"input": {"format": {"type": name}, "turn_detection": None}})
    for chunk in chunks:
        line.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(chunk).decode()})
    size = 2 if name == "audio/pcm" else 1
    whole = b"".join(chunks)
    whole = whole[: len(whole) - len(whole) % size]
    buffer = line.server._listening._buffer
    length_us = len(whole) * 1_000_000 // (48_000 if size == 2 else 8_000)
    assert {buffer.held_us, buffer.end_us} <= {length_us, length_us + 1}  # one rounds, one does not
    answer = line.send({"type": "input_audio_buffer.commit"})

    if buffer.end_us < 100_000:
        assert answer[0]["error"]["code"] == "input_audio_buffer_commit_empty"
        return
    retrieved = line.send({"type": "conversation.item.retrieve", "item_id": answer[0]["item_id"]})[0]
    assert base64.b64decode(retrieved["item"]["content"][0]["audio"]) == whole
    assert buffer.held_us == 0


@pytest.mark.parametrize("pace", [None, 100, 150, 400])
@pytest.mark.parametrize("length_us", [1, 99_999, 100_000, 730_000])
def test_all_of_the_audio_is_sent_at_every_pace(pace: int | None, length_us: int) -> None:
    """The deltas add up to the recording, in time for its playing, and not earlier than the pace says."""
    reply = Reply("r", text="Some words here.", audio=speech(max(length_us, 125)), pace_percent=pace)
    line = Line(LiteralAgent([reply]))
    line.say("Hello")
    line.wait(2_000_000)

    sent = [
        (at, len(base64.b64decode(json.loads(frame)["delta"])))
        for at, frame in zip(line.times, line.sent, strict=True)
        if '"response.output_audio.delta"' in frame
    ]
    until = 0
    for at_us, size in sent:
        starts_us = PCM_24K.duration_us(until)
        until += size
        assert at_us <= starts_us, "no gap in playing"
        if pace is not None:
            assert at_us * pace >= (starts_us - 100_000) * 100 - pace, "no faster than that"
    assert until == len(speech(max(length_us, 125)).pcm) * 3
