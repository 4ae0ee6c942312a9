"""What a target's `options:` may say for Realtime."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Transcription(BaseModel):
    """Input transcription: what the model's side heard the caller say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(default="gpt-4o-mini-transcribe", description="The transcription model.")
    language: str | None = Field(default=None, description="The caller's language, as in ISO 639-1.")
    prompt: str | None = Field(default=None, description="Guidance for the transcription model.")


class TurnDetection(BaseModel):
    """How the server finds the end of the caller's turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["server_vad", "semantic_vad"] = Field(
        default="server_vad", description="By energy or sense."
    )
    threshold: float | None = Field(default=None, ge=0, le=1, description="Sensitivity of server_vad.")
    prefix_padding_ms: int | None = Field(default=None, ge=0, description="Audio kept before the speech.")
    silence_duration_ms: int | None = Field(default=None, ge=0, description="Silence that ends a turn.")
    eagerness: Literal["low", "medium", "high", "auto"] | None = Field(
        default=None, description="How soon semantic_vad ends a turn."
    )
    interrupt_response: bool = Field(default=True, description="Whether the caller's voice stops a response.")


class RealtimeOptions(BaseModel):
    """Settings of calls to a Realtime API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(default="gpt-realtime", min_length=1, description="The model, as in the URL.")
    modality: Literal["audio", "text"] = Field(default="audio", description="What the model answers in.")
    greets: bool | None = Field(
        default=None,
        description="Whether the model is asked to begin; by default when the first turn only listens.",
    )
    instructions: str | None = Field(default=None, description="Instructions of the session.")
    voice: str | None = Field(default=None, description="The model's voice.")
    transcription: Transcription | None = Field(
        default=None, description="Set it to know what the model's side heard the caller say."
    )
    turn_detection: TurnDetection = Field(
        default_factory=TurnDetection, description="How the server finds the end of the caller's turn."
    )
