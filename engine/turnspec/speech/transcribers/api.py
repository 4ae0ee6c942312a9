"""Asking an OpenAI-compatible API for the words of a sound, and understanding what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from turnspec.speech.answers import ApiAnswer, NoAnswer, document_of, short
from turnspec.speech.transcription import Transcript, Word

PATH: Final = "/audio/transcriptions"
LONGEST_S: Final = 3_600
"""No word is later than that: what says so is no time."""


def form(model: str, language: str | None, *, words: bool) -> dict[str, tuple[str, ...]]:
    """The fields of a request; `words` asks for their times, which not every API tells."""
    fields: dict[str, tuple[str, ...]] = {"model": (model,), "temperature": ("0",)}
    if language is not None:
        fields["language"] = (language,)
    if words:
        return fields | {"response_format": ("verbose_json",), "timestamp_granularities[]": ("word",)}
    return fields | {"response_format": ("json",)}


def multipart(fields: Mapping[str, tuple[str, ...]], sound: bytes) -> tuple[str, bytes]:
    """A form with a WAV file, as content type and body; the same form is the same bytes."""
    written = json.dumps([*fields.items()]).encode()
    boundary = f"turnspec-{hashlib.sha256(written + sound).hexdigest()[:32]}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, values in fields.items()
        for value in values
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="speech.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    ).encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", b"".join((*parts, head, sound, end))


def wants_less(answer: ApiAnswer) -> bool:
    """Whether a server does not take a request for the times of words, but may take one for words alone."""
    return answer.status in (400, 415, 422)


def transcript(answer: ApiAnswer) -> Transcript:
    """The words of an answer; their times as far as it has them.

    Raises:
        NoAnswer: It has no text.
    """
    document = document_of(answer)
    text = document.get("text")
    if not isinstance(text, str):
        told = short(json.dumps(document))
        raise NoAnswer(f"the endpoint's answer has no text, as that of an OpenAI-compatible one has ({told})")
    return Transcript(" ".join(text.split()), tuple(_words(document.get("words"))))


def _words(written: Any) -> Iterator[Word]:
    for word in written if isinstance(written, list) else ():
        match word:
            case {"word": str(text), "start": int() | float() as start, "end": int() | float() as end}:
                if 0 <= start <= end <= LONGEST_S:
                    yield Word(text.strip(), round(start * 1_000_000), round(end * 1_000_000))
