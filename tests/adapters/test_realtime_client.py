"""The engine as the user of a Realtime model: literal server frames in, frames and events out."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from support_examples_drawn import EXAMPLES
from turnspec.adapters.base import Adapter, Dial, Function, TakesTurns
from turnspec.adapters.realtime import ADAPTER, RealtimeOptions
from turnspec.adapters.realtime.client import RealtimeClient
from turnspec.adapters.realtime.closing import RACES, explained
from turnspec.adapters.realtime.opening import beta_session_of, session_of
from turnspec.adapters.realtime.replies import Reaction
from turnspec.adapters.realtime.shell import RealtimeCall, address, headers
from turnspec.adapters.realtime.wire import decode
from turnspec.adapters.realtime.wire.beta import Beta
from turnspec.adapters.realtime.wire.server_frames import BETA, OTHERS, ServerEvent
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.call import ALAW_8K, MULAW_8K, PCM_24K, AudioFormat, Capability, Identity, ReplyEnd, Source
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentSaid,
    AgentTruncated,
    CallerGuessed,
    CallerHeard,
    CallUp,
    FlushAsked,
    FunctionCalled,
    FunctionReturned,
    ProtocolFault,
    ResponseEnded,
    ResponseStarted,
    Side,
    TextBegan,
)
from turnspec.call.record import to_document
from turnspec.testing import RecordingWitness

CREATED = {"type": "session.created", "event_id": "e", "session": {"type": "realtime"}}
BLOCK = Function("block_card", "Block a card.", {"type": "object", "properties": {}})


def up(*functions: Function, **options: Any) -> RealtimeClient:
    """A client whose session exists."""
    client = RealtimeClient(RealtimeOptions(**options), functions)
    client.receive(json.dumps(CREATED), 0)
    return client


def got(client: RealtimeClient, at_us: int, *events: dict[str, Any]) -> Reaction:
    """What the client does about some server events."""
    reactions = [client.receive(json.dumps({"event_id": "e", **event}), at_us) for event in events]
    frames = tuple(frame for reaction in reactions for frame in reaction.frames)
    return Reaction(frames, tuple(event for reaction in reactions for event in reaction.events))


def sent(reaction: Reaction) -> list[str]:
    """The types of the frames, each of which is a valid client event."""
    return [decode(frame).type for frame in reaction.frames]


def started(response_id: str = "resp_1") -> dict[str, Any]:
    """A response began."""
    return {
        "type": "response.created",
        "response": {"id": response_id, "status": "in_progress", "output": []},
    }


def ended(response_id: str = "resp_1", status: str = "completed", **more: Any) -> dict[str, Any]:
    """A response is over."""
    response = {"id": response_id, "status": status, "status_details": None, "output": [], **more}
    return {"type": "response.done", "response": response}


def of_item(kind: str, item_id: str = "item_1", **more: Any) -> dict[str, Any]:
    """An event about an item of the response."""
    place = {"response_id": "resp_1", "item_id": item_id, "output_index": 0}
    return {"type": f"response.{kind}", **place, **more}


def audio(duration_ms: int, item_id: str = "item_1") -> dict[str, Any]:
    """An audio delta."""
    delta = base64.b64encode(bytes(duration_ms * 48)).decode()
    return of_item("output_audio.delta", item_id, content_index=0, delta=delta)


def called(call_id: str = "call_1", name: str = "block_card") -> tuple[dict[str, Any], ...]:
    """A function call from its item to its arguments."""
    item = {"id": f"item_{call_id}", "type": "function_call", "status": "in_progress"}
    item = {**item, "name": name, "call_id": call_id, "arguments": ""}
    added = {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": item}
    whole = {"call_id": call_id, "arguments": '{"last4":"4821"}'}
    return added, of_item("function_call_arguments.done", f"item_{call_id}", **whole)


class TestOpening:
    """From the socket to the session."""

    def test_the_call_is_up_when_the_session_is(self) -> None:
        """`session.created` brings the call up, and the engine's settings go out."""
        client = RealtimeClient(RealtimeOptions(instructions="Be kind."), [BLOCK])
        assert not client.is_up
        reaction = client.receive(json.dumps(CREATED), 81_000)

        assert reaction.events == (CallUp(at_us=81_000),)
        assert sent(reaction) == ["session.update"]
        session = json.loads(reaction.frames[0])["session"]
        assert session["tools"][0]["name"] == "block_card"
        assert session["instructions"] == "Be kind."
        assert client.is_up

    @pytest.mark.parametrize("modality", ["audio", "text"])
    def test_its_settings_are_valid_and_merge_into_any_server(self, modality: str) -> None:
        """What `session.update` says passes strict validation, in either modality."""
        options = RealtimeOptions.model_validate(
            {
                "modality": modality,
                "voice": "cedar",
                "transcription": {"language": "en"},
                "turn_detection": {"silence_duration_ms": 300},
            }
        )
        session = session_of(options, [BLOCK])

        patch = SessionPatch.model_validate(session)
        assert patch.output_modalities == [modality]
        assert patch.audio is not None
        assert (patch.audio.output is None) == (modality == "text")

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("ws://127.0.0.1:9/v1", "ws://127.0.0.1:9/v1/realtime?model=m"),
            ("http://127.0.0.1:9/v1/", "ws://127.0.0.1:9/v1/realtime?model=m"),
            ("wss://api.openai.com/v1/realtime", "wss://api.openai.com/v1/realtime?model=m"),
            ("wss://x/v1/realtime?model=other&a=b", "wss://x/v1/realtime?model=other&a=b"),
            ("wss://x/v1/realtime?call_id=c", "wss://x/v1/realtime?call_id=c"),
            ("https://x/openai/v1", "wss://x/openai/v1/realtime?model=m"),
            ("wss://x/openai/realtime?deployment=d", "wss://x/openai/realtime?deployment=d"),
        ],
    )
    def test_addresses_are_completed_as_the_sdk_does(self, url: str, expected: str) -> None:
        """A base URL gets `/realtime` and the model; a whole address stays."""
        assert address(url, "m") == expected


