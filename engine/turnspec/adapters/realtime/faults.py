"""The events of the Realtime API, by name, for those who spoil them."""

from __future__ import annotations

import json
from typing import Final

from turnspec.adapters.faults import Dialect
from turnspec.call import Messages

CLIENT_EVENTS: Final = frozenset(
    {
        "conversation.item.create",
        "conversation.item.delete",
        "conversation.item.retrieve",
        "conversation.item.truncate",
        "input_audio_buffer.append",
        "input_audio_buffer.clear",
        "input_audio_buffer.commit",
        "response.cancel",
        "response.create",
        "session.update",
    }
)
SERVER_EVENTS: Final = frozenset(
    {
        "conversation.item.added",
        "conversation.item.deleted",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.retrieved",
        "conversation.item.truncated",
        "error",
        "input_audio_buffer.cleared",
        "input_audio_buffer.committed",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "rate_limits.updated",
        "response.content_part.added",
        "response.content_part.done",
        "response.created",
        "response.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.done",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_text.delta",
        "response.output_text.done",
        "session.created",
        "session.updated",
    }
)
REQUEST_ERRORS: Final = frozenset({"invalid_value", "invalid_event", "invalid_api_key", "missing_model"})


def error_type(code: str) -> str:
    """The type of an error that the server reports out of the blue."""
    return "invalid_request_error" if code in REQUEST_ERRORS else "server_error"


def error_details(code: str) -> dict[str, str]:
    """What such an error, or a response that it ended, says of itself."""
    message = f"The server had an error while processing your request: {code}."
    return {"type": error_type(code), "code": code, "message": message}


def error_event(code: str) -> str:
    """The event that reports an error which no client event caused."""
    error = {**error_details(code), "param": None, "event_id": None}
    return json.dumps({"type": "error", "event_id": f"event_fault_{code}", "error": error})


DIALECT: Final = Dialect(
    protocol="realtime",
    key="type",
    caller=CLIENT_EVENTS,
    agent=SERVER_EVENTS,
    audio={"input_audio_buffer.append": ("audio",), "response.output_audio.delta": ("delta",)},
    error=error_event,
    fails_replies=True,
)
# Items come with the responses that make them, or say that what the client did was done.
MESSAGES: Final = Messages(
    audio=frozenset({"response.output_audio.delta", "response.audio.delta"}),
    housekeeping=frozenset(
        {
            "session.created",
            "session.updated",
            "rate_limits.updated",
            "input_audio_buffer.cleared",
            "input_audio_buffer.committed",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "conversation.created",
            "conversation.item.added",
            "conversation.item.created",
            "conversation.item.deleted",
            "conversation.item.done",
            "conversation.item.retrieved",
            "conversation.item.truncated",
            "conversation.item.input_audio_transcription.completed",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.failed",
        }
    ),
)
