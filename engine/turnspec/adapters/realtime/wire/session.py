"""Session configuration: what `session.update` may say, and the effective session it leads to.

Facts: OpenAI's Realtime reference (GA) and the types of the official `openai` SDK; defaults as
servers send them (`silence_duration_ms` is 200 on the wire, whatever the documentation says).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from turnspec.adapters.realtime.wire.errors import modalities_refused
from turnspec.call import ALAW_8K, MULAW_8K, PCM_24K, AudioFormat


class Shape(BaseModel):
    """A JSON object of the API; unknown keys and loose types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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

FORMATS: Final[Mapping[str, AudioFormat]] = {
    "audio/pcm": PCM_24K,
    "audio/pcmu": MULAW_8K,
    "audio/pcma": ALAW_8K,
}


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


class FunctionTool(Shape):
    """A function that the model may call."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ChosenFunction(Shape):
    """A function that the model must call."""

    type: Literal["function"]
    name: str


class ChosenMcp(Shape):
    """A tool of an MCP server that the model must call."""

    type: Literal["mcp"]
    server_label: str
    name: str | None = None


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | ChosenFunction | ChosenMcp


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


class Prompt(Shape):
    """A stored prompt."""

    id: str
    version: str | None = None
    variables: dict[str, Any] | None = None


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
    tools: list[FunctionTool] | None = None
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


_SERVER_VAD: Final[Mapping[str, Any]] = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD: Final[Mapping[str, Any]] = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
# An object named here is replaced by its defaults, then filled, when an update changes its type.
_BY_TYPE: Final[Mapping[str, Mapping[str, Any]]] = {
    "server_vad": _SERVER_VAD,
    "semantic_vad": _SEMANTIC_VAD,
    "audio/pcm": {"type": "audio/pcm", "rate": 24000},
}


@dataclass(frozen=True, slots=True)
class Vad:
    """Turn detection in numbers."""

    threshold: float
    prefix_us: int
    silence_us: int
    creates_response: bool
    interrupts_response: bool


# How long a pause must be where a real server would weigh its meaning: this one only hears energy.
_EAGERNESS_US: Final = {"low": 1_000_000, "medium": 600_000, "auto": 600_000, "high": 300_000}


@dataclass(frozen=True, slots=True)
class Session:
    """The effective session: the document that `session.created` and `session.updated` carry."""

    document: Mapping[str, Any]

    def updated(self, patch: SessionPatch) -> Session:
        """The session after an update: absent keeps, null clears to the default, lists replace."""
        change = patch.document()
        change.pop("model", None)  # fixed by the URL; a different one is silently ignored
        return Session(merged(self.document, change, default_session("", "", 0)))

    @property
    def modality(self) -> str:
        """Either `audio` or `text`."""
        return str(self.document["output_modalities"][0])

    @property
    def input_format(self) -> AudioFormat:
        """The format of appended audio."""
        return FORMATS[self.document["audio"]["input"]["format"]["type"]]

    @property
    def output_format(self) -> AudioFormat:
        """The format of audio deltas."""
        return FORMATS[self.document["audio"]["output"]["format"]["type"]]

    @property
    def transcription_model(self) -> str | None:
        """The model that transcribes the caller; None: nobody does."""
        transcription = self.document["audio"]["input"]["transcription"]
        return None if transcription is None else str(transcription.get("model") or "whisper-1")

    @property
    def functions(self) -> frozenset[str]:
        """Names of the functions on offer."""
        return function_names(self.document["tools"], self.document["tool_choice"])

    @property
    def vad(self) -> Vad | None:
        """Turn detection; None: turns are committed by the client."""
        settings = self.document["audio"]["input"]["turn_detection"]
        if settings is None:
            return None
        create, interrupt = settings["create_response"], settings["interrupt_response"]
        if settings["type"] == "semantic_vad":
            return Vad(0.5, 300_000, _EAGERNESS_US[settings["eagerness"]], create, interrupt)
        return Vad(
            settings["threshold"],
            settings["prefix_padding_ms"] * 1000,
            settings["silence_duration_ms"] * 1000,
            create,
            interrupt,
        )


def function_names(tools: list[dict[str, Any]] | None, choice: Any) -> frozenset[str]:
    """Names of the functions that a model may call."""
    return frozenset() if choice == "none" else frozenset(tool["name"] for tool in tools or ())


def default_session(session_id: str, model: str, expires_at: int) -> dict[str, Any]:
    """The session as a server makes it."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "prompt": None,
        "expires_at": expires_at,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": dict(_SERVER_VAD),
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.0},
        },
        "truncation": "auto",
        "include": None,
    }


# Null turns these off, where elsewhere it brings back the default.
_OFF: Final = frozenset(
    {"turn_detection", "transcription", "noise_reduction", "tracing", "prompt", "include"}
)


def merged(
    current: Mapping[str, Any], change: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """A deep merge; an object whose `type` changes is replaced whole."""
    result = dict(current)
    for key, value in change.items():
        default = defaults.get(key)
        if value is None:
            result[key] = None if key in _OFF else default
        elif isinstance(value, dict) and key != "parameters":
            result[key] = _merged_object(current.get(key), value, default)
        else:
            result[key] = value
    return result


def _merged_object(current: Any, change: dict[str, Any], default: Any) -> dict[str, Any]:
    kind = change.get("type")
    base = current if isinstance(current, dict) else {}
    typed: Mapping[str, Any] = _BY_TYPE.get(str(kind), {})
    if kind is not None and base.get("type") != kind:
        base = dict(typed)
    return merged(base, change, default if isinstance(default, dict) and not typed else typed)