class TestSending:
    """The caller's side."""

    def test_audio_is_appended(self) -> None:
        """20 ms of 24 kHz audio in one event."""
        frame = up().send_audio(b"\1\2" * 480)

        assert frame is not None
        assert json.loads(frame) == {
            "type": "input_audio_buffer.append",
            "audio": base64.b64encode(b"\1\2" * 480).decode(),
        }

    def test_text_asks_for_a_reply(self) -> None:
        """The item, then the response."""
        reaction = up().send_text("Hello")

        assert sent(reaction) == ["conversation.item.create", "response.create"]
        assert json.loads(reaction.frames[0])["item"]["content"] == [{"type": "input_text", "text": "Hello"}]

    def test_text_over_a_response_waits_for_its_end(self) -> None:
        """The response is cancelled; the next one is only asked for when that is over."""
        client = up()
        got(client, 0, started())
        assert sent(client.send_text("No, wait")) == ["response.cancel", "conversation.item.create"]

        assert sent(got(client, 0, ended(status="cancelled"))) == ["response.create"]

    def test_one_request_at_a_time(self) -> None:
        """A second request waits for the response to the first."""
        client = up()
        assert sent(client.request_reply()) == ["response.create"]
        assert sent(client.request_reply()) == []
        assert sent(got(client, 0, started(), ended())) == ["response.create"]

    def test_a_request_that_crossed_another_response_is_repeated(self) -> None:
        """The server answered the caller's voice first: no fault, and the request comes again."""
        client = up()
        event_id = json.loads(client.request_reply().frames[0])["event_id"]
        code = "conversation_already_has_active_response"
        error = {"type": "invalid_request_error", "code": code, "message": "m", "event_id": event_id}
        reaction = got(client, 0, {"type": "error", "error": error}, started())
        assert not any(isinstance(event, ProtocolFault) for event in reaction.events)

        assert sent(got(client, 0, ended())) == ["response.create"]


