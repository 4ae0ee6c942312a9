"""The retired beta, as a translation at the edge: its client events to the GA's, the GA's events to its.

Its conversation items have one event (`conversation.item.created`) where the GA has two, its session is
flat, `audio` comes with `text`, and seven events have other names. Facts: the types of the official SDK's
`openai.types.beta.realtime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from turnspec.adapters.realtime.wire import beta_shapes as beta
from turnspec.adapters.realtime.wire import client_events as ga
from turnspec.adapters.realtime.wire.errors import refusal
from turnspec.adapters.realtime.wire.server_events import Document
from turnspec.adapters.realtime.wire.session import SessionPatch

DEFAULT_TEMPERATURE: Final = 0.8
RENAMED: Final[Mapping[str, str]] = {
    "conversation.item.added": "conversation.item.created",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}
# Events that came with the GA.
UNKNOWN: Final = frozenset(
    {
        "conversation.item.done",
        "conversation.item.input_audio_transcription.segment",
        "input_audio_buffer.timeout_triggered",
        "mcp_list_tools.in_progress",
        "mcp_list_tools.failed",
    }
)
FORMATS: Final[Mapping[str, Mapping[str, Any]]] = {
    "pcm16": {"type": "audio/pcm", "rate": 24000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
_FORMAT_NAMES: Final = {written["type"]: name for name, written in FORMATS.items()}
_GA_PARTS: Final = {"text": "output_text", "audio": "output_audio"}
_BETA_PARTS: Final = {ga_name: name for name, ga_name in _GA_PARTS.items()}
_PARAMS: Final = {"session.audio.output.voice": "session.voice"}
_SAME: Final = ("instructions", "model", "tools", "tool_choice", "tracing")
_RESPONSE_SAME: Final = ("conversation", "instructions", "tools", "tool_choice", "metadata")
_OF_VAD: Final = {
    "server_vad": {"threshold", "prefix_padding_ms", "silence_duration_ms"},
    "semantic_vad": {"eagerness"},
}
_OF_BOTH: Final = {"create_response", "interrupt_response"}


class Beta:
    """One client of the beta; it is told the temperatures that it asked for, which the GA has not got."""

    def __init__(self) -> None:
        self._temperature = DEFAULT_TEMPERATURE
        self._asked: float | None = None  # by the event that is being answered
        self._of_responses: dict[str, float] = {}

    # --- what the client says -----------------------------------------------------------------

    def understood(self, frame: str | bytes) -> ga.ClientEvent:
        """The GA's event that means the same.

        Raises:
            ClientError: What the server answers instead.
        """
        self._asked = None
        return ga.decoded(frame, self._typed)

    def _typed(self, event: dict[str, Any]) -> ga.ClientEvent:
        try:
            said = beta.BETA_EVENT.validate_python(event)
        except ValidationError as error:
            raise refusal(error, event) from error
        match said:
            case beta.BetaSessionUpdate(session=session):
                self._asked = session.temperature
                patch = SessionPatch.model_validate(ga_session(session.model_dump(exclude_unset=True)))
                return ga.SessionUpdate(type="session.update", session=patch, event_id=said.event_id)
            case beta.BetaItemCreate():
                return ga.ItemCreate.model_validate(_ga_item_create(said.model_dump(exclude_unset=True)))
            case beta.BetaResponseCreate(response=params):
                return ga.ResponseCreate(
                    type="response.create", response=self._params(params), event_id=said.event_id
                )
            case same:
                return same  # type: ignore[no-any-return] # the union's other members are the GA's own

    def _params(self, params: beta.BetaResponseParams | None) -> ga.ResponseParams | None:
        if params is None:
            return None
        self._asked = params.temperature
        return ga.ResponseParams.model_validate(_ga_response(params.model_dump(exclude_unset=True)))

    # --- what the server says -----------------------------------------------------------------

    def spoken(self, document: Document) -> Document | None:
        """The event as the beta words it; None: the beta has no such event."""
        kind = document["type"]
        if kind in UNKNOWN:
            return None
        said = {**document, "type": RENAMED.get(kind, kind)}
        if "item" in said:
            said["item"] = beta_item(said["item"])
        match kind:
            case "session.created" | "session.updated":
                if self._asked is not None:
                    self._temperature, self._asked = self._asked, None
                said["session"] = beta_session(said["session"], self._temperature)
            case "response.created" | "response.done":
                said["response"] = self._response(kind, said["response"])
            case "response.function_call_arguments.done":
                del said["name"]
            case "error":
                param = said["error"]["param"]
                said["error"] = {**said["error"], "param": _PARAMS.get(param, param)}
        return said

    def _response(self, kind: str, response: Document) -> Document:
        if kind == "response.created":
            self._of_responses[response["id"]] = self._temperature if self._asked is None else self._asked
            self._asked = None
            return beta_response(response, self._of_responses[response["id"]])
        return beta_response(response, self._of_responses.pop(response["id"]))


def ga_session(said: Mapping[str, Any]) -> Document:
    """A flat session as the GA nests it; what is not said stays unsaid."""
    session: Document = {"type": "realtime", **{key: said[key] for key in _SAME if key in said}}
    if "max_response_output_tokens" in said:
        session["max_output_tokens"] = said["max_response_output_tokens"]
    if "modalities" in said:
        session["output_modalities"] = _ga_modalities(said["modalities"])
    heard: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "format": ("input_audio_format", _ga_format),
        "noise_reduction": ("input_audio_noise_reduction", _same),
        "transcription": ("input_audio_transcription", _same),
        "turn_detection": ("turn_detection", _ga_turn_detection),
    }
    audio = {
        "input": {key: make(said[name]) for key, (name, make) in heard.items() if name in said},
        "output": _ga_output(said),
    }
    session["audio"] = {key: value for key, value in audio.items() if value}
    return session


def beta_session(session: Mapping[str, Any], temperature: float) -> Document:
    """The GA's session, flat."""
    heard, spoken = session["audio"]["input"], session["audio"]["output"]
    same = ("id", "object", "model", "expires_at", "instructions", "tools", "tracing")
    return {
        **{key: session[key] for key in same},
        "modalities": _beta_modalities(session["output_modalities"]),
        "voice": spoken["voice"],
        "input_audio_format": _FORMAT_NAMES[heard["format"]["type"]],
        "output_audio_format": _FORMAT_NAMES[spoken["format"]["type"]],
        "input_audio_transcription": heard["transcription"],
        "input_audio_noise_reduction": heard["noise_reduction"],
        "turn_detection": _beta_turn_detection(heard["turn_detection"]),
        "tool_choice": session["tool_choice"],
        "temperature": temperature,
        "max_response_output_tokens": session["max_output_tokens"],
        "speed": spoken["speed"],
    }


