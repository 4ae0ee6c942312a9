"""Evidence: everything that happened in one call. It only grows, in memory and on disk.

On disk a call is a folder: `events.jsonl` (a header line, then a line an event), `wire.jsonl` (the
frames of every connection, audio payloads left out) and the recording, which `audio` writes.
Secrets are masked here, on the way in, so that nothing later can leak what it never had.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import Enum
from itertools import starmap
from json.encoder import encode_basestring
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias, TypeVar

from turnspec.call.events import AgentAudio, Event, Side
from turnspec.call.record import FORMAT, RecordError, from_document, to_line

AnyEvent = TypeVar("AnyEvent", bound=Event)
ByClass: TypeAlias = dict[type[Event], list[Event]]

EVENTS_FILE = "events.jsonl"
WIRE_FILE = "wire.jsonl"
RECORDING_FILE = "call.flac"
RECEIVED_FILE = "agent-received.flac"
GROWING_FILES = {RECORDING_FILE: "call.wav", RECEIVED_FILE: "agent-received.wav"}
"""What each is while the call is up; gone once the other is whole."""

MASK = "***"
"""What stands where a secret was."""

HELD_US = 500_000
"""How long the arrival of agent audio may wait to be written."""

MOST_HELD = 128  # frames in memory

_JSON_FIELDS = frozenset({"arguments", "output"})
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclasses.dataclass(frozen=True, slots=True)
class Track:
    """One side of a recording: signed 16-bit mono samples, the first one at microsecond 0 of the call."""

    rate_hz: int
    pcm: bytes = dataclasses.field(repr=False)

    @property
    def duration_us(self) -> int:
        """Length in microseconds, rounded down."""
        return len(self.pcm) // 2 * 1_000_000 // self.rate_hz


class EvidenceView(Protocol):
    """What checks and reports may see of a call: read-only."""

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event in the order in which it was recorded."""
        ...

    @property
    def caller(self) -> Track | None:
        """The caller as sent; None where the call carried no audio."""
        ...

    @property
    def agent(self) -> Track | None:
        """The agent as heard: flushed audio is not in it."""
        ...

    def of(self, event_class: type[AnyEvent], side: Side | None = None) -> Iterator[AnyEvent]:
        """The events of one class (and side), in order."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """A finished view: literal events and tracks. What tests and saved calls are judged on."""

    events: tuple[Event, ...]
    caller: Track | None = None
    agent: Track | None = None
    _by_class: ByClass = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_class: ByClass = {}
        for event in self.events:
            by_class.setdefault(type(event), []).append(event)
        object.__setattr__(self, "_by_class", by_class)

    def of(self, event_class: type[AnyEvent], side: Side | None = None) -> Iterator[AnyEvent]:
        """The events of one class (and side), in order."""
        return _of(self._by_class, event_class, side)


def _of(by_class: ByClass, event_class: type[AnyEvent], side: Side | None) -> Iterator[AnyEvent]:
    # Checks ask hundreds of times. Only `Event` itself has classes below it, and nobody asks for that.
    events: list[Any] = by_class.get(event_class, [])
    return iter([event for event in events if side is None or event.side is side])


def select(events: tuple[Event, ...], event_class: type[AnyEvent], side: Side | None) -> Iterator[AnyEvent]:
    """The events of one class (and side), in order."""
    for event in events:
        if isinstance(event, event_class) and (side is None or event.side is side):
            yield event


class Evidence:
    """The growing record of one call; `folder` None keeps it in memory only.

    Events are written as they come, each with the frames before it: a killed run leaves a readable record.
    Agent audio alone, which comes fifty times a second, waits up to `HELD_US` for the next of them, or for
    any other event. A disk that takes no more ends the record on disk, not the call: `trouble` says why.
    """

    def __init__(
        self, folder: Path | None, header: dict[str, Any], mask: Callable[[str], str] | None = None
    ) -> None:
        self._events: list[Event] = []
        self._by_class: ByClass = {}
        self._mask = mask
        self._events_file = _open(folder, EVENTS_FILE)
        self._wire_file = _open(folder, WIRE_FILE)
        self._unwritten: list[Event] = []
        self._frames: list[tuple[int, Side, str, str]] = []
        self._held_since_us = 0
        self.trouble = ""
        if self._events_file is not None:
            self._events_file.write(_JSON.encode({"format": FORMAT, **header}) + "\n")
            self._events_file.flush()

    def append(self, event: AnyEvent) -> AnyEvent:
        """Record `event` for good; returns it as recorded, with secrets masked."""
        if self._mask is not None:
            event = masked(event, self._mask)
        self._events.append(event)
        self._by_class.setdefault(type(event), []).append(event)
        if self._events_file is not None:
            self._unwritten.append(event)
            if type(event) is not AgentAudio or event.at_us - self._held_since_us >= HELD_US:
                self._held_since_us = event.at_us
                self.write_out()
        return event

    def frame(self, at_us: int, side: Side, direction: str, text: str) -> None:
        """Keep one frame of a connection, `direction` being `in` or `out` as the engine sees it."""
        if self._mask is not None:
            text = self._mask(text)
        if self._wire_file is not None:
            self._frames.append((at_us, side, direction, text))
            if len(self._frames) >= MOST_HELD:
                self._write_frames()

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything recorded so far."""
        return tuple(self._events)

    def of(self, event_class: type[AnyEvent], side: Side | None = None) -> Iterator[AnyEvent]:
        """The events of one class (and side) so far, in order."""
        return _of(self._by_class, event_class, side)

    def since(self, count: int) -> list[Event]:
        """What was recorded after the first `count` events."""
        return self._events[count:]

    def snapshot(self, caller: Track | None, agent: Track | None) -> Snapshot:
        """The record as it stands, with its audio."""
        return Snapshot(tuple(self._events), caller, agent)

    def close(self) -> None:
        """Close the files; the record in memory stays."""
        self.write_out()
        for file in (self._events_file, self._wire_file):
            if file is not None:
                file.close()

    def write_out(self) -> None:
        """Write all that waits to be written."""
        self._write_frames()
        if self._events_file is not None and self._unwritten:
            self._write(self._events_file, map(to_line, self._unwritten))
        self._unwritten.clear()

    def _write_frames(self) -> None:
        if self._wire_file is not None and self._frames:
            self._write(self._wire_file, starmap(_frame_line, self._frames))
        self._frames.clear()

    def _write(self, file: IO[str], lines: Iterable[str]) -> None:
        try:
            file.write("".join(lines))
            file.flush()
        except OSError as error:
            self.trouble = error.strerror or str(error)
            for each in (self._events_file, self._wire_file):
                _abandon(each)
            self._events_file = self._wire_file = None