class TestReplies:
    """What the model says."""

    def test_an_audio_reply(self) -> None:
        """Audio as it arrives, then the exact words with the length of all their audio."""
        client = up()
        delta = of_item("output_audio_transcript.delta", content_index=0, delta="Hel")
        done = of_item("output_audio_transcript.done", content_index=0, transcript="Hello.")
        item = {"id": "item_1", "type": "message", "status": "completed", "role": "assistant", "content": []}
        item_done = {"type": "response.output_item.done", "response_id": "resp_1", "item": item}
        first = got(client, 1000, started(), delta, audio(100))
        last = got(client, 2000, audio(60), done, item_done, ended())

        model = Side.MODEL
        assert first.events == (
            ResponseStarted(at_us=1000, side=model, response_id="resp_1"),
            AgentAudio(at_us=1000, format=PCM_24K, size=4800, stream="item_1"),
        )
        assert isinstance(first.events[1], AgentAudio)
        assert len(first.events[1].data) == 4800
        assert last.events == (
            AgentAudio(at_us=2000, format=PCM_24K, size=2880, stream="item_1"),
            AgentSaid(
                at_us=2000,
                side=model,
                response_id="resp_1",
                item_id="item_1",
                text="Hello.",
                began_us=1000,
                audio_us=160_000,
            ),
            ResponseEnded(at_us=2000, side=model, response_id="resp_1", status="completed"),
        )

    def test_a_text_reply(self) -> None:
        """The first delta is when text began; its words have no audio."""
        client = up(modality="text")
        deltas = [of_item("output_text.delta", content_index=0, delta=word) for word in ("Hel", "lo.")]
        events = got(client, 5, started(), *deltas, ended()).events

        assert TextBegan(at_us=5, side=Side.MODEL, response_id="resp_1") in events
        (said,) = (event for event in events if isinstance(event, AgentSaid))
        assert (said.text, said.audio_us) == ("Hello.", None)

    def test_a_cancelled_reply_says_why(self) -> None:
        """Status and reason are kept."""
        details = {"type": "cancelled", "reason": "turn_detected"}
        events = got(up(), 0, started(), ended(status="cancelled", status_details=details)).events

        assert events[-1] == ResponseEnded(
            at_us=0, side=Side.MODEL, response_id="resp_1", status="cancelled", reason="turn_detected"
        )

    def test_what_the_model_heard(self) -> None:
        """Input transcription is the model's account of the caller."""
        completed = {"type": "conversation.item.input_audio_transcription.completed", "item_id": "i"}
        events = got(up(), 0, {**completed, "content_index": 0, "transcript": "I lost my card"}).events

        assert events == (CallerHeard(at_us=0, side=Side.MODEL, text="I lost my card", source="protocol"),)


class TestFunctions:
    """Calls, outputs and the continuation."""

    def test_a_call_and_its_continuation(self) -> None:
        """The output goes back; the next response is asked for when the calling one is over."""
        client = up(BLOCK)
        (call,) = (e for e in got(client, 7, started(), *called()).events if isinstance(e, FunctionCalled))
        assert call == FunctionCalled(
            at_us=7,
            side=Side.MODEL,
            call_id="call_1",
            name="block_card",
            arguments='{"last4":"4821"}',
            response_id="resp_1",
        )
        returned = client.return_function("call_1", "{}", 9)
        assert returned.events == (FunctionReturned(at_us=9, side=Side.MODEL, call_id="call_1", output="{}"),)
        assert sent(returned) == ["conversation.item.create"]

        assert sent(got(client, 10, ended())) == ["response.create"]

    def test_two_calls_are_answered_together(self) -> None:
        """Only the last of a response's outputs asks for the continuation."""
        client = up(BLOCK)
        got(client, 0, started(), *called("call_1"), *called("call_2"), ended())

        assert sent(client.return_function("call_1", "1", 0)) == ["conversation.item.create"]
        assert sent(client.return_function("call_2", "2", 0)) == [
            "conversation.item.create",
            "response.create",
        ]

    def test_a_call_is_told_once(self) -> None:
        """Arguments, item and response repeat the call; it is one call."""
        client = up(BLOCK)
        item = {"id": "item_call_1", "type": "function_call", "status": "completed", "name": "block_card"}
        item = {**item, "call_id": "call_1", "arguments": "{}"}
        item_done = {"type": "response.output_item.done", "response_id": "resp_1", "item": item}
        events = got(client, 0, started(), *called(), item_done, ended(output=[item])).events

        assert len([event for event in events if isinstance(event, FunctionCalled)]) == 1


