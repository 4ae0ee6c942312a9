"""Whatever a Realtime server sends."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from support_realtime_client import BLOCK, CREATED, up
from turnspec.adapters.realtime import RealtimeOptions
from turnspec.adapters.realtime.client import RealtimeClient
from turnspec.adapters.realtime.closing import RACES
from turnspec.adapters.realtime.replies import Reaction
from turnspec.adapters.realtime.wire import decode
from turnspec.adapters.realtime.wire.server_frames import BETA, OTHERS, ServerEvent
from turnspec.call.events import AgentAudio, ProtocolFault
from turnspec.call.record import to_document

NAMES = st.sampled_from(["item_1", "item_2", "", "\ud800", "x" * 600])


WORDS = st.text(max_size=8)


AUDIO = st.binary(max_size=64).map(lambda data: base64.b64encode(data).decode()) | WORDS


NUMBERS = st.integers(-(2**70), 2**70) | st.floats() | st.none()


ANY = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "response_id": st.sampled_from(["resp_1", "resp_2"]),
    "item_id": NAMES,
    "output_index": st.just(0) | NUMBERS,
    "content_index": st.just(0) | NUMBERS,
    "delta": AUDIO,
    "text": WORDS,
    "transcript": WORDS,
    "call_id": NAMES,
    "arguments": WORDS,
    "name": st.none() | WORDS,
    "audio_start_ms": NUMBERS,
    "audio_end_ms": NUMBERS,
    "session": st.dictionaries(WORDS, ANY, max_size=2),
    "error": st.fixed_dictionaries(
        {"type": WORDS, "message": WORDS},
        optional={
            "code": st.sampled_from([*RACES, "invalid_value", ""]),
            "event_id": WORDS | st.just("turnspec_2"),
        },
    ),
    "item": st.fixed_dictionaries(
        {"id": NAMES, "type": st.sampled_from(["message", "function_call", "other"])},
        optional={"status": WORDS, "call_id": NAMES, "name": WORDS, "arguments": WORDS},
    ),
    "response": st.fixed_dictionaries(
        {
            "id": st.sampled_from(["resp_1", "resp_2"]),
            "status": st.sampled_from(["completed", "failed", "odd"]),
        },
        optional={"status_details": ANY, "output": st.lists(ANY, max_size=2)},
    ),
}


ACTED_ON = {
    kind: st.fixed_dictionaries(
        {"type": st.just(kind)} | {name: FIELDS[name] for name in model.model_fields if name != "type"}
    )
    for model in get_args(ServerEvent)
    for kind in get_args(model.model_fields["type"].annotation)
}


EVENTS = st.sampled_from(sorted(ACTED_ON)).flatmap(ACTED_ON.__getitem__)


OTHER = st.sampled_from(sorted({*OTHERS, *BETA, "no.such.event"})).map(lambda kind: {"type": kind})


@st.composite
def server_frames(draw: st.DrawFn) -> str | bytes:
    """A frame that a server might send: right, nearly right, or anything at all."""
    luck = draw(st.integers(0, 9))
    if luck == 0:
        return draw(st.text(max_size=20) | st.binary(max_size=20) | ANY.map(json.dumps))
    document = draw(OTHER if luck == 1 else EVENTS)
    if luck in (2, 3):
        document[draw(st.sampled_from(sorted(document)))] = draw(ANY)
    return json.dumps(document)


DEEDS = st.sampled_from(["began", "frame", "finished", "text", "ask", "return", "flush"])


class World:
    """A client, what a server sent it, and what may be said of every frame that it sends."""

    def __init__(self, options: RealtimeOptions) -> None:
        self.client = RealtimeClient(options, [BLOCK])
        self.format = options.audio_format
        self.now_us = 0
        self.arrived: dict[str, int] = {}
        self.cut: set[str] = set()
        self.deed("created", "")

    def deed(self, what: str, stream: str) -> None:
        """Let the engine do something."""
        client = self.client
        match what:
            case "created":
                self.judge(client.receive(json.dumps(CREATED), 0))
            case "began":
                self.judge(client.caller_began(self.now_us))
            case "frame":
                frame = client.send_audio(bytes(self.format.size_of(20_000)))
                assert frame is None or decode(frame).type == "input_audio_buffer.append"
            case "finished":
                self.judge(client.caller_finished())
            case "text":
                self.judge(client.send_text("Hello"))
            case "ask":
                self.judge(client.request_reply())
            case "return":
                self.judge(client.return_function(stream, "{}", self.now_us))
            case "flush":
                self.judge(client.playback_flushed(stream, self.now_us, self.now_us))

    def receive(self, frame: str | bytes) -> None:
        """Let the server send something."""
        self.judge(self.client.receive(frame, self.now_us))

    def judge(self, reaction: Reaction) -> None:
        """Events can be recorded; frames are valid; truncations are within what arrived, and come once."""
        for event in reaction.events:
            json.dumps(to_document(event), ensure_ascii=False).encode()
            if isinstance(event, AgentAudio):
                assert event.stream not in self.cut, "an item that was cut is not played"
                self.arrived[event.stream] = self.arrived.get(event.stream, 0) + event.size
        for frame in reaction.frames:
            told = json.loads(frame)
            assert decode(frame).type == told["type"]
            if told["type"] == "conversation.item.truncate":
                size = self.arrived.get(told["item_id"], 0)
                assert size, "never before the first audio"
                assert 0 <= told["audio_end_ms"] * 1000 <= self.format.duration_us(size)
                assert told["item_id"] not in self.cut, "an item is cut once"
                self.cut.add(told["item_id"])


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(["pcm", "pcmu", "pcma"]),
    listens=st.sampled_from(["server_vad", "semantic_vad", "none"]),
    steps=st.lists(
        st.tuples(st.integers(0, 2_000), server_frames() | DEEDS, st.sampled_from(["item_1", "item_2", ""])),
        max_size=12,
    ),
)
def test_whatever_a_server_sends(name: str, listens: str, steps: list[tuple[int, str | bytes, str]]) -> None:
    """No frame or order of frames raises; what is sent is always valid, and within what arrived."""
    world = World(RealtimeOptions.model_validate({"format": name, "turn_detection": listens}))
    deeds = {"began", "frame", "finished", "text", "ask", "return", "flush"}
    for later_ms, step, stream in steps:
        world.now_us += later_ms * 1000
        if isinstance(step, str) and step in deeds:
            world.deed(step, stream)
        else:
            world.receive(step)


@settings(max_examples=500, deadline=None)
@given(st.text() | st.binary() | ANY.map(json.dumps))
def test_what_is_no_event_is_a_fault(frame: str | bytes) -> None:
    """Bytes and texts that are no event of any version are each one fault, and nothing is sent."""
    reaction = up().receive(frame, 0)
    faults = [event for event in reaction.events if isinstance(event, ProtocolFault)]
    is_event = (
        isinstance(frame, str) and frame.startswith('{"') and isinstance(json.loads(frame).get("type"), str)
    )

    assert reaction.frames == ()
    assert is_event or len(faults) == 1
