"""What the engine sets in `session.update` when a session begins; all else stays the server's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from turnspec.adapters.base import Function
from turnspec.adapters.realtime.options import RealtimeOptions, TurnDetection
from turnspec.call import AudioFormat, Encoding

_TYPES: Mapping[Encoding, str] = {
    Encoding.PCM16: "audio/pcm",
    Encoding.MULAW: "audio/pcmu",
    Encoding.ALAW: "audio/pcma",
}

_BETA_FORMATS: Mapping[Encoding, str] = {
    Encoding.PCM16: "pcm16",
    Encoding.MULAW: "g711_ulaw",
    Encoding.ALAW: "g711_alaw",
}


def opening_of(options: RealtimeOptions, functions: Iterable[Function]) -> dict[str, Any]:
    """The session that the engine asks for, in the dialect of the options."""
    made = beta_session_of if options.dialect == "beta" else session_of
    return made(options, functions)


def session_of(options: RealtimeOptions, functions: Iterable[Function]) -> dict[str, Any]:
    """The settings that options and offered functions make, with those of `options.session` merged in."""
    session: dict[str, Any] = {"type": "realtime", "output_modalities": [options.modality]}
    if options.instructions is not None:
        session["instructions"] = options.instructions
    tools = [_tool(function) for function in functions]
    if tools:
        session.update(tools=tools, tool_choice="auto")
    audio = _audio(options)
    if audio:
        session["audio"] = audio
    return merged(session, options.session)


def beta_session_of(options: RealtimeOptions, functions: Iterable[Function]) -> dict[str, Any]:
    """The same as the retired beta words it: flat, with formats and modalities of other names."""
    is_audio = options.modality == "audio"
    session: dict[str, Any] = {"modalities": ["text", "audio"] if is_audio else ["text"]}
    if options.instructions is not None:
        session["instructions"] = options.instructions
    tools = [_tool(function) for function in functions]
    if tools:
        session.update(tools=tools, tool_choice="auto")
    if options.transcription is not None:
        session["input_audio_transcription"] = options.transcription.model_dump(exclude_none=True)
    if is_audio:
        name = _BETA_FORMATS[options.audio_format.encoding]
        session.update(input_audio_format=name, output_audio_format=name)
        session["turn_detection"] = _turn_detection(options.turn_detection)
    if is_audio and options.voice is not None:
        session["voice"] = options.voice
    return merged(session, options.session)


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two settings as one: objects are merged, all else is taken from the second."""
    made = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(made.get(key), Mapping)
        made[key] = merged(made[key], value) if both else value
    return made


def _audio(options: RealtimeOptions) -> dict[str, Any]:
    heard: dict[str, Any] = {}
    if options.transcription is not None:
        heard["transcription"] = options.transcription.model_dump(exclude_none=True)
    if options.modality == "text":
        return {"input": heard} if heard else {}
    heard["format"] = _format(options.audio_format)
    heard["turn_detection"] = _turn_detection(options.turn_detection)
    said: dict[str, Any] = {"format": _format(options.audio_format)}
    if options.voice is not None:
        said["voice"] = options.voice
    return {"input": heard, "output": said}


def _turn_detection(options: TurnDetection) -> dict[str, Any] | None:
    return None if options.is_off else options.model_dump(exclude_none=True)


def _format(audio_format: AudioFormat) -> dict[str, Any]:
    written: dict[str, Any] = {"type": _TYPES[audio_format.encoding]}
    # Only linear audio has a rate: G.711 is 8 kHz by itself.
    return written | ({"rate": audio_format.rate_hz} if audio_format.encoding is Encoding.PCM16 else {})


def _tool(function: Function) -> dict[str, Any]:
    return {
        "type": "function",
        "name": function.name,
        "description": function.description,
        "parameters": dict(function.parameters),
    }
