"""The Realtime server machine: literal events in, the exact order of the API out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_realtime import Line, LiteralAgent, call_of, judged, quiet, speech, tone, types
from turnspec.adapters.realtime.server import Close
from turnspec.adapters.realtime.wire.client_events import TYPES
from turnspec.call import ALAW_8K, MULAW_8K, AudioFormat
from turnspec.call.events import (
    AgentSaid,
    AgentTruncated,
    CallerHeard,
    FunctionCalled,
    FunctionReturned,
    ProtocolFault,
    ResponseChosen,
    ResponseEnded,
    ResponseStarted,
    Side,
    TextBegan,
)
from turnspec.doubles.agent.reply import Reply

TEXT_ONLY = {"output_modalities": ["text"]}
UTTERANCE = np.concatenate([quiet(500_000), tone(600_000), quiet(600_000)])
SPEECH_END_US = 1_100_000


def text_line(*replies: Reply, **agent: Any) -> Line:
    """A session that answers in text."""
    line = Line(LiteralAgent(list(replies), **agent))
    line.configure(**TEXT_ONLY)
    line.news()
    return line


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


@pytest.mark.parametrize(
    ("name", "wire"), [("audio/pcmu", MULAW_8K), ("audio/pcma", ALAW_8K)], ids=["pcmu", "pcma"]
)
def test_telephone_audio_both_ways(name: str, wire: AudioFormat) -> None:
    """G.711 in is heard, and G.711 comes out: 8 bytes a millisecond."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(200_000))])
    line = Line(agent)
    line.configure(audio={"input": {"format": {"type": name}}, "output": {"format": {"type": name}}})
    said = np.concatenate([quiet(500_000, 8_000), tone(600_000, 8_000), quiet(600_000, 8_000)])
    events = line.hear(said, wire)

    judged(line.sent)
    audio = [event["delta"] for event in events if event["type"] == "response.output_audio.delta"]
    assert sum(len(base64.b64decode(delta)) for delta in audio) == 200 * 8
    assert agent.speech[0].rate_hz == 8_000


