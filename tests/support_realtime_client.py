"""Literal events of a Realtime server, and a client that takes them."""

from __future__ import annotations

import base64
import json
from typing import Any

from turnspec.adapters.base import Function
from turnspec.adapters.realtime import RealtimeOptions
from turnspec.adapters.realtime.client import RealtimeClient
from turnspec.adapters.realtime.replies import Reaction
from turnspec.adapters.realtime.wire import decode

CREATED = {"type": "session.created", "event_id": "e", "session": {"type": "realtime"}}


BLOCK = Function("block_card", "Block a card.", {"type": "object", "properties": {}})
SPEECH = {"type": "input_audio_buffer.speech_started", "audio_start_ms": 10, "item_id": "item_9"}


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
