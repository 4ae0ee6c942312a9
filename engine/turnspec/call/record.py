"""Events as JSON documents and back; the file form of Evidence has `format: 1`."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Final, get_type_hints

from turnspec.call.events import EVENT_KINDS, AgentAudio, Event, Side
from turnspec.call.formats import AudioFormat, Encoding

FORMAT: Final = 1


class RecordError(ValueError):
    """A line of a saved call cannot be read."""


def to_document(event: Event) -> dict[str, Any]:
    """The JSON form of an event; audio bytes stay out (the recording has them), their size stays."""
    document: dict[str, Any] = {"at_us": event.at_us, "kind": event.kind, "side": event.side.value}
    for field in _FIELDS[event.kind]:
        value = getattr(event, field)
        if value is not None or field in _REQUIRED[event.kind]:
            document[field] = _plain(value)
    return document


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def to_line(event: Event) -> str:
    """The event as a line of JSON, its line break included."""
    if type(event) is AgentAudio:  # a template, because fifty of them come every second
        head = _audio_head(event.side, event.format)
        size = f'{head}"size":{event.size},"stream":{_quoted(event.stream)}'
        plays = "" if event.plays_at_us is None else f',"plays_at_us":{event.plays_at_us}'
        return f'{{"at_us":{event.at_us},{size}{plays}}}\n'
    return _JSON.encode(to_document(event)) + "\n"


@lru_cache(maxsize=16)
def _audio_head(side: Side, format_: AudioFormat) -> str:
    given = {"kind": AgentAudio.kind, "side": side.value, "format": _plain(format_)}
    return _JSON.encode(given)[1:-1] + ","


@lru_cache(maxsize=16)
def _quoted(text: str) -> str:
    return _JSON.encode(text)


def from_document(document: dict[str, Any]) -> Event:
    """The event that a document describes.

    Raises:
        RecordError: The kind is unknown, or a field is missing, unknown or of no value that it can have.
    """
    kind = document.get("kind")
    event_class = EVENT_KINDS.get(kind) if isinstance(kind, str) else None
    if event_class is None:
        raise RecordError(f"unknown event kind {kind!r}")
    try:
        return event_class(**_values(event_class, document))
    except (TypeError, ValueError, KeyError) as error:
        raise RecordError(f"event {kind!r}: {error}") from error


def _values(event_class: type[Event], document: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in document.items() if name != "kind"}
    for name, hint in _enum_fields(event_class.kind).items():
        if name in values:
            values[name] = hint(values[name])
    if event_class is AgentAudio:
        written = document["format"]
        values["format"] = AudioFormat(Encoding(written["encoding"]), written["rate_hz"])
    return values


@cache  # worked out when a saved call is read, which most runs never do
def _enum_fields(kind: str) -> dict[str, type[Enum]]:
    hints = get_type_hints(EVENT_KINDS[kind])
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Enum)}


_UNRECORDED = frozenset({"at_us", "side", "data"})
_FIELDS: Final = {
    kind: tuple(field.name for field in dataclasses.fields(cls) if field.name not in _UNRECORDED)
    for kind, cls in EVENT_KINDS.items()
}
# What is required is written even where it is None: the caller was heard, and not understood.
_REQUIRED: Final = {
    kind: frozenset(
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    for kind, cls in EVENT_KINDS.items()
}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, AudioFormat):
        return {"encoding": value.encoding.value, "rate_hz": value.rate_hz}
    return value