def test_a_spoken_turn_in_order() -> None:
    """Server VAD: started, stopped, committed, the item pair, then the response by itself."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))])
    line = Line(agent)
    line.news()
    events = line.hear(UTTERANCE)

    assert types(events)[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    judged(line.sent)
    started, stopped, committed, added = events[:4]
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == added["item"]["id"]
    assert (started["audio_start_ms"], stopped["audio_end_ms"]) == (200, 1300)
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    # The agent got the speech with its prefix and the silence that ended it.
    assert agent.speech[0].duration_us == 1_100_000


@pytest.mark.parametrize("first_audio_ms", [250, 300, 431, 1000])
def test_the_first_audio_counts_from_the_true_end_of_speech(first_audio_ms: int) -> None:
    """However long endpointing took, the reply starts at the end of the last voiced sample plus its delay."""
    reply = Reply("r", text="Yes.", audio=speech(100_000), first_audio_us=first_audio_ms * 1000)
    line = Line(LiteralAgent([reply]))
    line.hear(UTTERANCE)
    line.wait(1_000_000)

    began_us = line.time_of("response.output_audio.delta")
    assert began_us == SPEECH_END_US + first_audio_ms * 1000
    (said,) = line.witness.of(AgentSaid)
    assert said.began_us == began_us


def test_the_first_audio_is_never_before_the_turn_is_over() -> None:
    """A delay shorter than endpointing is endpointing."""
    reply = Reply("r", text="Yes.", audio=speech(100_000), first_audio_us=50_000)
    line = Line(LiteralAgent([reply]))
    line.configure(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}}})
    line.hear(UTTERANCE)

    assert line.time_of("response.output_audio.delta") == line.time_of("input_audio_buffer.speech_stopped")
    assert line.time_of("response.output_audio.delta") >= SPEECH_END_US + 500_000


def test_real_time_audio_keeps_pace() -> None:
    """Paced replies send as much as plays, a chunk ahead."""
    reply = Reply("r", text="Yes.", audio=speech(1_000_000), fast=False, first_audio_us=300_000)
    line = Line(LiteralAgent([reply]))
    line.hear(UTTERANCE)
    line.wait(2_000_000)

    deltas = [at for at, frame in zip(line.times, line.sent, strict=True) if "output_audio.delta" in frame]
    start = SPEECH_END_US + 300_000
    assert deltas == [start, *(start + 100_000 * n for n in range(9))]


def test_speaking_over_a_paced_response_cancels_it() -> None:
    """Everything open is closed as incomplete, then `response.done` says `turn_detected`."""
    reply = Reply("r", text="One two three four five six seven.", audio=speech(3_000_000), fast=False)
    line = Line(LiteralAgent([reply, Reply("after", text="Sorry.", audio=speech(100_000))]))
    line.hear(UTTERANCE)
    line.news()
    events = line.hear(tone(200_000))

    started = types(events).index("input_audio_buffer.speech_started")
    assert types(events)[started:] == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    done = events[-2]["response"]
    assert (done["status"], done["status_details"]) == (
        "cancelled",
        {"type": "cancelled", "reason": "turn_detected"},
    )
    assert done["output"][0]["status"] == "incomplete"
    (ended,) = line.witness.of(ResponseEnded)
    assert (ended.status, ended.reason) == ("cancelled", "turn_detected")
    assert line.witness.of(AgentSaid)[0].text == done["output"][0]["content"][0]["transcript"]
    line.hear(quiet(500_000))
    judged(line.sent)


def test_an_uninterruptible_reply_goes_on() -> None:
    """Speech over it is heard, but the response completes."""
    reply = Reply("r", text="Read this.", audio=speech(1_500_000), fast=False, interruptible=False)
    line = Line(LiteralAgent([reply]))
    line.hear(UTTERANCE)
    line.hear(np.concatenate([tone(300_000), quiet(1_500_000)]))

    (ended,) = line.witness.of(ResponseEnded)
    assert ended.status == "completed"
    error = next(json.loads(frame) for frame in line.sent if '"type":"error"' in frame)
    assert error["error"]["code"] == "conversation_already_has_active_response"
    assert line.witness.of(ProtocolFault) == []


def test_with_interrupting_off_the_response_goes_on() -> None:
    """`interrupt_response: false` is honoured."""
    vad = {"type": "server_vad", "interrupt_response": False, "create_response": False}
    line = Line(LiteralAgent([Reply("r", text="On and on.", audio=speech(1_000_000), fast=False)]))
    line.configure(audio={"input": {"turn_detection": vad}})
    line.say("Hello")
    line.hear(np.concatenate([tone(300_000), quiet(1_500_000)]))

    assert [event.status for event in line.witness.of(ResponseEnded)] == ["completed"]
    judged(line.sent)


def test_a_function_call_in_order() -> None:
    """Arguments in deltas, the item whole, no content parts; the server does not go on by itself."""
    reply = Reply("block", calls=(call_of("block_card", last4="4821", reason="lost"),), has_more=True)
    agent = LiteralAgent([reply], following=Reply("block", text="Blocked."))
    line = Line(agent)
    tool = {"type": "function", "name": "block_card", "parameters": {"type": "object"}}
    line.configure(output_modalities=["text"], tools=[tool])
    line.news()
    events = line.say("Lost my card")[2:]

    assert types(events) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert agent.offered == [frozenset({"block_card"})]
    call = events[-2]["response"]["output"][0]
    assert (call["name"], call["arguments"]) == ("block_card", '{"last4":"4821","reason":"lost"}')
    assert line.later(60_000_000) == []

    output = {"type": "function_call_output", "call_id": call["call_id"], "output": '{"status":"blocked"}'}
    answered = line.send({"type": "conversation.item.create", "item": output})
    assert types(answered) == ["conversation.item.added", "conversation.item.done"]
    line.send({"type": "response.create"})
    judged(line.sent)
    assert agent.results == [{"block_card": '{"status":"blocked"}'}]
    (called,) = line.witness.of(FunctionCalled)
    (returned,) = line.witness.of(FunctionReturned)
    assert (called.call_id, called.name) == (returned.call_id, "block_card")
    assert [said.text for said in line.witness.of(AgentSaid)] == ["Blocked."]


def test_a_message_may_come_before_its_calls() -> None:
    """Words have output index 0, calls follow."""
    calls = (call_of("first"), call_of("second", n=1))
    line = text_line(Reply("r", text="One moment.", calls=calls))
    done = line.say("Do both")[-2]["response"]

    assert [item["type"] for item in done["output"]] == ["message", "function_call", "function_call"]
    judged(line.sent)


def test_half_of_the_outputs_are_not_enough() -> None:
    """A request before all calls of a reply were answered gets an empty response; the last one follows."""
    agent = LiteralAgent(
        [Reply("r", calls=(call_of("first"), call_of("second")))], following=Reply("r", text="Both done.")
    )
    line = Line(agent)
    line.configure(**TEXT_ONLY)
    first, second = (item["call_id"] for item in line.say("Do both")[-2]["response"]["output"])
    outputs = []
    for call_id in (first, second):
        item = {"type": "function_call_output", "call_id": call_id, "output": "1"}
        line.send({"type": "conversation.item.create", "item": item})
        outputs.append(line.send({"type": "response.create"})[-2]["response"]["output"])

    assert outputs[0] == []
    assert outputs[1][0]["content"] == [{"type": "output_text", "text": "Both done."}]


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


def test_out_of_band_runs_beside_the_conversation() -> None:
    """No conversation items, no conversation id, metadata echoed, while another response is active."""
    line = text_line(Reply("slow", text="Here.", first_audio_us=1_000_000), Reply("aside", text="On topic."))
    line.say("Hello")
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Topic?"}]}
    response = {"conversation": "none", "metadata": {"purpose": "guard"}, "input": [message]}
    events = line.send({"type": "response.create", "response": response})

    assert all(event["type"].startswith(("response.", "rate_limits.")) for event in events)
    created = events[0]["response"]
    assert (created["conversation_id"], created["metadata"]) == (None, {"purpose": "guard"})
    line.wait(1_000_000)
    judged(line.sent)


def test_calls_out_of_band_leave_those_of_the_conversation_open() -> None:
    """Nothing can answer them; what the conversation called is answered and goes on."""
    called = Reply("called", calls=(call_of("look_up"),))
    aside = Reply("aside", calls=(call_of("look_up"), call_of("write_down")))
    agent = LiteralAgent([called, aside], following=Reply("then", text="Found."))
    line = Line(agent)
    line.configure(output_modalities=["text"])
    call_id = line.say("Look")[-2]["response"]["output"][0]["call_id"]
    line.send({"type": "response.create", "response": {"conversation": "none"}})
    output = {"type": "function_call_output", "call_id": call_id, "output": "42"}
    line.send({"type": "conversation.item.create", "item": output})
    done = line.send({"type": "response.create"})[-2]["response"]

    assert done["output"][0]["content"] == [{"type": "output_text", "text": "Found."}]
    assert agent.results == [{"look_up": "42"}]


class Prompting(LiteralAgent):
    """Speaks unprompted after a second."""

    def idle_after_us(self) -> int | None:
        """A second."""
        return 1_000_000

    def idle(self, silent_us: int, times: int) -> Reply | None:
        """A question."""
        return Reply("idle", text=f"Still there after {silent_us // 1_000_000} s and {times}?")


def test_calls_that_were_not_made_are_not_waited_for() -> None:
    """The words before them were cut short; nothing comes back, and the agent speaks up again."""
    reply = Reply("r", text="One two three.", pace_percent=100, calls=(call_of("look_up"),))
    line = Line(Prompting([reply]))
    line.configure(output_modalities=["text"])
    line.say("Look")
    line.wait(300_000)
    line.send({"type": "response.cancel"})
    events = line.later(1_000_000)

    assert [event["text"] for event in events if event["type"] == "response.output_text.done"] == [
        "Still there after 1 s and 0?"
    ]


TOOLS = [{"type": "function", "name": name} for name in ("a", "b")]
CHOICES: list[tuple[Any, set[str]]] = [
    ("auto", {"a", "b"}),
    ("required", {"a", "b"}),
    ("none", set()),
    ({"type": "function", "name": "b"}, {"b"}),
    ({"type": "mcp", "server_label": "s"}, set()),
]


@pytest.mark.parametrize(("choice", "offered"), CHOICES, ids=range(len(CHOICES)))
def test_the_choice_of_tools_holds(choice: Any, offered: set[str]) -> None:
    """Only what the session, or the response itself, leaves to choose from is on offer."""
    agent = LiteralAgent([Reply("r", text="One."), Reply("r", text="Two.")])
    line = Line(agent)
    line.configure(output_modalities=["text"], tools=TOOLS, tool_choice=choice)
    line.say("Hello")
    line.configure(tool_choice="auto")
    line.write("Again")
    line.send({"type": "response.create", "response": {"tool_choice": choice}})

    assert agent.offered == [offered, offered]


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


def test_a_turn_without_turn_detection() -> None:
    """Commit makes an item and empties the buffer; only `response.create` makes a response."""
    reply = Reply("r", text="Yes.", audio=speech(100_000), first_audio_us=700_000)
    agent = LiteralAgent([reply])
    line = Line(agent)
    line.configure(audio={"input": {"turn_detection": None}})
    line.news()
    assert line.hear(UTTERANCE) == []

    assert types(line.send({"type": "input_audio_buffer.commit"})) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    (again,) = line.send({"type": "input_audio_buffer.commit"})
    assert again["error"]["code"] == "input_audio_buffer_commit_empty"
    assert "buffer only has 0.00ms of audio" in again["error"]["message"]
    line.send({"type": "response.create"})
    line.wait(1_000_000)
    assert line.time_of("response.output_audio.delta") == SPEECH_END_US + 700_000
    assert agent.speech[0].duration_us == 1_700_000
    judged(line.sent)


def test_clearing_forgets_audio_and_speech() -> None:
    """After `cleared` the old speech makes no turn."""
    line = Line(LiteralAgent())
    line.hear(np.concatenate([quiet(100_000), tone(300_000)]))
    assert types(line.send({"type": "input_audio_buffer.clear"})) == ["input_audio_buffer.cleared"]

    assert line.hear(quiet(1_000_000)) == []


def test_input_transcription() -> None:
    """When configured, the words of the caller come as delta and completed, with usage."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))], words="I lost my card")
    line = Line(agent)
    line.configure(audio={"input": {"transcription": {"model": "whisper-1"}}})
    events = line.hear(UTTERANCE)

    completed = next(event for event in events if event["type"].endswith("transcription.completed"))
    assert completed["transcript"] == "I lost my card"
    assert completed["usage"] == {"type": "duration", "seconds": 1.1}
    judged(line.sent)
    (heard,) = line.witness.of(CallerHeard)
    assert (heard.text, heard.source, heard.score) == ("I lost my card", "known clip", 0.9)