SPEECH = {"type": "input_audio_buffer.speech_started", "audio_start_ms": 10, "item_id": "item_9"}


class TestBargeIn:
    """Speaking over the model."""

    def test_playback_is_flushed_and_the_item_truncated(self) -> None:
        """While audio plays, the caller's voice flushes it; the model is told what was heard."""
        client = up()
        got(client, 0, started(), audio(1000), ended())
        assert got(client, 400_000, SPEECH).events == (FlushAsked(at_us=400_000),)

        cut = client.playback_flushed("item_1", 400_900, 400_000)
        assert json.loads(cut.frames[0]) == {
            "event_id": "turnspec_2",
            "type": "conversation.item.truncate",
            "item_id": "item_1",
            "content_index": 0,
            "audio_end_ms": 400,
        }
        truncated = {"type": "conversation.item.truncated", "item_id": "item_1", "content_index": 0}
        assert got(client, 500_000, {**truncated, "audio_end_ms": 400}).events == (
            AgentTruncated(at_us=500_000, side=Side.MODEL, item_id="item_1", heard_us=400_000),
        )

    def test_nothing_plays_nothing_is_flushed(self) -> None:
        """Speech after the reply was heard is an ordinary turn."""
        client = up()
        got(client, 0, started(), audio(1000), ended())

        assert got(client, 1_000_000, SPEECH).events == ()

    def test_never_more_than_arrived(self) -> None:
        """A playback that pads its end does not truncate beyond it."""
        client = up()
        got(client, 0, started(), audio(100), ended())
        cut = client.playback_flushed("item_1", 130_000, 0)

        assert json.loads(cut.frames[0])["audio_end_ms"] == 100

    def test_an_unknown_stream_is_not_truncated(self) -> None:
        """There is nothing to tell about it."""
        assert up().playback_flushed("item_7", 5, 0) == Reaction()


TRUNCATED = {"type": "conversation.item.truncated", "item_id": "i", "content_index": 0}
FAULTS = [
    (b"\0", "binary-frame"),
    ("{", "not-json"),
    ("[" * 100_000, "not-json"),
    ("[]", "no-type"),
    ('{"type": 1}', "no-type"),
    ('{"type": "response.text.delta"}', "beta-event"),
    (json.dumps({**TRUNCATED, "audio_end_ms": -1}), "invalid-event"),
    ('{"type": "response.done"}', "invalid-event"),
    (json.dumps({**SPEECH, "audio_start_ms": 1.5}), "invalid-event"),
    (json.dumps({**audio(20), "delta": "not base64"}), "wrong-base64"),
    (json.dumps({**audio(20), "delta": "AAAA"}), "half-sample"),
]


@pytest.mark.parametrize(("frame", "rule"), FAULTS, ids=range(len(FAULTS)))
def test_what_the_protocol_does_not_allow(frame: str | bytes, rule: str) -> None:
    """Each is a fault of the model's side with its rule."""
    events = up().receive(frame, 3).events
    faults = [event for event in events if isinstance(event, ProtocolFault)]

    assert [(fault.rule, fault.side, fault.at_us) for fault in faults] == [(rule, Side.MODEL, 3)]


def test_an_event_of_a_later_version_is_noted() -> None:
    """Servers add events: one that is not known is on the record, and nobody's fault."""
    events = got(up(), 3, {"type": "response.began", "more": [1]}).events

    (noted,) = (event for event in events if isinstance(event, AgentActivity))
    assert noted.name == "response.began"
    assert '"more": [1]' in noted.payload["frame"]
    assert len(events) == 1


