"""Function calls of the Realtime server, and responses beside the conversation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support_realtime import Line, LiteralAgent, call_of, judged, quiet, speech, tone, types
from support_realtime_turns import TEXT_ONLY, text_line
from turnspec.call import MULAW_8K
from turnspec.call.events import AgentSaid, FunctionCalled, FunctionReturned, ProtocolFault
from turnspec.doubles.agent.reply import Reply


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