def test_noise_that_is_not_understood() -> None:
    """The transcript is empty and the record says that nothing was understood."""
    agent = LiteralAgent([Reply("otherwise", text="Sorry?", audio=speech(100_000))], words=None)
    line = Line(agent)
    line.configure(audio={"input": {"transcription": {"model": "gpt-4o-transcribe"}}})
    events = line.hear(UTTERANCE)

    completed = next(event for event in events if event["type"].endswith("transcription.completed"))
    assert completed["transcript"] == ""
    assert completed["usage"]["type"] == "tokens"
    assert line.witness.of(CallerHeard)[0].text is None


def spoken(line: Line) -> str:
    """Have the agent speak 500 ms; the id of its item."""
    done = line.say("Hello")[-2]
    return str(done["response"]["output"][0]["id"])


def test_truncating_what_was_not_heard() -> None:
    """The item keeps the audio that was heard and loses its transcript; the record says how much."""
    line = Line(LiteralAgent([Reply("r", text="Long talk.", audio=speech(500_000))]))
    item_id = spoken(line)
    cut = {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 120}
    (truncated,) = line.send(cut)
    assert truncated["type"] == "conversation.item.truncated"

    (retrieved,) = line.send({"type": "conversation.item.retrieve", "item_id": item_id})
    (part,) = retrieved["item"]["content"]
    assert "transcript" not in part
    assert len(base64.b64decode(part["audio"])) == 120 * 48
    assert line.witness.of(AgentTruncated)[0].heard_us == 120_000
    judged(line.sent)


