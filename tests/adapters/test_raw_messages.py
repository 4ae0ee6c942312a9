"""Messages that somebody wrote: what the adapters make of them, and of what follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support_calls import hold
from support_checks import plan_of, turns
from turnspec.adapters.audiocodes import ADAPTER as AUDIOCODES
from turnspec.adapters.audiocodes.caller import CallerEnd
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.base import Adapter, message_taker
from turnspec.adapters.pcm import ADAPTER as PCM
from turnspec.adapters.realtime import ADAPTER as REALTIME
from turnspec.adapters.realtime.client import RealtimeClient
from turnspec.adapters.realtime.options import RealtimeOptions
from turnspec.adapters.twilio import ADAPTER as TWILIO
from turnspec.call import Capability, Identity
from turnspec.call.events import CallerSent, FunctionReturned
from turnspec.plan import TargetKind
from turnspec.testing import Expect, HangUp, Message, ScriptedAdapter

WORDS = {Capability.ACTIVITIES, Capability.EVENTS, Capability.EVENTS_SEEN}


def client() -> RealtimeClient:
    """A session that is up."""
    made = RealtimeClient(RealtimeOptions(modality="text"))
    made.receive(json.dumps({"type": "session.created", "session": {}}), 0)
    return made


def told(made: RealtimeClient, kind: str, **fields: Any) -> list[Any]:
    """What the client sends after an event of the server."""
    return [json.loads(frame) for frame in made.receive(json.dumps({"type": kind, **fields}), 0).frames]


def sent(made: RealtimeClient, event: dict[str, Any]) -> list[Any]:
    """What the client sends of an event that somebody wrote."""
    return [json.loads(frame) for frame in made.send_message(event, 5).frames]


def response(status: str = "completed") -> dict[str, Any]:
    """A response of the server."""
    return {"response": {"id": "r1", "status": status, "output": []}}


@pytest.mark.parametrize(
    ("adapter", "can"),
    [
        (REALTIME, {Capability.EVENTS, Capability.EVENTS_SEEN}),
        (AUDIOCODES, {Capability.ACTIVITIES, Capability.EVENTS_SEEN}),
        (TWILIO, {Capability.EVENTS_SEEN}),
        (PCM, set()),
    ],
)
def test_adapters_say_what_can_be_sent_and_seen(adapter: Adapter, can: set[Capability]) -> None:
    """And where messages can be seen, how they are told apart."""
    capabilities = adapter.capabilities(adapter.options_model())

    assert capabilities.can & WORDS == can
    assert (capabilities.messages is not None) is (Capability.EVENTS_SEEN in can)


def test_a_call_without_such_messages_takes_none() -> None:
    """The engine asks before it sends."""
    assert message_taker(object()) is None


def test_an_event_gets_an_id_unless_it_has_one() -> None:
    """All else is sent as it is written."""
    made = client()

    (first,) = sent(made, {"type": "odd", "n": {"a": 1}})
    (second,) = sent(made, {"type": "odd", "event_id": "mine"})
    assert (first["type"], first["n"]) == ("odd", {"a": 1})
    assert first["event_id"].startswith("turnspec_")
    assert second == {"type": "odd", "event_id": "mine"}


def test_a_response_that_was_asked_for_by_hand_is_not_asked_for_twice() -> None:
    """What the engine wants meanwhile waits until it is done."""
    made = client()
    sent(made, {"type": "response.create"})

    assert [json.loads(frame)["type"] for frame in made.request_reply().frames] == []
    assert told(made, "response.created", **response("in_progress")) == []
    (asked,) = told(made, "response.done", **response())
    assert asked["type"] == "response.create"


def test_an_output_that_is_given_by_hand_is_the_output() -> None:
    """It is reported as one; what follows is asked for by hand, too."""
    made = client()
    told(made, "response.created", **response("in_progress"))
    item = {
        "id": "i1",
        "type": "function_call",
        "call_id": "c1",
        "name": "f",
        "arguments": "{}",
        "status": "completed",
    }
    told(made, "response.output_item.done", response_id="r1", output_index=0, item=item)
    told(made, "response.done", **response())
    written = {"type": "function_call_output", "call_id": "c1", "output": "5"}
    reaction = made.send_message({"type": "conversation.item.create", "item": written}, 7)

    assert [json.loads(frame)["type"] for frame in reaction.frames] == ["conversation.item.create"]
    (event,) = reaction.events
    assert isinstance(event, FunctionReturned)
    assert (event.at_us, event.call_id, event.output) == (7, "c1", "5")


def test_a_server_that_counts_calls_anew_is_answered_each_time() -> None:
    """The same id in another response is another call; told again in the same one it is not."""
    made = client()
    item = {
        "id": "i1",
        "type": "function_call",
        "call_id": "c1",
        "name": "f",
        "arguments": "{}",
        "status": "completed",
    }
    seen = []
    for number in ("r1", "r1", "r2"):
        frame = {"type": "response.output_item.done", "response_id": number, "output_index": 0, "item": item}
        seen.append(len(made.receive(json.dumps(frame), 0).events))

    assert seen == [1, 0, 1]


def test_an_activity_waits_until_the_bot_is_there() -> None:
    """Then it leaves with an id and a time, and with all that was written in it."""
    end = CallerEnd(AudioCodesOptions(), Identity("seed"), "+1", "+2")
    end.opening(0)
    early = end.activity({"name": "hold", "custom": [1]}, 2_000)
    frames = end.receive(json.dumps({"type": "session.accepted", "mediaFormat": "raw/lpcm16"}), 9_000).frames
    activities = [entry for frame in frames for entry in json.loads(frame).get("activities", ())]

    assert early.frames == ()
    (held,) = [entry for entry in activities if entry.get("name") == "hold"]
    assert held["custom"] == [1]
    assert held["type"] == "event"
    assert held["timestamp"] == "2026-01-01T00:00:00.002Z"
    assert held["id"]


def test_a_scripted_call_takes_messages() -> None:
    """A script can expect what the engine sends of them, with captures filled in."""
    turn = "turn: Send\ncaller: {event: {type: ping, n: 1}}\nexpect: {nothing: 1 s}"
    plan = plan_of(turns(turn), kind=TargetKind.BARE)
    with ScriptedAdapter(Expect(Message({"type": "ping", "n": 1})), Expect(HangUp())) as adapter:
        live = hold(plan, adapter)

    (event,) = [each for each in live.evidence.events if isinstance(each, CallerSent)]
    assert (event.turn, event.name, event.document) == (0, "ping", {"type": "ping", "n": 1})