@pytest.mark.parametrize(
    ("code", "is_fault"),
    [
        ("invalid_value", True),
        ("response_cancel_not_active", False),
        ("input_audio_buffer_commit_empty", True),
        (None, True),
    ],
)
def test_errors_are_faults_but_for_races(code: str | None, is_fault: bool) -> None:  # noqa: FBT001 # a table
    """An `error` event names its code; those that mere timing causes are no fault."""
    error = {"type": "server_error", "message": "m", "code": code, "param": None, "event_id": None}
    events = got(up(), 0, {"type": "error", "error": error}).events

    assert [event.rule for event in events if isinstance(event, ProtocolFault)] == (
        [code or "server_error"] if is_fault else []
    )


VAD_OFF = {"turn_detection": "none"}


class TestWithoutTurnDetection:
    """Nobody listens for the caller: the engine commits, and asks."""

    def test_the_session_says_so(self) -> None:
        """`turn_detection` is null, which is how the API turns it off."""
        session = session_of(RealtimeOptions.model_validate(VAD_OFF), [])

        assert session["audio"]["input"]["turn_detection"] is None

    def test_only_a_turn_is_sent(self) -> None:
        """Audio goes out from the beginning of the caller's turn to its end, then it is committed."""
        client = up(**VAD_OFF)
        assert client.send_audio(bytes(960)) is None
        assert client.caller_began(0) == Reaction()
        assert all(client.send_audio(bytes(960)) for _ in range(5))

        assert sent(client.caller_finished()) == ["input_audio_buffer.commit", "response.create"]
        assert client.send_audio(bytes(960)) is None
        assert client.caller_finished() == Reaction()

    @pytest.mark.parametrize(("name", "silence"), [("pcm", 0), ("pcmu", 0xFF), ("pcma", 0xD5)])
    def test_too_little_is_filled_up(self, name: str, silence: int) -> None:
        """Less than 100 ms cannot be committed: silence makes it as long."""
        client = up(**VAD_OFF, format=name)
        size = RealtimeOptions.model_validate({"format": name}).audio_format.size_of(20_000)
        client.caller_began(0)
        client.send_audio(bytes(size))
        reaction = client.caller_finished()

        assert sent(reaction) == [
            "input_audio_buffer.append",
            "input_audio_buffer.commit",
            "response.create",
        ]
        assert base64.b64decode(json.loads(reaction.frames[0])["audio"]) == bytes([silence]) * size * 4

    def test_speaking_over_the_model_stops_it(self) -> None:
        """What plays is flushed, the response cancelled, the item truncated; late audio is not played."""
        client = up(**VAD_OFF)
        got(client, 0, started(), audio(1000))
        began = client.caller_began(400_000)
        assert sent(began) == ["response.cancel"]
        assert began.events == (FlushAsked(at_us=400_000),)
        assert sent(client.playback_flushed("item_1", 400_000, 400_000)) == ["conversation.item.truncate"]

        late = got(client, 410_000, audio(200), ended(status="cancelled"))
        assert [event for event in late.events if isinstance(event, AgentAudio)] == []
        (said,) = (event for event in late.events if isinstance(event, AgentSaid))
        assert said.audio_us == 1_200_000

    def test_nobody_talks_over_the_caller(self) -> None:
        """A result that comes in the middle of the caller's turn asks for nothing: the turn's end does."""
        client = up(BLOCK, **VAD_OFF)
        got(client, 0, started(), *called(), ended())
        client.caller_began(0)
        assert sent(client.return_function("call_1", "{}", 0)) == ["conversation.item.create"]

        assert sent(client.caller_finished())[-2:] == ["input_audio_buffer.commit", "response.create"]

    def test_text_after_speech_hands_the_speech_over_first(self) -> None:
        """The items are in the order in which the caller made them."""
        client = up(**VAD_OFF)
        client.caller_began(0)
        client.send_audio(bytes(4800))

        assert sent(client.send_text("And this.")) == [
            "input_audio_buffer.commit",
            "conversation.item.create",
            "response.create",
        ]

    def test_with_turn_detection_nothing_is_told(self) -> None:
        """A server that listens is left to it."""
        client = up()
        assert client.caller_began(0) == Reaction()
        assert client.send_audio(bytes(960)) is not None
        assert client.caller_finished() == Reaction()

    def test_a_server_that_only_listens_is_asked(self) -> None:
        """With `create_response: false` each turn that the server found is followed by a request."""
        committed = {"type": "input_audio_buffer.committed", "item_id": "i", "previous_item_id": None}
        asks = up(turn_detection={"create_response": False})

        assert sent(got(asks, 0, committed)) == ["response.create"]
        assert sent(got(up(), 0, committed)) == []
        assert sent(got(up(**VAD_OFF), 0, committed)) == []