def test_truncating_beyond_the_end() -> None:
    """More than there is cannot have been heard."""
    line = Line(LiteralAgent([Reply("r", text="Long talk.", audio=speech(500_000))]))
    cut = {
        "type": "conversation.item.truncate",
        "item_id": spoken(line),
        "content_index": 0,
        "audio_end_ms": 501,
    }
    (error,) = line.send(cut)

    assert error["error"]["code"] == "invalid_value"
    assert error["error"]["message"] == "Audio content of 500ms is already shorter than 501ms"
    assert line.witness.of(ProtocolFault)[0].rule == "invalid_value"


@pytest.mark.parametrize("verb", ["retrieve", "delete", "truncate"])
def test_items_that_do_not_exist(verb: str) -> None:
    """Each verb has its code; the message names the id."""
    line = Line(LiteralAgent())
    more = {"content_index": 0, "audio_end_ms": 0} if verb == "truncate" else {}
    error = line.send({"type": f"conversation.item.{verb}", "item_id": "item_none", **more})[-1]

    assert error["error"]["code"] == f"item_{verb}_invalid_item_id"
    assert error["error"]["message"].endswith("the item with id 'item_none' does not exist.")


def item(item_id: str, **more: Any) -> dict[str, Any]:
    """An event that creates a user item of this id."""
    content = [{"type": "input_text", "text": item_id}]
    message = {"id": item_id, "type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": message, **more}


