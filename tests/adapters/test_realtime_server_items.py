"""The items of a conversation: where they go, and what was heard of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from support_realtime import Line, LiteralAgent, judged, speech
from turnspec.call.events import AgentTruncated, ProtocolFault
from turnspec.doubles.agent.reply import Reply


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
