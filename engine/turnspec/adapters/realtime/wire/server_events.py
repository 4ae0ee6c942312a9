"""Server events (GA) as documents of the exact shape that the official SDK's types demand.

The connection adds `event_id` when it sends them. Optional keys are sent as null, as live servers do.
"""

from __future__ import annotations

import binascii
from typing import Any, TypeAlias

from turnspec.adapters.realtime.wire.errors import ClientError

Document: TypeAlias = dict[str, Any]


def error(refused: ClientError) -> Document:
    """A client event was refused; `error.event_id` is that event's own id."""
    return {
        "type": "error",
        "error": {
            "type": refused.type,
            "code": refused.code,
            "message": refused.message,
            "param": refused.param,
            "event_id": refused.event_id,
        },
    }


def session_created(session: Document) -> Document:
    """The first event of every connection."""
    return {"type": "session.created", "session": session}


def conversation_created(conversation_id: str) -> Document:
    """There is a default conversation."""
    conversation = {"id": conversation_id, "object": "realtime.conversation"}
    return {"type": "conversation.created", "conversation": conversation}


def session_updated(session: Document) -> Document:
    """The whole effective session after an update."""
    return {"type": "session.updated", "session": session}


def item_added(item: Document, previous_item_id: str | None) -> Document:
    """An item entered the conversation, perhaps still in progress."""
    return {"type": "conversation.item.added", "previous_item_id": previous_item_id, "item": item}


def item_done(item: Document, previous_item_id: str | None) -> Document:
    """An item is final."""
    return {"type": "conversation.item.done", "previous_item_id": previous_item_id, "item": item}


def item_retrieved(item: Document) -> Document:
    """An item as the server has it, with its audio."""
    return {"type": "conversation.item.retrieved", "item": item}


def item_deleted(item_id: str) -> Document:
    """An item is gone."""
    return {"type": "conversation.item.deleted", "item_id": item_id}


def item_truncated(item_id: str, content_index: int, audio_end_ms: int) -> Document:
    """An assistant's audio was cut, and its transcript with it."""
    return {
        "type": "conversation.item.truncated",
        "item_id": item_id,
        "content_index": content_index,
        "audio_end_ms": audio_end_ms,
    }


def transcription_delta(item_id: str, delta: str) -> Document:
    """Some of what the caller said."""
    return {
        "type": "conversation.item.input_audio_transcription.delta",
        "item_id": item_id,
        "content_index": 0,
        "delta": delta,
    }


def transcription_completed(item_id: str, transcript: str, usage: Document) -> Document:
    """All of what the caller said."""
    return {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": item_id,
        "content_index": 0,
        "transcript": transcript,
        "usage": usage,
    }


def transcription_segment(item_id: str, segment_id: str, text: str, speaker: str, end_s: float) -> Document:
    """Some of what the caller said, by whom: from the beginning to `end_s`."""
    return {
        "type": "conversation.item.input_audio_transcription.segment",
        "item_id": item_id,
        "content_index": 0,
        "id": segment_id,
        "text": text,
        "speaker": speaker,
        "start": 0.0,
        "end": end_s,
    }


def transcription_failed(item_id: str, message: str) -> Document:
    """Nobody knows what the caller said; the conversation goes on."""
    error = {"type": "transcription_error", "code": "audio_unintelligible", "message": message, "param": None}
    return {
        "type": "conversation.item.input_audio_transcription.failed",
        "item_id": item_id,
        "content_index": 0,
        "error": error,
    }


def mcp_tools_listing(item_id: str) -> Document:
    """The tools of an MCP server are being asked for."""
    return {"type": "mcp_list_tools.in_progress", "item_id": item_id}


def mcp_tools_unlisted(item_id: str) -> Document:
    """They could not be had."""
    return {"type": "mcp_list_tools.failed", "item_id": item_id}


def buffer_committed(item_id: str, previous_item_id: str | None) -> Document:
    """The buffer became a user item."""
    return {
        "type": "input_audio_buffer.committed",
        "previous_item_id": previous_item_id,
        "item_id": item_id,
    }


def buffer_cleared() -> Document:
    """The buffer is empty."""
    return {"type": "input_audio_buffer.cleared"}


def speech_started(audio_start_ms: int, item_id: str) -> Document:
    """The caller began to speak; `item_id` is the item to come."""
    return {
        "type": "input_audio_buffer.speech_started",
        "audio_start_ms": audio_start_ms,
        "item_id": item_id,
    }


def speech_stopped(audio_end_ms: int, item_id: str) -> Document:
    """The caller stopped; `audio_end_ms` includes the silence that told so."""
    return {
        "type": "input_audio_buffer.speech_stopped",
        "audio_end_ms": audio_end_ms,
        "item_id": item_id,
    }


def timeout_triggered(audio_start_ms: int, audio_end_ms: int, item_id: str) -> Document:
    """The caller said nothing for too long; `item_id` is that of the silence."""
    return {
        "type": "input_audio_buffer.timeout_triggered",
        "audio_start_ms": audio_start_ms,
        "audio_end_ms": audio_end_ms,
        "item_id": item_id,
    }


def response_created(response: Document) -> Document:
    """A response is in progress."""
    return {"type": "response.created", "response": response}


def response_done(response: Document) -> Document:
    """A response is over, however it ended."""
    return {"type": "response.done", "response": response}


def output_item_added(response_id: str, output_index: int, item: Document) -> Document:
    """A response has a new item, in progress."""
    return {
        "type": "response.output_item.added",
        "response_id": response_id,
        "output_index": output_index,
        "item": item,
    }


def output_item_done(response_id: str, output_index: int, item: Document) -> Document:
    """An item of a response is final."""
    return {
        "type": "response.output_item.done",
        "response_id": response_id,
        "output_index": output_index,
        "item": item,
    }


def of_item(kind: str, response_id: str, item_id: str, output_index: int, **more: Any) -> Document:
    """An event about an item of a response, such as `function_call_arguments.delta`."""
    return {
        "type": f"response.{kind}",
        "response_id": response_id,
        "item_id": item_id,
        "output_index": output_index,
        **more,
    }


def rate_limits_updated(limit: int, remaining: int, reset_seconds: float) -> Document:
    """What is left of the token allowance."""
    entry = {"name": "tokens", "limit": limit, "remaining": remaining, "reset_seconds": reset_seconds}
    return {"type": "rate_limits.updated", "rate_limits": [entry]}


def base64_text(data: bytes) -> str:
    """Audio as it stands in a delta."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")