def test_items_go_where_they_are_told() -> None:
    """`previous_item_id`: absent or null is the end, `root` the start, an id after that one."""
    line = Line(LiteralAgent())
    answers = [
        line.send(item("a"))[-1],
        line.send(item("b", previous_item_id=None))[-1],
        line.send(item("c", previous_item_id="root"))[-1],
        line.send(item("d", previous_item_id="a"))[-1],
    ]

    assert [answer["previous_item_id"] for answer in answers] == [None, "a", None, "a"]
    assert line.send({"type": "conversation.item.delete", "item_id": "b"})[0]["item_id"] == "b"
    assert line.send(item("e"))[-1]["previous_item_id"] == "d"
    judged(line.sent)


def test_ids_and_places_are_checked() -> None:
    """A taken id, an unknown place and an unknown call are refused, and nothing is added."""
    line = Line(LiteralAgent())
    line.send(item("a"))
    output = {"type": "function_call_output", "call_id": "call_x", "output": "1"}
    codes = [
        line.send(event)[-1]["error"]["code"]
        for event in (
            item("a"),
            item("b", previous_item_id="zz"),
            {"type": "conversation.item.create", "item": output},
        )
    ]

    assert codes == [
        "item_create_duplicate_item_id",
        "item_create_invalid_previous_item_id",
        "invalid_tool_call_id",
    ]
    assert line.send(item("c"))[-1]["previous_item_id"] == "a"


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


def test_the_flow_of_a_telephone_bridge() -> None:
    """G.711 both ways: greeted, spoken over, truncated, heard, a function run, answered."""
    rate, wire = 8_000, MULAW_8K
    greeting = Reply("greeting", text="Welcome to the table.", audio=speech(3_000_000))
    agent = LiteralAgent(
        [Reply("card", calls=(call_of("add_card", rank="ten"),))],
        greeting=greeting,
        following=Reply("card", text="Ten.", audio=speech(400_000), first_audio_us=50_000),
    )
    line = Line(agent)
    heard = {
        "format": {"type": "audio/pcmu"},
        "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
    }
    line.configure(audio={"input": heard, "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"}})
    greeted = line.send({"type": "response.create"})
    item_id = next(event["item_id"] for event in greeted if event["type"] == "response.output_audio.delta")
    over = line.hear(np.concatenate([quiet(1_000_000, rate), tone(200_000, rate)]), wire)
    assert types(over) == ["input_audio_buffer.speech_started"]
    cut = {
        "type": "conversation.item.truncate",
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": 1_060,
    }
    assert types(line.send(cut)) == ["conversation.item.truncated"]
    answer = line.hear(np.concatenate([tone(300_000, rate), quiet(600_000, rate)]), wire)
    (call,) = next(event for event in answer if event["type"] == "response.done")["response"]["output"]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": '{"total":10}'}
    line.send({"type": "conversation.item.create", "item": output})
    line.send({"type": "response.create"})
    line.wait(50_000)

    judged(line.sent)
    assert [said.text for said in line.witness.of(AgentSaid)] == ["Welcome to the table.", "Ten."]
    assert agent.results == [{"add_card": '{"total":10}'}]
    assert line.witness.of(ProtocolFault) == []


