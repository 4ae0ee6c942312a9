"""Server events as a client receives them: what the engine acts on, validated; the rest known by name.

Extra keys are allowed, as servers add them; what the protocol promises must be there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

EXCERPT: Final = 200


class Received(BaseModel):
    """An object of the server; unknown keys are its own business."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class SessionCreated(Received):
    """The session exists."""

    type: Literal["session.created"]
    session: dict[str, Any]


class SessionUpdated(Received):
    """The session changed."""

    type: Literal["session.updated"]
    session: dict[str, Any]


class ErrorBody(Received):
    """What was wrong."""

    type: str
    message: str
    code: str | None = None
    param: str | None = None
    event_id: str | None = None


class Error(Received):
    """A client event was refused, or the server failed."""

    type: Literal["error"]
    error: ErrorBody


class SpeechStarted(Received):
    """The server heard the caller begin."""

    type: Literal["input_audio_buffer.speech_started"]
    audio_start_ms: int
    item_id: str


class Committed(Received):
    """The caller's audio became an item."""

    type: Literal["input_audio_buffer.committed"]
    item_id: str


class Transcribing(Received):
    """Some of what the caller said."""

    type: Literal["conversation.item.input_audio_transcription.delta"]
    item_id: str
    delta: str = ""


class NotTranscribed(Received):
    """What the caller said could not be understood."""

    type: Literal["conversation.item.input_audio_transcription.failed"]
    item_id: str
    error: dict[str, Any]


class Transcribed(Received):
    """What the caller said."""

    type: Literal["conversation.item.input_audio_transcription.completed"]
    item_id: str
    transcript: str


class Truncated(Received):
    """An item was cut to what was heard."""

    type: Literal["conversation.item.truncated"]
    item_id: str
    content_index: int = Field(ge=0)
    audio_end_ms: int = Field(ge=0)


class StatusDetails(Received):
    """Why a response did not complete."""

    reason: str | None = None
    error: dict[str, Any] | None = None


class OutputItem(Received):
    """An item of a response."""

    id: str
    type: str
    status: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class ResponseBody(Received):
    """A response."""

    id: str
    status: str
    status_details: StatusDetails | None = None
    output: list[OutputItem] = Field(default_factory=list)


class ResponseCreated(Received):
    """A response is in progress."""

    type: Literal["response.created"]
    response: ResponseBody


class ResponseDone(Received):
    """A response is over."""

    type: Literal["response.done"]
    response: ResponseBody


class OutputItemEvent(Received):
    """An item of a response began or is final."""

    type: Literal["response.output_item.added", "response.output_item.done"]
    response_id: str
    item: OutputItem


class _OfItem(Received):
    response_id: str
    item_id: str
    output_index: int = Field(ge=0)


class TextDelta(_OfItem):
    """Some text or transcript."""

    type: Literal["response.output_text.delta", "response.output_audio_transcript.delta"]
    content_index: int = Field(ge=0)
    delta: str


class TextDone(_OfItem):
    """All of the text."""

    type: Literal["response.output_text.done"]
    content_index: int = Field(ge=0)
    text: str


class TranscriptDone(_OfItem):
    """All of the transcript."""

    type: Literal["response.output_audio_transcript.done"]
    content_index: int = Field(ge=0)
    transcript: str


class AudioDelta(_OfItem):
    """Some audio."""

    type: Literal["response.output_audio.delta"]
    content_index: int = Field(ge=0)
    delta: str = Field(repr=False)


class ArgumentsDone(_OfItem):
    """A function call is complete; older servers leave out the name."""

    type: Literal["response.function_call_arguments.done"]
    call_id: str
    arguments: str
    name: str | None = None


ServerEvent: TypeAlias = (
    SessionCreated
    | SessionUpdated
    | Error
    | SpeechStarted
    | Committed
    | Transcribing
    | NotTranscribed
    | Transcribed
    | Truncated
    | ResponseCreated
    | ResponseDone
    | OutputItemEvent
    | TextDelta
    | TextDone
    | TranscriptDone
    | AudioDelta
    | ArgumentsDone
)

_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(Annotated[ServerEvent, Field(discriminator="type")])

# Known, and nothing for the engine to do.
OTHERS: Final = frozenset(
    {
        "conversation.created",
        "conversation.item.added",
        "conversation.item.created",
        "conversation.item.done",
        "conversation.item.retrieved",
        "conversation.item.deleted",
        "conversation.item.input_audio_transcription.segment",
        "input_audio_buffer.cleared",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.timeout_triggered",
        "input_audio_buffer.dtmf_event_received",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
        "output_audio_buffer.cleared",
        "response.content_part.added",
        "response.content_part.done",
        "response.output_audio.done",
        "response.function_call_arguments.delta",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.mcp_call.in_progress",
        "response.mcp_call.completed",
        "response.mcp_call.failed",
        "mcp_list_tools.in_progress",
        "mcp_list_tools.completed",
        "mcp_list_tools.failed",
        "rate_limits.updated",
    }
)
# What the retired API called them: a server that sends one of these speaks the beta dialect.
BETA: Final = {
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "transcription_session.updated": "session.updated",
}
TYPES: Final = OTHERS | {
    kind for model in ServerEvent.__args__ for kind in model.model_fields["type"].annotation.__args__
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A frame that the protocol does not allow."""

    rule: str
    detail: str
    frame: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event that this version does not know: servers add new ones."""

    kind: str
    frame: str


def decode(frame: str | bytes, *, beta: bool = False) -> ServerEvent | Unknown | Wrong | None:
    """The event in one frame; None: known, and nothing to act on. `beta`: the old names are right."""
    if not isinstance(frame, str):
        return Wrong("binary-frame", f"a binary frame of {len(frame)} bytes; events are JSON text", "")
    try:
        document = json.loads(frame)
        if "\\ud" in frame or "\\uD" in frame:
            # Half of a surrogate pair can be spelt in JSON, and no file or report can hold it.
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return _wrong("not-json", f"not JSON: {error}", frame)
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(kind, str):
        return _wrong("no-type", "an event is an object with a 'type'", frame)
    if beta and kind in BETA:
        kind = BETA[kind]
        document = {**document, "type": kind}
    return _known(kind, document, frame)


def _known(kind: str, document: dict[str, Any], frame: str) -> ServerEvent | Unknown | Wrong | None:
    if kind in BETA:
        return _wrong("beta-event", f"{kind} is the retired name of {BETA[kind]}", frame)
    if kind not in TYPES:
        return Unknown(kind, frame[:EXCERPT])
    if kind in OTHERS:
        return None
    try:
        event: ServerEvent = _EVENT.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(map(str, first["loc"][1:]))
        return _wrong("invalid-event", f"{kind}: {path}: {first['msg']}", frame)
    return event


def _wrong(rule: str, detail: str, frame: str) -> Wrong:
    return Wrong(rule, detail, frame[:EXCERPT])
