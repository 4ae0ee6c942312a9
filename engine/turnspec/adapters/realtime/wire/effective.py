"""The effective session: its defaults, what updates lead to, and what it means in numbers.

Facts: defaults as servers send them (`silence_duration_ms` is 200 on the wire, whatever the
documentation says); updates as OpenAI's Realtime reference (GA) describes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.adapters.realtime.wire.tools import function_names
from turnspec.call import ALAW_8K, MULAW_8K, PCM_24K, AudioFormat

FORMATS: Final[Mapping[str, AudioFormat]] = {
    "audio/pcm": PCM_24K,
    "audio/pcmu": MULAW_8K,
    "audio/pcma": ALAW_8K,
}
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
    """Turn detection in numbers.

    `patience_us`: how long a pause may be where what was said is known to go on; None: none does. After
    `idle_us` without speech the server speaks up; None: never. `waits_for_rest`: a pause that is known to end
    soon, inside a recording that is known, ends no turn, as the client did not say how long one may be.
    """

    threshold: float
    prefix_us: int
    silence_us: int
    creates_response: bool
    interrupts_response: bool
    patience_us: int | None = None
    idle_us: int | None = None
    waits_for_rest: bool = False


# The pause that ends a turn whose words are complete or unknown; OpenAI publishes only the longest waits.
EAGERNESS_US: Final = {"low": 1_000_000, "medium": 600_000, "auto": 600_000, "high": 300_000}
_LONGEST_WAIT_US: Final = {"low": 8_000_000, "medium": 4_000_000, "auto": 4_000_000, "high": 2_000_000}
# The family, not the year: `gpt-realtime-2025-08-28` is no such model.
_REASONING: Final = re.compile(r"gpt-realtime-2(\.\d+)?(-.*)?")
_OF_REASONING: Final = ("reasoning", "parallel_tool_calls")


def reasons(model: str) -> bool:
    """Whether a model is of the family that takes `reasoning` and `parallel_tool_calls`."""
    return _REASONING.fullmatch(model) is not None


def require_reasoning(model: str, change: Mapping[str, Any], within: str) -> None:
    """Check that only a model that reasons is told how to.

    Raises:
        ClientError: Another one is; live servers refuse it, their code for it is not published.
    """
    for key in _OF_REASONING:
        if change.get(key) is not None and not reasons(model):
            message = f"Unsupported parameter: '{key}' is not supported with this model."
            raise ClientError("unsupported_parameter", message, f"{within}.{key}")


@dataclass(frozen=True, slots=True)
class Session:
    """The effective session: the document that `session.created` and `session.updated` carry.

    `defaults` is what null brings back.
    """

    document: Mapping[str, Any]
    defaults: Mapping[str, Any]

    @classmethod
    def begun(cls, document: Mapping[str, Any], *patches: SessionPatch) -> Session:
        """A session that begins with some of its settings changed."""
        session = cls(document, document)
        for patch in patches:
            session = session.updated(patch)
        return cls(session.document, session.document)

    def updated(self, patch: SessionPatch, *, resets_turn_detection: bool = False) -> Session:
        """The session after an update: absent keeps, null clears to the default, lists replace.

        `resets_turn_detection`: settings of a turn detection that are not given become the defaults.

        Raises:
            ClientError: A setting that the model does not take.
        """
        change = patch.document()
        require_reasoning(self.document["model"], change, "session")
        if not reasons(self.document["model"]):
            change = {key: value for key, value in change.items() if key not in _OF_REASONING}
        change.pop("model", None)  # fixed by the URL; a different one is silently ignored
        if resets_turn_detection:
            change = _with_whole_turn_detection(change)
        return Session(merged(self.document, change, self.defaults), self.defaults)

    @property
    def modality(self) -> str:
        """Either `audio` or `text`."""
        return str(self.document["output_modalities"][0])

    @property
    def voice(self) -> Any:
        """Who speaks."""
        return self.document["audio"]["output"]["voice"]

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
            eagerness = settings["eagerness"]
            longest_us = _LONGEST_WAIT_US[eagerness]
            return Vad(0.5, 300_000, EAGERNESS_US[eagerness], create, interrupt, patience_us=longest_us)
        idle_ms = settings["idle_timeout_ms"]
        return Vad(
            settings["threshold"],
            settings["prefix_padding_ms"] * 1000,
            settings["silence_duration_ms"] * 1000,
            create,
            interrupt,
            idle_us=None if idle_ms is None else idle_ms * 1000,
            waits_for_rest=settings["silence_duration_ms"] == _SERVER_VAD["silence_duration_ms"],
        )


def default_session(session_id: str, model: str, expires_at: int, voice: str = "marin") -> dict[str, Any]:
    """The session as a server makes it."""
    reasoning = {"reasoning": {"effort": "low"}} if reasons(model) else {}
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
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": voice, "speed": 1.0},
        },
        "truncation": "auto",
        "include": None,
        **reasoning,
    }


def _with_whole_turn_detection(change: Mapping[str, Any]) -> dict[str, Any]:
    audio = change.get("audio") or {}
    heard = audio.get("input") or {}
    said = heard.get("turn_detection")
    if said is None:
        return dict(change)
    given = {key: value for key, value in said.items() if value is not None}
    whole = {**_BY_TYPE[said["type"]], **given}
    return {**change, "audio": {**audio, "input": {**heard, "turn_detection": whole}}}


# Null turns these off, where elsewhere it brings back the default.
_OFF: Final = frozenset(
    {"turn_detection", "transcription", "noise_reduction", "tracing", "prompt", "include"}
)
# Maps of the client's own, whose values are nobody's settings.
_OWN: Final = frozenset({"variables", "metadata"})


def merged(
    current: Mapping[str, Any], change: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """A deep merge; an object whose `type` changes is replaced whole."""
    result = dict(current)
    for key, value in change.items():
        default = defaults.get(key)
        if value is None:
            result[key] = None if key in _OFF else default
        elif isinstance(value, dict) and key in _OWN:
            result[key] = {**(current.get(key) or {}), **value}
        elif isinstance(value, dict):
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