def test_half_a_sample_waits_for_its_other_half() -> None:
    """Audio is a stream of bytes: cutting it inside a sample changes nothing."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))])
    line = Line(agent)
    line.configure(audio={"input": {"turn_detection": None}})
    for data in (b"\x01", b"\x00" * 9999, b"\x02"):
        audio = base64.b64encode(data).decode()
        line.send({"type": "input_audio_buffer.append", "audio": audio})
    line.send({"type": "input_audio_buffer.commit"})

    assert len(agent.speech[0].pcm) == 10_000


def test_the_same_call_has_the_same_ids() -> None:
    """Two sessions of one identity are equal to the byte."""
    sessions = []
    for _ in range(2):
        line = Line(LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))]))
        line.hear(UTTERANCE)
        sessions.append(line.sent)

    assert sessions[0] == sessions[1]


WORDS = st.sampled_from(
    ["realtime", "item_x", "", "audio", "function_call_output", "message", "user", "AAAA", "auto", "none"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=False) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "id", "item", "content", "audio", "role", "name"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "session",
        "audio",
        "item",
        "item_id",
        "content_index",
        "audio_end_ms",
        "response",
        "event_id",
        "response_id",
    ]
)
JUNK = st.builds(
    lambda kind, fields: json.dumps({"type": kind, **fields}),
    st.sampled_from([*TYPES, "nonsense"]) | WORDS,
    st.dictionaries(KEYS, VALUES, max_size=4),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(JUNK | st.text(max_size=30) | st.binary(max_size=30), max_size=12))
def test_junk_never_raises_and_never_breaks_the_protocol(sent: list[str | bytes]) -> None:
    """Whatever comes in, each frame is answered by events in order, or an error, or is audio."""
    line = Line(LiteralAgent([Reply("r", text="Yes.", audio=speech(50_000)) for _ in range(12)]))
    for frame in sent:
        line.now_us += 10_000
        answer = line.send(frame)
        appended = isinstance(frame, str) and "input_audio_buffer.append" in frame
        assert answer or appended

    judged(line.sent)


PLANTED: dict[str, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]] = {
    "a step left out": lambda events: [e for e in events if e["type"] != "response.content_part.added"],
    "an event twice": lambda events: [*events, events[-1]],
    "done before its item": lambda events: sorted(events, key=lambda e: e["type"] != "response.done"),
    "an unknown key": lambda events: [{**event, "extra": 1} for event in events],
    "a wrong chain": lambda events: [
        {**event, "previous_item_id": "item_none"} if "previous_item_id" in event else event
        for event in events
    ],
    "never done": lambda events: [e for e in events if e["type"] != "response.done"],
    "another transcript": lambda events: [
        {**event, "text": "else"} if event["type"] == "response.output_text.done" else event
        for event in events
    ],
    "a text for a number": lambda events: [
        {**event, "output_index": "0"} if "output_index" in event else event for event in events
    ],
}


@pytest.mark.parametrize("fault", PLANTED)
def test_the_judges_see_planted_faults(fault: str) -> None:
    """What every recorded session here is held to does fail on a wrong one."""
    line = text_line(Reply("r", text="Hello to you."))
    line.say("Hello")
    frames = [json.dumps(event) for event in PLANTED[fault]([json.loads(frame) for frame in line.sent])]

    judged(line.sent)
    with pytest.raises((AssertionError, ValueError)):
        judged(frames)
