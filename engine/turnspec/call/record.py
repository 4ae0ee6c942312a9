"""Events as JSON documents and back; the file form of Evidence has `format: 1`."""

from __future__ import annotations

import dataclasses
from enum import Enum
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
        if value is not None:
            document[field] = _plain(value)
    return document


def from_document(document: dict[str, Any]) -> Event:
    """The event that a document describes.

    Raises:
        RecordError: The kind is unknown or a field is missing.
    """
    fields = dict(document)
    event_class = EVENT_KINDS.get(fields.pop("kind", ""))
    if event_class is None:
        raise RecordError(f"unknown event kind {document.get('kind')!r}")
    fields["side"] = Side(fields.get("side", "line"))
    for name, hint in _ENUMS[event_class.kind].items():
        if name in fields:
            fields[name] = hint(fields[name])
    if event_class is AgentAudio:
        fields["format"] = AudioFormat(Encoding(fields["format"]["encoding"]), fields["format"]["rate_hz"])
    try:
        return event_class(**fields)
    except TypeError as error:
        raise RecordError(f"event {event_class.kind!r}: {error}") from error


def _enum_fields(event_class: type[Event]) -> dict[str, type[Enum]]:
    hints = get_type_hints(event_class)
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Enum)}


_UNRECORDED = frozenset({"at_us", "side", "data"})
_FIELDS: Final = {
    kind: tuple(field.name for field in dataclasses.fields(cls) if field.name not in _UNRECORDED)
    for kind, cls in EVENT_KINDS.items()
}
_ENUMS: Final = {kind: _enum_fields(cls) for kind, cls in EVENT_KINDS.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, AudioFormat):
        return {"encoding": value.encoding.value, "rate_hz": value.rate_hz}
    return value
