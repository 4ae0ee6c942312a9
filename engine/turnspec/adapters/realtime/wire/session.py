"""Session configuration: what `session.update` may say.

Facts: OpenAI's Realtime reference (GA) and the types of the official `openai` SDK.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from turnspec.adapters.realtime.wire.errors import modalities_refused
from turnspec.adapters.realtime.wire.shape import Shape
from turnspec.adapters.realtime.wire.tools import Tool, ToolChoice


class Pcm(Shape):
    """Signed 16-bit little-endian at 24 kHz, the only rate."""

    type: Literal["audio/pcm"]
    rate: Literal[24000] | None = None


class Pcmu(Shape):
    """G.711 mu-law at 8 kHz."""

    type: Literal["audio/pcmu"]


class Pcma(Shape):
    """G.711 A-law at 8 kHz."""

    type: Literal["audio/pcma"]


Format: TypeAlias = Annotated[Pcm | Pcmu | Pcma, Field(discriminator="type")]


class NoiseReduction(Shape):
    """Filter of the input audio; a local server has none and echoes it."""

    type: Literal["near_field", "far_field"] | None = None
    strength: float | None = None


class Transcription(Shape):
    """Input transcription."""

    model: str | None = None
    language: str | None = None
    languages: list[str] | None = None
    prompt: str | None = None
    keywords: list[str] | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class ServerVad(Shape):
    """Turns by voice activity."""

    type: Literal["server_vad"]
    threshold: float | None = Field(None, ge=0, le=1)
    prefix_padding_ms: int | None = Field(None, ge=0)
    silence_duration_ms: int | None = Field(None, ge=0)
    create_response: bool | None = None
    interrupt_response: bool | None = None
    idle_timeout_ms: int | None = Field(None, ge=5_000, le=30_000)


class SemanticVad(Shape):
    """Turns by meaning."""

    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


TurnDetection: TypeAlias = Annotated[ServerVad | SemanticVad, Field(discriminator="type")]


class AudioInput(Shape):
    """How the caller's audio comes in."""

    format: Format | None = None
    noise_reduction: NoiseReduction | None = None
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = None


class VoiceId(Shape):
    """A custom voice."""

    id: str


class AudioOutput(Shape):
    """How the model's audio goes out."""

    format: Format | None = None
    voice: str | VoiceId | None = None
    speed: float | None = Field(None, ge=0.25, le=1.5)


class Audio(Shape):
    """Both directions."""

    input: AudioInput | None = None
    output: AudioOutput | None = None


class Tracing(Shape):
    """Labels of a trace."""

    workflow_name: str | None = None
    group_id: str | None = None
    metadata: dict[str, Any] | None = None


class TokenLimits(Shape):
    """Limits of what is kept."""

    post_instructions: int | None = Field(None, ge=0)


class RetentionRatio(Shape):
    """How much of a conversation that grew too long is kept."""

    type: Literal["retention_ratio"]
    retention_ratio: float = Field(ge=0, le=1)
    token_limits: TokenLimits | None = None


class CacheBreakpoint(Shape):
    """Up to where a prompt is worth keeping."""

    mode: Literal["explicit"]
    ttl: Literal["30m", "12h"] | None = None


class PromptText(Shape):
    """Text for a prompt."""

    type: Literal["input_text"]
    text: str
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class PromptImage(Shape):
    """A picture for a prompt."""

    type: Literal["input_image"]
    detail: Literal["low", "high", "auto", "original"]
    file_id: str | None = None
    image_url: str | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None


class PromptFile(Shape):
    """A file for a prompt."""

    type: Literal["input_file"]
    detail: Literal["auto", "low", "high"] | None = None
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None


PromptVariable: TypeAlias = (
    str | Annotated[PromptText | PromptImage | PromptFile, Field(discriminator="type")]
)


class Prompt(Shape):
    """A stored prompt."""

    id: str
    version: str | None = None
    variables: dict[str, PromptVariable] | None = None


class Reasoning(Shape):
    """How hard a reasoning model thinks."""

    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


def _one_modality(value: list[str] | None) -> list[str] | None:
    if value is not None and value not in (["text"], ["audio"]):
        raise modalities_refused(value)
    return value


Modalities: TypeAlias = Annotated[list[Literal["text", "audio"]] | None, AfterValidator(_one_modality)]
MaxTokens: TypeAlias = Annotated[int, Field(ge=1, le=4096)] | Literal["inf"] | None


class SessionPatch(Shape):
    """What a `session.update` says; everything but `type` may be left out."""

    type: Literal["realtime"]
    model: str | None = None
    output_modalities: Modalities = None
    instructions: str | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    max_output_tokens: MaxTokens = None
    audio: Audio | None = None
    truncation: Literal["auto", "disabled"] | RetentionRatio | None = None
    tracing: Literal["auto"] | Tracing | None = None
    prompt: Prompt | None = None
    include: list[Literal["item.input_audio_transcription.logprobs"]] | None = None
    reasoning: Reasoning | None = None
    parallel_tool_calls: bool | None = None

    def document(self) -> dict[str, Any]:
        """What was said, and no more."""
        return self.model_dump(exclude_unset=True)
