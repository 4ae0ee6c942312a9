"""What clients of the retired beta say: flat sessions, old names of formats, modalities and parts.

Facts: the types of the official SDK's `openai.types.beta.realtime`, which it still ships.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from turnspec.adapters.realtime.wire import client_events as ga
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire.session import MaxTokens, Tracing, Transcription
from turnspec.adapters.realtime.wire.shape import Shape
from turnspec.adapters.realtime.wire.tools import ChosenFunction, FunctionTool

BetaFormat: TypeAlias = Literal["pcm16", "g711_ulaw", "g711_alaw"]
Choice: TypeAlias = Literal["auto", "none", "required"] | ChosenFunction
Temperature: TypeAlias = Annotated[float, Field(ge=0.6, le=1.2)]


def _text_or_both(value: list[str] | None) -> list[str] | None:
    if value is not None and sorted(value) not in (["text"], ["audio", "text"]):
        message = "Invalid modalities: {shown}. Supported combinations are: ['text'] and ['audio', 'text']."
        raise PydanticCustomError("modalities", message, {"shown": repr(value)})
    return value


BetaModalities: TypeAlias = Annotated[list[Literal["text", "audio"]] | None, AfterValidator(_text_or_both)]


class BetaNoiseReduction(Shape):
    """Filter of the input audio."""

    type: Literal["near_field", "far_field"] | None = None


class BetaTurnDetection(Shape):
    """Both kinds in one shape; what does not belong to a kind is of no consequence."""

    type: Literal["server_vad", "semantic_vad"] | None = None
    create_response: bool | None = None
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    interrupt_response: bool | None = None
    prefix_padding_ms: int | None = Field(None, ge=0)
    silence_duration_ms: int | None = Field(None, ge=0)
    threshold: float | None = Field(None, ge=0, le=1)


class ExpiresAfter(Shape):
    """When a client secret ends."""

    anchor: Literal["created_at"]
    seconds: int | None = None


class ClientSecret(Shape):
    """The ephemeral key of a session."""

    expires_after: ExpiresAfter | None = None


class BetaSession(Shape):
    """What a `session.update` says."""

    client_secret: ClientSecret | None = None
    input_audio_format: BetaFormat | None = None
    input_audio_noise_reduction: BetaNoiseReduction | None = None
    input_audio_transcription: Transcription | None = None
    instructions: str | None = None
    max_response_output_tokens: MaxTokens = None
    modalities: BetaModalities = None
    model: str | None = None
    output_audio_format: BetaFormat | None = None
    speed: float | None = Field(None, ge=0.25, le=1.5)
    temperature: Temperature | None = None
    tool_choice: Choice | None = None
    tools: list[FunctionTool] | None = None
    tracing: Literal["auto"] | Tracing | None = None
    turn_detection: BetaTurnDetection | None = None
    voice: str | None = None


class BetaSessionUpdate(ga.Stamped):
    """Change the session."""

    type: Literal["session.update"]
    session: BetaSession


class Text(Shape):
    """Text of the assistant."""

    type: Literal["text"]
    text: str


class Audio(Shape):
    """Speech of the assistant."""

    type: Literal["audio"]
    transcript: str | None = None
    audio: str | None = None


class BetaAssistantMessage(items.ItemShape):
    """What the model said."""

    type: Literal["message"]
    role: Literal["assistant"]
    content: list[Annotated[Text | Audio, Field(discriminator="type")]]


BetaMessage: TypeAlias = Annotated[
    items.UserMessage | items.SystemMessage | BetaAssistantMessage, Field(discriminator="role")
]
BetaItem: TypeAlias = Annotated[
    BetaMessage | items.FunctionCall | items.FunctionCallOutput, Field(discriminator="type")
]
BetaInputItem: TypeAlias = Annotated[
    BetaMessage | items.FunctionCall | items.FunctionCallOutput | items.ItemReference,
    Field(discriminator="type"),
]


class BetaItemCreate(ga.Stamped):
    """Add an item to the conversation."""

    type: Literal["conversation.item.create"]
    item: BetaItem
    previous_item_id: str | None = None


class BetaResponseParams(Shape):
    """What `response.create` asks of one response."""

    conversation: Literal["auto", "none"] | None = None
    input: list[BetaInputItem] | None = None
    instructions: str | None = None
    max_response_output_tokens: MaxTokens = None
    metadata: ga.Metadata | None = None
    modalities: BetaModalities = None
    output_audio_format: BetaFormat | None = None
    temperature: Temperature | None = None
    tool_choice: Choice | None = None
    tools: list[FunctionTool] | None = None
    voice: str | None = None


class BetaResponseCreate(ga.Stamped):
    """Make a response."""

    type: Literal["response.create"]
    response: BetaResponseParams | None = None


BETA_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(
    Annotated[
        BetaSessionUpdate
        | ga.AudioCommit
        | ga.AudioClear
        | BetaItemCreate
        | ga.ItemRetrieve
        | ga.ItemTruncate
        | ga.ItemDelete
        | BetaResponseCreate
        | ga.ResponseCancel,
        Field(discriminator="type"),
    ]
)
