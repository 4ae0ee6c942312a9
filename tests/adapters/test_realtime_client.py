"""The engine as the user of a Realtime model: literal server frames in, frames and events out."""

from __future__ import annotations

import base64
import json

import pytest

from support_realtime_client import (
    BLOCK,
    CREATED,
    SPEECH,
    audio,
    called,
    ended,
    got,
    of_item,
    sent,
    started,
    up,
)
from turnspec.adapters.realtime import RealtimeOptions
from turnspec.adapters.realtime.client import RealtimeClient
from turnspec.adapters.realtime.opening import session_of
from turnspec.adapters.realtime.replies import Reaction
from turnspec.adapters.realtime.shell import address
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.call import PCM_24K
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


def test_an_item_is_truncated_once() -> None:
    """A second flush of the same item tells the model nothing new."""
    client = up()
    got(client, 0, started(), audio(1000))

    assert sent(client.playback_flushed("item_1", 5_000, 5_000)) == ["conversation.item.truncate"]
    assert client.playback_flushed("item_1", 6_000, 6_000) == Reaction()