FORMATS = [("pcm", PCM_24K, 4800), ("pcmu", MULAW_8K, 800), ("pcma", ALAW_8K, 800)]


class TestFormats:
    """Audio in the format of the options, both ways."""

    @pytest.mark.parametrize(("name", "expected", "size"), FORMATS)
    def test_audio_of_each_format(self, name: str, expected: AudioFormat, size: int) -> None:
        """The session says it, audio that arrives has it, and lengths are counted in it."""
        options = RealtimeOptions.model_validate({"format": name})
        written = session_of(options, [])["audio"]
        client = up(format=name)
        delta = of_item("output_audio.delta", content_index=0, delta=base64.b64encode(bytes(size)).decode())
        (arrived,) = got(client, 0, delta).events

        assert written["input"]["format"] == written["output"]["format"]
        assert written["input"]["format"]["type"] == f"audio/{name}"
        assert ("rate" in written["input"]["format"]) == (name == "pcm")
        SessionPatch.model_validate(session_of(options, []))
        assert isinstance(arrived, AgentAudio)
        assert (arrived.format, arrived.size) == (expected, size)
        assert ADAPTER.capabilities(options).caller_format == expected
        assert got(client, 99_000, SPEECH).events == (FlushAsked(at_us=99_000),)
        assert json.loads(client.playback_flushed("item_1", 200_000, 99_000).frames[0])["audio_end_ms"] == 100

    def test_an_odd_number_of_mulaw_bytes_is_whole(self) -> None:
        """Only 16-bit audio can have half a sample."""
        delta = of_item("output_audio.delta", content_index=0, delta=base64.b64encode(bytes(3)).decode())

        assert not any(isinstance(event, ProtocolFault) for event in got(up(format="pcmu"), 0, delta).events)


class TestSettings:
    """`session:` and the refusals of options."""

    def test_more_settings_are_merged(self) -> None:
        """They go into what the options make, and lists replace."""
        options = RealtimeOptions.model_validate(
            {
                "voice": "cedar",
                "session": {
                    "max_output_tokens": 200,
                    "tools": [],
                    "audio": {"input": {"noise_reduction": {"type": "near_field"}}, "output": {"speed": 1.2}},
                },
            }
        )
        session = session_of(options, [BLOCK])

        assert (session["max_output_tokens"], session["tools"]) == (200, [])
        assert session["audio"]["input"]["noise_reduction"] == {"type": "near_field"}
        assert session["audio"]["input"]["turn_detection"]["type"] == "server_vad"
        assert (session["audio"]["output"]["speed"], session["audio"]["output"]["voice"]) == (1.2, "cedar")
        SessionPatch.model_validate(session)

    @pytest.mark.parametrize(
        "session",
        [
            {"type": "realtime"},
            {"model": "m"},
            {"output_modalities": ["text"]},
            {"audio": {"input": {"format": {"type": "audio/pcmu"}}}},
            {"audio": {"input": {"turn_detection": None}}},
            {"modalities": ["text"]},
        ],
    )
    def test_what_has_an_option_is_not_set_there(self, session: dict[str, Any]) -> None:
        """Two places for one setting would contradict each other."""
        with pytest.raises(ValidationError, match="is not set here"):
            RealtimeOptions.model_validate({"session": session})


