"""Client events (GA): text frames to typed, strictly validated messages.

Facts: OpenAI's Realtime reference and the official SDK's `RealtimeClientEvent`; error codes and
messages as live servers send them.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from turnspec.adapters.realtime.wire.errors import ClientError, json_type, refusal, supported
from turnspec.adapters.realtime.wire.items import InputItem, Item
from turnspec.adapters.realtime.wire.json_text import value_of
from turnspec.adapters.realtime.wire.session import (
    AudioOutput,
    MaxTokens,
    Modalities,
    Prompt,
    Reasoning,
    SessionPatch,
)
from turnspec.adapters.realtime.wire.shape import Shape
from turnspec.adapters.realtime.wire.tools import Tool, ToolChoice

APPEND: Final = "input_audio_buffer.append"
MAX_AUDIO: Final = 15 * 1024 * 1024  # bytes of audio in one append


class Stamped(Shape):
    """Every event; errors name it by its id."""

    event_id: Annotated[str, Field(max_length=512)] | None = None


class SessionUpdate(Stamped):
    """Change the session."""

    type: Literal["session.update"]
    session: SessionPatch


class _WrittenAppend(Stamped):
    type: Literal["input_audio_buffer.append"]
    audio: str = Field(repr=False)


@dataclass(frozen=True, slots=True)
class AudioAppend:
    """More caller audio; comes 50 times a second, so it is checked by hand and plain."""

    data: bytes = field(repr=False)
    event_id: str | None = None
    type: str = "input_audio_buffer.append"


class AudioCommit(Stamped):
    """Make what is in the buffer a user item."""

    type: Literal["input_audio_buffer.commit"]


class AudioClear(Stamped):
    """Forget what is in the buffer."""

    type: Literal["input_audio_buffer.clear"]


class ItemCreate(Stamped):
    """Add an item to the conversation."""

    type: Literal["conversation.item.create"]
    item: Item
    previous_item_id: str | None = None


class ItemRetrieve(Stamped):
    """Send an item as the server has it."""

    type: Literal["conversation.item.retrieve"]
    item_id: str


class ItemTruncate(Stamped):
    """Forget the part of an assistant's audio that was not played."""

    type: Literal["conversation.item.truncate"]
    item_id: str
    content_index: int = Field(ge=0)
    audio_end_ms: int = Field(ge=0)


class ItemDelete(Stamped):
    """Remove an item."""

    type: Literal["conversation.item.delete"]
    item_id: str


class ResponseAudio(Shape):
    """The audio of one response."""

    output: AudioOutput | None = None


Metadata: TypeAlias = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)
]


class ResponseParams(Shape):
    """What `response.create` asks of one response."""

    conversation: Literal["auto", "none"] | None = None
    input: list[InputItem] | None = None
    instructions: str | None = None
    output_modalities: Modalities = None
    audio: ResponseAudio | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    max_output_tokens: MaxTokens = None
    metadata: Metadata | None = None
    prompt: Prompt | None = None
    reasoning: Reasoning | None = None
    parallel_tool_calls: bool | None = None


class ResponseCreate(Stamped):
    """Make a response."""

    type: Literal["response.create"]
    response: ResponseParams | None = None


class ResponseCancel(Stamped):
    """Stop the response in progress."""

    type: Literal["response.cancel"]
    response_id: str | None = None


ClientEvent: TypeAlias = (
    SessionUpdate
    | AudioAppend
    | AudioCommit
    | AudioClear
    | ItemCreate
    | ItemRetrieve
    | ItemTruncate
    | ItemDelete
    | ResponseCreate
    | ResponseCancel
)

TYPES: Final = (
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.retrieve",
    "conversation.item.truncate",
    "conversation.item.delete",
    "response.create",
    "response.cancel",
)
_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(
    Annotated[
        SessionUpdate
        | AudioCommit
        | AudioClear
        | ItemCreate
        | ItemRetrieve
        | ItemTruncate
        | ItemDelete
        | ResponseCreate
        | ResponseCancel,
        Field(discriminator="type"),
    ]
)
_APPEND_KEYS: Final = frozenset({"type", "audio", "event_id"})


def decode(frame: str | bytes) -> ClientEvent:
    """The event in one frame.

    Raises:
        ClientError: What the server answers instead.
    """
    return decoded(frame, _typed)


def decoded(frame: str | bytes, typed: Callable[[dict[str, Any]], ClientEvent]) -> ClientEvent:
    """The event in one frame; all but appended audio is what `typed` makes of it.

    Raises:
        ClientError: What the server answers instead.
    """
    if not isinstance(frame, str):
        raise ClientError("invalid_event", "Received a binary frame; events are sent as JSON in text frames.")
    event = _parsed(frame)
    event_id = event.get("event_id")
    try:
        _check_type(event)
        return _append(event) if event["type"] == APPEND else typed(event)
    except ClientError as error:
        error.event_id = event_id if isinstance(event_id, str) else None
        raise


def _parsed(frame: str) -> dict[str, Any]:
    try:
        event = value_of(frame)
    except ValueError as error:
        message = f"We could not parse the JSON body of your event: {error}"
        raise ClientError("invalid_json", message) from error
    if not isinstance(event, dict):
        raise ClientError("invalid_json", f"An event is a JSON object, but got {json_type(event)} instead.")
    return event


def _typed(event: dict[str, Any]) -> ClientEvent:
    try:
        validated: ClientEvent = _EVENT.validate_python(event)
    except ValidationError as error:
        raise refusal(error, event) from error
    return validated


def _check_type(event: dict[str, Any]) -> None:
    if "type" not in event:
        raise ClientError("missing_required_parameter", "Missing required parameter: 'type'.", "type")
    kind = event["type"]
    if not isinstance(kind, str):
        message = f"Invalid type for 'type': expected a string, but got {json_type(kind)} instead."
        raise ClientError("invalid_type", message, "type")
    if kind not in TYPES:
        message = f"Invalid value: '{kind}'. {supported([repr(name) for name in TYPES])}"
        raise ClientError("invalid_value", message, "type")


def _append(event: dict[str, Any]) -> AudioAppend:
    audio, event_id = event.get("audio"), event.get("event_id")
    if not (isinstance(audio, str) and event_id is None and event.keys() <= _APPEND_KEYS):
        _check_append(event)
    return AudioAppend(audio_bytes(str(audio), "audio"), event_id)


def _check_append(event: dict[str, Any]) -> None:
    try:
        _WrittenAppend.model_validate(event)
    except ValidationError as error:
        raise refusal(error, event) from error


def audio_bytes(audio: str, param: str) -> bytes:
    """The bytes of base64 text.

    Raises:
        ClientError: It is not base64, or too much.
    """
    try:
        data = binascii.a2b_base64(audio, strict_mode=True)
    except ValueError as error:
        message = "Invalid 'audio'. Expected base64-encoded audio bytes but got an invalid value."
        raise ClientError("invalid_value", message, param) from error
    if len(data) > MAX_AUDIO:
        message = f"Invalid 'audio': {len(data)} bytes are more than the {MAX_AUDIO} of one event."
        raise ClientError("invalid_value", message, param)
    return data