def beta_response(response: Mapping[str, Any], temperature: float) -> Document:
    """The GA's response, flat."""
    same = ("object", "id", "status", "status_details", "conversation_id", "max_output_tokens", "metadata")
    spoken = response["audio"]["output"]
    return {
        **{key: response[key] for key in same},
        "output": [beta_item(item) for item in response["output"]],
        "modalities": _beta_modalities(response["output_modalities"]),
        "voice": spoken["voice"],
        "output_audio_format": _FORMAT_NAMES[spoken["format"]["type"]],
        "temperature": temperature,
        "usage": _beta_usage(response["usage"]),
    }


def beta_item(item: Mapping[str, Any]) -> Document:
    """The GA's item with the beta's parts."""
    said = {"id": item["id"], "object": "realtime.item", **item}
    if "content" in item:
        said["content"] = _renamed_parts(item["content"], _BETA_PARTS)
    return said


def _renamed_parts(content: list[dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**part, "type": names.get(part["type"], part["type"])} for part in content]


def _ga_item(item: Mapping[str, Any]) -> Document:
    if item.get("role") != "assistant":
        return dict(item)
    return {**item, "content": _renamed_parts(item["content"], _GA_PARTS)}


def _ga_item_create(said: Mapping[str, Any]) -> Document:
    return {**said, "item": _ga_item(said["item"])}


def _ga_response(said: Mapping[str, Any]) -> Document:
    asked: Document = {key: said[key] for key in _RESPONSE_SAME if key in said}
    if said.get("max_response_output_tokens") is not None:
        asked["max_output_tokens"] = said["max_response_output_tokens"]
    if said.get("modalities") is not None:
        asked["output_modalities"] = _ga_modalities(said["modalities"])
    if said.get("input") is not None:
        asked["input"] = [_ga_item(item) for item in said["input"]]
    if output := _ga_output(said):
        asked["audio"] = {"output": output}
    return asked


def _ga_output(said: Mapping[str, Any]) -> Document:
    output = {key: said[key] for key in ("voice", "speed") if key in said}
    if "output_audio_format" in said:
        output["format"] = _ga_format(said["output_audio_format"])
    return output


def _same(value: Any) -> Any:
    return value


def _ga_format(name: str | None) -> Document | None:
    return None if name is None else dict(FORMATS[name])


def _ga_modalities(modalities: list[str] | None) -> list[str] | None:
    return modalities and (["text"] if modalities == ["text"] else ["audio"])


def _beta_modalities(modalities: list[str]) -> list[str]:
    return ["text"] if modalities == ["text"] else ["audio", "text"]


def _ga_turn_detection(said: Mapping[str, Any] | None) -> Document | None:
    if said is None:
        return None
    kind = said.get("type") or ("semantic_vad" if said.get("eagerness") else "server_vad")
    known = _OF_VAD[kind] | _OF_BOTH
    return {"type": kind, **{key: value for key, value in said.items() if key in known}}


def _beta_turn_detection(settings: Mapping[str, Any] | None) -> Document | None:
    if settings is None:
        return None
    return {key: value for key, value in settings.items() if key != "idle_timeout_ms"}


def _beta_usage(usage: Mapping[str, Any] | None) -> Document | None:
    if usage is None:
        return None
    heard = usage["input_token_details"]
    known = {key: heard[key] for key in ("text_tokens", "audio_tokens", "cached_tokens")}
    return {**usage, "input_token_details": known}