class TestBeta:
    """The retired dialect, for older servers."""

    def test_its_session_is_flat(self) -> None:
        """Formats and modalities have their old names; what `session:` says goes in at the top."""
        options = RealtimeOptions.model_validate(
            {
                "dialect": "beta",
                "format": "pcmu",
                "voice": "alloy",
                "instructions": "Be kind.",
                "transcription": {"model": "whisper-1"},
                "turn_detection": {"silence_duration_ms": 300},
                "session": {"temperature": 0.7},
            }
        )
        client = RealtimeClient(options, [BLOCK])
        (frame,) = client.receive(json.dumps(CREATED), 0).frames

        assert Beta().understood(frame).type == "session.update"
        session = json.loads(frame)["session"]
        assert session.pop("tools")[0]["name"] == "block_card"
        assert session == {
            "modalities": ["text", "audio"],
            "instructions": "Be kind.",
            "tool_choice": "auto",
            "input_audio_transcription": {"model": "whisper-1"},
            "input_audio_format": "g711_ulaw",
            "output_audio_format": "g711_ulaw",
            "turn_detection": {
                "type": "server_vad",
                "silence_duration_ms": 300,
                "create_response": True,
                "interrupt_response": True,
            },
            "voice": "alloy",
            "temperature": 0.7,
        }

    def test_in_text_there_is_no_audio(self) -> None:
        """Nothing of formats and voices."""
        options = RealtimeOptions.model_validate({"modality": "text", "voice": "alloy"})

        assert beta_session_of(options, []) == {"modalities": ["text"]}

    def test_old_names_are_understood(self) -> None:
        """They are right in this dialect, and a fault in the other."""
        delta = {**audio(20), "type": "response.audio.delta"}
        (arrived,) = got(up(dialect="beta"), 0, delta).events

        assert isinstance(arrived, AgentAudio)
        assert [type(event) for event in got(up(), 0, delta).events] == [ProtocolFault]


GIVEN = [
    ({}, {}, {"Authorization": "Bearer local"}),
    ({}, {"bearer": "k"}, {"Authorization": "Bearer k"}),
    ({"X-Tenant": "t"}, {"bearer": "k"}, {"X-Tenant": "t", "Authorization": "Bearer k"}),
    ({"api-key": "azure"}, {}, {"api-key": "azure"}),
    ({"authorization": "Basic x"}, {}, {"authorization": "Basic x"}),
    ({"authorization": "Basic x"}, {"bearer": "k"}, {"Authorization": "Bearer k"}),
]


@pytest.mark.parametrize(("written", "auth", "expected"), GIVEN)
def test_headers_of_the_upgrade(
    written: dict[str, str], auth: dict[str, str], expected: dict[str, str]
) -> None:
    """One key: the bearer of `auth`, else one among the headers (Azure's `api-key` too), else any."""
    dial = Dial("", RealtimeOptions(), Identity("1"), RecordingWitness(), written, auth)

    assert headers(dial) == expected


def test_the_beta_has_a_header() -> None:
    """Servers of that time want it; one that is given stays."""
    beta = RealtimeOptions(dialect="beta")
    dials = [Dial("", beta, Identity("1"), RecordingWitness(), given) for given in ({}, {"OpenAI-Beta": "x"})]

    assert [headers(dial)["OpenAI-Beta"] for dial in dials] == ["realtime=v1", "x"]


@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [
        (3000, "invalid_request_error.invalid_api_key", "the key was not accepted"),
        (4000, "", "its model, or the retired header OpenAI-Beta"),
        (1001, "Your session hit the maximum duration of 60 minutes.", "60 minutes.; the server went away"),
        (4999, "over", "over"),
        (4999, "", "no reason was given"),
    ],
)
def test_close_codes_are_explained(code: int, reason: str, told: str) -> None:
    """The server's own words come first."""
    assert told in explained(code, reason)
    assert explained(code, reason).startswith(reason)


def test_a_response_that_failed_is_told() -> None:
    """Its code is the rule; without one it is still a fault."""
    failures: list[tuple[Any, str]] = [
        (
            {"type": "server_error", "code": "rate_limit_exceeded", "message": "Slow down."},
            "rate_limit_exceeded",
        ),
        (None, "response-failed"),
    ]
    for error, rule in failures:
        details = {"type": "failed", "error": error}
        events = got(up(), 0, started(), ended(status="failed", status_details=details)).events
        assert [event.rule for event in events if isinstance(event, ProtocolFault)] == [rule]