def _frame_line(at_us: int, side: Side, direction: str, text: str) -> str:
    # A template, because a hundred of them come every second.
    frame = f'"direction":"{direction}","frame":{encode_basestring(text)}'
    return f'{{"at_us":{at_us},"side":"{side}",{frame}}}\n'


def read_events(folder: Path) -> tuple[dict[str, Any], tuple[Event, ...]]:
    """The header and events of a saved call; a last line cut short by a crash is left out.

    Raises:
        RecordError: The file is of a newer format, or not a record.
    """
    # Bytes, because a crash may cut a letter in two, and because texts may hold other line breaks than ours.
    first, *lines = (folder / EVENTS_FILE).read_bytes().split(b"\n")
    header = _parse(first)
    if header is None or type(header.get("format")) is not int:
        raise RecordError(f"{folder / EVENTS_FILE} is not a call record")
    if header["format"] > FORMAT:
        raise RecordError(f"{folder} has format {header['format']}; this turnspec reads up to {FORMAT}")
    documents = [_parse(line) for line in lines]
    if None in documents[:-1]:
        raise RecordError(f"{folder / EVENTS_FILE}: line {documents.index(None) + 2} is not JSON")
    return header, tuple(from_document(document) for document in documents if document is not None)


def masked(event: AnyEvent, mask: Callable[[str], str]) -> AnyEvent:
    """The event with `mask` applied to every text in it; what is JSON inside stays JSON."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if isinstance(value, str | list | dict) and (hidden := _masked(value, mask)) != value:
            is_json = field.name in _JSON_FIELDS and isinstance(value, str)
            changes[field.name] = _masked_json(str(value), mask) if is_json else hidden
    return dataclasses.replace(event, **changes) if changes else event


def _masked_json(text: str, mask: Callable[[str], str]) -> str:
    """A number that is a secret becomes a text: blacked out where it stands, it would be no JSON any more."""
    try:
        document = json.loads(text)
    except ValueError:
        return mask(text)
    return json.dumps(_masked_numbers(document, mask), ensure_ascii=False)


def _masked_numbers(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {mask(key): _masked_numbers(item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked_numbers(item, mask) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    hidden = mask(str(value))
    return hidden if hidden != str(value) else value


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {_masked(key, mask): _masked(item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    # The words of an enumeration are texts as well; they are ours, and stay what they are.
    return mask(value) if isinstance(value, str) and not isinstance(value, Enum) else value


def _open(folder: Path | None, name: str) -> IO[str] | None:
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    # An agent may send half of a surrogate pair, which UTF-8 cannot hold; as `\\ud800` JSON can.
    return (folder / name).open("w", encoding="utf-8", errors="backslashreplace")


def _abandon(file: IO[str] | None) -> None:
    """Close a file whose last line cannot be written."""
    with suppress(OSError):  # closing tries to write it once more
        if file is not None:
            file.close()


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
