"""The Realtime server machine: literal events in, the exact order of the API out."""

from __future__ import annotations

import base64

from support_realtime import Line, LiteralAgent, judged, speech, types
from support_realtime_turns import UTTERANCE, text_line
from turnspec.adapters.realtime.server import Close
from turnspec.call.events import (
    AgentSaid,
    CallerHeard,
    ProtocolFault,
    ResponseChosen,
    ResponseEnded,
    ResponseStarted,
    Side,
    TextBegan,
)
from turnspec.doubles.agent.reply import Reply


def test_a_session_begins_with_its_defaults() -> None:
    """`session.created` comes first and alone, with the whole session."""
    line = Line(LiteralAgent(), model="gpt-realtime-mini")
    (created,) = judged(line.sent)

    assert created["type"] == "session.created"
    session = created["session"]
    assert session["id"].startswith("sess_")
    assert len(session["id"]) == len("sess_") + 21
    assert (session["type"], session["model"]) == ("realtime", "gpt-realtime-mini")
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 200


def test_an_update_is_answered_with_the_whole_session() -> None:
    """`session.updated` repeats everything, not only the change."""
    line = Line(LiteralAgent())
    updated = line.configure(instructions="Be brief.")

    assert updated["type"] == "session.updated"
    assert updated["session"]["instructions"] == "Be brief."
    assert updated["session"]["output_modalities"] == ["audio"]


def test_a_refused_update_changes_nothing() -> None:
    """An update with one mistake is discarded whole."""
    line = Line(LiteralAgent())
    error = line.configure(instructions="Lost", modalities=["text"])
    assert error["error"]["code"] == "unknown_parameter"

    assert line.configure()["session"]["instructions"] == ""


def test_a_text_turn_in_order() -> None:
    """Item pair, then the response from created to done, then the rate limits."""
    line = text_line(Reply("welcome", text="Hello to you."))
    events = line.say("Hello")

    assert types(events) == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    judged(line.sent)
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert deltas == ["Hello ", "to ", "you."]


def test_a_text_turn_as_evidence() -> None:
    """What was heard, why it was answered so, and the exact words with their times."""
    line = text_line(Reply("welcome", text="Hello to you.", scores={"welcome": 10}))
    line.now_us = 70_000
    done = next(event for event in line.say("Hello") if event["type"] == "response.done")
    response_id, item_id = done["response"]["id"], done["response"]["output"][0]["id"]

    assert {(event.at_us, event.side) for event in line.witness.events} == {(70_000, Side.MODEL)}
    heard, chosen, started, began, said, ended = line.witness.events
    at_us, side = 70_000, Side.MODEL
    assert heard == CallerHeard(at_us=at_us, side=side, text="Hello", source="protocol")
    assert chosen == ResponseChosen(at_us=at_us, side=side, name="welcome", scores={"welcome": 10})
    assert started == ResponseStarted(at_us=at_us, side=side, response_id=response_id)
    assert began == TextBegan(at_us=at_us, side=side, response_id=response_id)
    assert said == AgentSaid(
        at_us=at_us, side=side, response_id=response_id, item_id=item_id, text="Hello to you.", began_us=at_us
    )
    assert ended == ResponseEnded(at_us=at_us, side=side, response_id=response_id, status="completed")


def test_the_first_request_greets() -> None:
    """`response.create` before anybody spoke gets the greeting."""
    line = text_line(greeting=Reply("greeting", text="Welcome!"))
    events = line.send({"type": "response.create"})

    done = next(event for event in events if event["type"] == "response.done")
    assert done["response"]["output"][0]["content"] == [{"type": "output_text", "text": "Welcome!"}]


def test_an_agent_that_waits_answers_the_first_request_with_nothing() -> None:
    """No greeting in the script: a response without output, and no caller turn is counted."""
    line = text_line(greeting=None)
    done = line.send({"type": "response.create"})[-2]

    assert (done["response"]["status"], done["response"]["output"]) == ("completed", [])