def test_guesses_grow_into_what_was_heard() -> None:
    """Deltas of the input's transcription are what the model's side seems to hear."""
    prefix = "conversation.item.input_audio_transcription"
    deltas = [
        {"type": f"{prefix}.delta", "item_id": "i", "content_index": 0, "delta": word}
        for word in ("I lost ", "", "my card")
    ]
    completed = {
        "type": f"{prefix}.completed",
        "item_id": "i",
        "content_index": 0,
        "transcript": "I lost my card.",
    }
    events = got(up(), 5, *deltas, completed).events

    model = Side.MODEL
    assert events == (
        CallerGuessed(at_us=5, side=model, text="I lost "),
        CallerGuessed(at_us=5, side=model, text="I lost my card"),
        CallerHeard(at_us=5, side=model, text="I lost my card.", source="protocol"),
    )


def test_what_could_not_be_transcribed() -> None:
    """The caller was heard, not understood; why is on the record."""
    failed = {
        "type": "conversation.item.input_audio_transcription.failed",
        "item_id": "i",
        "content_index": 0,
        "error": {"type": "e", "code": "audio_unintelligible", "message": "No."},
    }
    heard, noted = got(up(), 5, failed).events

    assert heard == CallerHeard(at_us=5, side=Side.MODEL, text=None, source="protocol")
    assert isinstance(noted, AgentActivity)
    assert noted.payload == {"code": "audio_unintelligible", "message": "No."}


@pytest.mark.parametrize(("code", "fatal"), [("insufficient_quota", True), ("invalid_value", False)])
def test_errors_that_end_a_session_say_so(code: str, fatal: bool) -> None:  # noqa: FBT001 # a table
    """A session does not outlive some errors."""
    error = {"type": "invalid_request_error", "code": code, "message": "m", "param": None, "event_id": None}
    (fault,) = (
        e for e in got(up(), 0, {"type": "error", "error": error}).events if isinstance(e, ProtocolFault)
    )

    assert fault.fatal is fatal


def test_an_item_is_truncated_once() -> None:
    """A second flush of the same item tells the model nothing new."""
    client = up()
    got(client, 0, started(), audio(1000))

    assert sent(client.playback_flushed("item_1", 5_000, 5_000)) == ["conversation.item.truncate"]
    assert client.playback_flushed("item_1", 6_000, 6_000) == Reaction()


# --- whatever a server sends --------------------------------------------------------------------

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


class TestAdapter:
    """What it offers."""

    def test_is_an_adapter(self) -> None:
        """It has all that the engine needs of one."""
        assert isinstance(ADAPTER, Adapter)
        assert ADAPTER.name == "realtime"

    def test_its_calls_are_told_of_turns(self) -> None:
        """A server without turn detection has to be told, so the calls want to be."""
        assert issubclass(RealtimeCall, TakesTurns)

    def test_audio_calls(self) -> None:
        """Audio, interruptions, words and calls; the end of a reply is told."""
        capabilities = ADAPTER.capabilities(RealtimeOptions())

        assert {Capability.AUDIO, Capability.TEXT, Capability.INTERRUPT} <= capabilities.can
        assert Capability.DTMF not in capabilities.can
        assert capabilities.gives == {Source.WORDS, Source.CALLS}
        assert capabilities.reply_end is ReplyEnd.RESPONSE_DONE
        assert capabilities.caller_format == PCM_24K
        assert capabilities.greets

    def test_text_calls(self) -> None:
        """No audio, so nothing to interrupt; what was heard only with transcription."""
        capabilities = ADAPTER.capabilities(
            RealtimeOptions.model_validate({"modality": "text", "transcription": {}})
        )

        assert not {Capability.AUDIO, Capability.INTERRUPT} & capabilities.can
        assert Source.HEARD in capabilities.gives
        assert capabilities.caller_format is None

    @pytest.mark.parametrize("options", [{"modell": "x"}, {"modality": "video"}, {"model": ""}])
    def test_wrong_options_are_refused(self, options: dict[str, Any]) -> None:
        """Unknown keys and wrong values do not pass."""
        with pytest.raises(ValidationError):
            RealtimeOptions.model_validate(options)
