"""What a target's `options:` may say for Realtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from turnspec.call import ALAW_8K, MULAW_8K, PCM_24K, AudioFormat
from turnspec.dsl.agent import Pace
from turnspec.dsl.refusals import refusal

FORMATS: Final[Mapping[str, AudioFormat]] = {"pcm": PCM_24K, "pcmu": MULAW_8K, "pcma": ALAW_8K}
# What the engine itself depends on has options of its own.
OWN_OPTION: Final[Mapping[str, str]] = {
    "type": "",
    "model": "model",
    "output_modalities": "modality",
    "audio.input.format": "format",
    "audio.output.format": "format",
    "audio.input.turn_detection": "turn_detection",
    # The same in the beta's words.
    "modalities": "modality",
    "input_audio_format": "format",
    "output_audio_format": "format",
    "turn_detection": "turn_detection",
}


class Transcription(BaseModel):
    """Input transcription: what the model's side heard the caller say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(default="gpt-4o-mini-transcribe", description="The transcription model.")
    language: str | None = Field(default=None, description="The caller's language, as in ISO 639-1.")
    prompt: str | None = Field(default=None, description="Guidance for the transcription model.")


class TurnDetection(BaseModel):
    """How the server finds the end of the caller's turn; `none`: the engine tells it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["server_vad", "semantic_vad", "none"] = Field(
        default="server_vad", description="By energy, by sense, or not at all."
    )
    threshold: float | None = Field(default=None, ge=0, le=1, description="Sensitivity of server_vad.")
    prefix_padding_ms: int | None = Field(default=None, ge=0, description="Audio kept before the speech.")
    silence_duration_ms: int | None = Field(default=None, ge=0, description="Silence that ends a turn.")
    eagerness: Literal["low", "medium", "high", "auto"] | None = Field(
        default=None, description="How soon semantic_vad ends a turn."
    )
    create_response: bool = Field(
        default=True, description="Whether the server answers by itself; else the engine asks it to."
    )
    interrupt_response: bool = Field(default=True, description="Whether the caller's voice stops a response.")

    @property
    def is_off(self) -> bool:
        """Whether the engine commits the caller's audio and asks for each response."""
        return self.type == "none"


class RealtimeOptions(BaseModel):
    """Settings of calls to a Realtime API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(default="gpt-realtime", min_length=1, description="The model, as in the URL.")
    modality: Literal["audio", "text"] = Field(default="audio", description="What the model answers in.")
    format: Literal["pcm", "pcmu", "pcma"] = Field(
        default="pcm", description="Audio both ways: 16-bit at 24 kHz, or G.711 mu-law or A-law."
    )
    dialect: Literal["ga", "beta"] = Field(
        default="ga", description="The API as it is, or the retired beta that some older servers speak."
    )
    greets: bool | None = Field(
        default=None,
        description="Whether the model is asked to begin; by default when the first turn only listens.",
    )
    pace: Pace | None = Field(
        default=None,
        description="How fast a local agent sends its speech where its script does not say: `real_time`, "
        "`instant`, or `4x`. Others send as they do.",
    )
    instructions: str | None = Field(default=None, description="Instructions of the session.")
    voice: str | None = Field(default=None, description="The model's voice.")
    transcription: Transcription | None = Field(
        default=None, description="Set it to know what the model's side heard the caller say."
    )
    turn_detection: TurnDetection = Field(
        default_factory=TurnDetection, description="How the server finds the end of the caller's turn."
    )
    session: dict[str, JsonValue] = Field(
        default_factory=dict, description="More settings of the session, as the API spells them."
    )

    @field_validator("turn_detection", mode="before")
    @classmethod
    def _in_one_word(cls, written: object) -> object:
        return {"type": written} if isinstance(written, str) else written

    @field_validator("session")
    @classmethod
    def _has_no_option_of_its_own(cls, session: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for path in _paths(session, ""):
            if path in OWN_OPTION:
                option = OWN_OPTION[path]
                hint = f"write the option {option} instead" if option else "leave it out"
                raise refusal("own-option", f"'{path}' is not set here", hint=hint)
        return session

    @property
    def audio_format(self) -> AudioFormat:
        """The format of audio both ways."""
        return FORMATS[self.format]


def _paths(settings: Mapping[str, Any], before: str) -> Iterator[str]:
    for key, value in settings.items():
        path = f"{before}{key}"
        yield path
        if isinstance(value, Mapping):
            yield from _paths(value, f"{path}.")