def test_an_audio_response_in_order() -> None:
    """Transcript and audio interleaved, each closed, with as much audio as the recording has."""
    line = Line(LiteralAgent([Reply("r", text="One two three.", audio=speech(350_000))]))
    events = line.say("Hello")[3:]

    assert types(events)[:4] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
    ]
    assert types(events)[-8:] == [
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    judged(line.sent)
    audio = [event["delta"] for event in events if event["type"] == "response.output_audio.delta"]
    assert sum(len(base64.b64decode(delta)) for delta in audio) == 350 * 24 * 2
    (said,) = line.witness.of(AgentSaid)
    assert (said.text, said.audio_us) == ("One two three.", 350_000)


def test_a_cancelled_response() -> None:
    """`response.cancel` ends a response that has not said anything yet, with nothing in it."""
    line = text_line(Reply("slow", text="Never said.", first_audio_us=1_000_000))
    line.say("Hello")
    line.wait(500_000)
    done, _ = line.send({"type": "response.cancel"})

    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert done["response"]["output"] == []
    assert line.later(2_000_000) == []
    judged(line.sent)


def test_cancelling_nothing_is_an_error_but_nobodys_fault() -> None:
    """The event may have crossed `response.done`: LiveKit looks for how the message starts."""
    line = text_line()
    (error,) = line.send({"type": "response.cancel", "event_id": "c1"})

    assert error["error"]["code"] == "response_cancel_not_active"
    assert error["error"]["message"].startswith("Cancellation failed")
    assert error["error"]["event_id"] == "c1"
    assert line.witness.events == []


def test_one_response_at_a_time() -> None:
    """A second `response.create` is refused and named in the evidence; the first goes on."""
    line = text_line(Reply("slow", text="Here.", first_audio_us=1_000_000))
    line.say("Hello")
    (error,) = line.send({"type": "response.create"})

    assert error["error"]["code"] == "conversation_already_has_active_response"
    assert "resp_" in error["error"]["message"]
    (fault,) = line.witness.of(ProtocolFault)
    assert (fault.rule, fault.side) == ("conversation_already_has_active_response", Side.MODEL)
    line.wait(1_000_000)
    judged(line.sent)


def test_a_response_may_have_its_own_settings() -> None:
    """Overrides hold for that response only."""
    line = Line(
        LiteralAgent([Reply("r", text="In writing.", audio=speech(100_000)), Reply("r", text="Aloud.")])
    )
    content = [{"type": "input_text", "text": "Hello"}]
    line.send(
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
    )
    own = {"output_modalities": ["text"], "max_output_tokens": 20, "instructions": None}
    events = line.send({"type": "response.create", "response": own})

    done = events[-2]["response"]
    assert (done["output_modalities"], done["max_output_tokens"]) == (["text"], 20)
    assert done["output"][0]["content"][0]["type"] == "output_text"
    assert line.say("Again")[-2]["response"]["output_modalities"] == ["audio"]


def test_the_voice_is_fixed_once_it_was_heard() -> None:
    """After the first audio another voice is refused."""
    line = Line(LiteralAgent([Reply("r", text="Hi.", audio=speech(100_000))]))
    assert line.configure(audio={"output": {"voice": "cedar"}})["type"] == "session.updated"
    line.say("Hello")

    assert line.configure(audio={"output": {"voice": "ash"}})["error"]["code"] == "cannot_update_voice"


def test_hanging_up_waits_until_everything_was_played() -> None:
    """`hangup: true` closes normally, the length of the audio after it began."""
    line = Line(LiteralAgent([Reply("bye", text="Goodbye.", audio=speech(800_000), hang_up=True)]))
    line.say("Bye")
    line.wait(799_999)
    assert line.closed is None
    line.wait(1)

    assert line.closed == Close(1000)


def test_the_same_call_has_the_same_ids() -> None:
    """Two sessions of one identity are equal to the byte."""
    sessions = []
    for _ in range(2):
        line = Line(LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))]))
        line.hear(UTTERANCE)
        sessions.append(line.sent)

    assert sessions[0] == sessions[1]
