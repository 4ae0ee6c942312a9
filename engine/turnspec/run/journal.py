"""What a double that is served alone tells while it goes on, and the log that it is kept in.

The log has a header line, then a line for each entry, each flushed as it is written: a process that is
killed leaves every whole line. Audio payloads are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from turnspec.call.events import Event, Side
from turnspec.call.evidence import masked
from turnspec.call.record import to_document

FORMAT: Final = 1
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was told `served_us` after serving began, on connection number `connection`.

    `at_us` counts from the moment when that connection was made. Both are None of what has no connection.
    """

    served_us: int
    connection: int | None = None
    at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Entry):
    """An event of a connection."""

    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed(Entry):
    """A frame that went `in` or `out`, its audio left out."""

    side: Side
    direction: str
    frame: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Entry):
    """No event of a call: `kind` is `connected`, `disconnected`, `refused`, `failed` or `tunnelled`."""

    kind: str
    detail: str = ""


AnyEntry = Happened | Framed | Noted
Tell = Callable[[AnyEntry], None]


def hidden(entry: AnyEntry, mask: Callable[[str], str]) -> AnyEntry:
    """The entry with `mask` applied to every text in it that comes from outside."""
    times: dict[str, Any] = {
        "served_us": entry.served_us,
        "connection": entry.connection,
        "at_us": entry.at_us,
    }
    match entry:
        case Happened(event=event):
            return Happened(**times, event=masked(event, mask))
        case Framed(side=side, direction=direction, frame=frame):
            return Framed(**times, side=side, direction=direction, frame=mask(frame))
        case Noted(kind=kind, detail=detail):
            return Noted(**times, kind=kind, detail=mask(detail))


class JsonLog:
    """The log as JSON Lines.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        # As in evidence: half of a surrogate pair, which UTF-8 cannot hold, is written as JSON spells it.
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._write({"format": FORMAT, **header})

    def tell(self, entry: AnyEntry) -> None:
        """Write one entry."""
        self._write(as_document(entry))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, document: dict[str, Any]) -> None:
        self._file.write(_JSON.encode(document) + "\n")


def as_document(entry: AnyEntry) -> dict[str, Any]:
    """The JSON form of an entry: an event has the form that it has in evidence."""
    document: dict[str, Any] = {"served_us": entry.served_us}
    if entry.connection is not None:
        document |= {"connection": entry.connection, "at_us": entry.at_us}
    match entry:
        case Happened(event=event):
            return document | to_document(event)
        case Framed(side=side, direction=direction, frame=frame):
            return document | {"side": side.value, "direction": direction, "frame": frame}
        case Noted(kind=kind, detail=detail):
            return document | {"kind": kind} | ({"detail": detail} if detail else {})
