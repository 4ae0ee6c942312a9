"""Where something was written: positions that every value of every document can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DocumentPath = tuple[str | int, ...]
"""The way from a document's root to one of its nodes, such as `("turns", 2, "expect")`."""

# Key line, key column, key end, value line, value column, value end; 0-based, -1 where there is no key.
Position = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one source line; lines and columns count from 1, `end_column` is the one after."""

    file: str
    line: int
    column: int
    end_column: int
    path: DocumentPath = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, eq=False)
class SpanTable:
    """The positions of all nodes of one document, and its lines to quote from.

    `file` is relative to the project folder and written with forward slashes; `folder` is absolute,
    and what the document's own paths are relative to.
    """

    file: str
    folder: Path = field(default_factory=Path)
    lines: tuple[str, ...] = ()
    positions: Mapping[DocumentPath, Position] = field(default_factory=dict)

    def value(self, path: DocumentPath) -> Span:
        """The value at `path`, or at its nearest ancestor that was written."""
        known, position = self._nearest(path)
        return Span(self.file, position[3] + 1, position[4] + 1, position[5] + 1, known)

    def key(self, path: DocumentPath) -> Span:
        """The key that leads to `path`; the value itself where it has none, as list items do."""
        known, position = self._nearest(path)
        if position[0] < 0:
            return self.value(known)
        return Span(self.file, position[0] + 1, position[1] + 1, position[2] + 1, known)

    def line(self, number: int) -> str:
        """The text of line `number`, counted from 1; empty past the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def _nearest(self, path: DocumentPath) -> tuple[DocumentPath, Position]:
        while path and path not in self.positions:
            path = path[:-1]
        return path, self.positions.get(path, (-1, -1, -1, 0, 0, 0))


@dataclass(frozen=True, slots=True)
class Place:
    """One node of one document. All places are equal: where a value stands does not change what it says."""

    table: SpanTable = field(compare=False)
    path: DocumentPath = field(default=(), compare=False)

    @property
    def span(self) -> Span:
        """Where the value is written."""
        return self.table.value(self.path)

    @property
    def text(self) -> str:
        """The value as it is written, as far as that is on its first line."""
        span = self.span
        return self.table.line(span.line)[span.column - 1 : span.end_column - 1]

    @property
    def key_span(self) -> Span:
        """Where the key is written that leads to the value."""
        return self.table.key(self.path)

    def child(self, *steps: str | int) -> Place:
        """The place reached by these keys and indexes from here."""
        return Place(self.table, (*self.path, *steps))


NOWHERE = Place(SpanTable("<python>"))
"""The place of values that were built in Python, not read from a file."""
