"""Prompts that a bot gives as an address, `playUrl`: `data:` URLs are decoded here, others are fetched."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from turnspec.adapters.audiocodes.formats import audio_format, has_header
from turnspec.adapters.audiocodes.wav import WavError, is_wav, read_header
from turnspec.call import AudioFormat

_DATA: Final = re.compile(r"data:(?P<type>[^,]{0,200}),(?P<body>.*)", re.DOTALL | re.IGNORECASE)


class PromptError(ValueError):
    """A prompt that cannot be played, and why."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's audio, whole samples of one format."""

    format: AudioFormat
    audio: bytes


def is_data(url: str) -> bool:
    """Whether the address is the audio itself."""
    return url[:5].casefold() == "data:"


def decoded(url: str, media_format: str) -> Prompt:
    """The audio of a `data:` URL; `media_format` says what it is where it has no header.

    Raises:
        PromptError: It is no URL of that kind, or not audio that can be played.
    """
    found = _DATA.fullmatch(url)
    if found is None:
        raise PromptError("it is no data: URL, which has a comma before its data")
    body = unquote_to_bytes(found["body"])
    if not found["type"].casefold().endswith(";base64"):
        return prompt_of(body, media_format)
    try:
        return prompt_of(b64decode(body, validate=True), media_format)
    except Base64Error as error:
        raise PromptError(f"its data is not base64: {error}") from error


def prompt_of(data: bytes, media_format: str) -> Prompt:
    """The audio of a prompt's bytes.

    Raises:
        PromptError: It is not audio that can be played.
    """
    if is_wav(data) or has_header(media_format):
        return _of_file(data)
    raw = audio_format(media_format)
    if raw is None:
        named = f"{media_format!r} is no media format" if media_format else "it names no media format"
        raise PromptError(f"it is no WAV file, and {named}")
    return _whole(raw, data)


def _of_file(data: bytes) -> Prompt:
    try:
        header = read_header(data)
    except WavError as error:
        raise PromptError(str(error)) from error
    if header is None:
        raise PromptError("its header is cut short")
    return _whole(header.format, data[header.size : header.size + header.length])


def _whole(audio: AudioFormat, data: bytes) -> Prompt:
    if len(data) < audio.sample_bytes:
        raise PromptError("there is no audio in it")
    return Prompt(audio, data[: len(data) - len(data) % audio.sample_bytes])


def shown(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as they are recorded: the audio of a `data:` URL replaced by how much of it there was."""
    return {key: _shown(value) for key, value in params.items()}


def _shown(value: Any) -> Any:
    if not isinstance(value, str) or not is_data(value):
        return value
    head, comma, body = value.partition(",")
    return f"{head[:200]}{comma}<{len(body)} characters>"
