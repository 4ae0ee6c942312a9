"""Bounds that a text must keep before any parser sees it, and traps that only the raw text shows.

One linear pass. It follows YAML closely enough to know texts, comments and brackets apart: an opening
bracket counts where a value may begin, or inside another bracket; a quote likewise; a line indented deeper
than an unfinished plain text belongs to that text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
# By what they are, not by what they are not: the few are compiled in a tenth of the time of the many.
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_PLAIN_END = re.compile(r":(?=\s|$)|(?<=\s)#")
_PLAIN_END_IN_FLOW = re.compile(r":(?=[\s,\]}\[{]|$)|(?<=\s)#|[\[\]{},]")
_DOUBLE_QUOTE_END = re.compile(r'(?:[^"\\]|\\.)*?"')
_SINGLE_QUOTE_END = re.compile(r"(?:[^']|'')*?'(?!')")
_PROPERTY = re.compile(r"[&*!][^\s,\]}]*")
_TEMPLATE_STOP = re.compile(r"\s#|\s*$")
_TEMPLATE_STOP_IN_FLOW = re.compile(r"\s*[,\]}]|\s*$")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a file may be: bytes, levels, values as written, and values once aliases are followed."""

    size: int = 256 * 1024
    depth: int = 50
    tokens: int = 20_000
    nodes: int = 100_000


@dataclass(frozen=True, slots=True)
class Trap:
    """Something in the raw text, from `column` to `end` of `line`; all count from 0."""

    kind: Literal["too-deep", "too-long", "tab", "template", "unprintable", "directive"]
    line: int
    column: int
    end: int


def scan(lines: tuple[str, ...], bounds: Bounds) -> tuple[Trap, ...]:
    """The traps of a text, in order; the scan ends where a bound is passed."""
    return _Scan(bounds).over(lines)


class _Scan:
    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.traps: list[Trap] = []
        self.full = False
        self.tokens = 0
        self.number = 0
        self.line = ""
        # What the current position is inside of.
        self.indents: list[int] = []
        self.brackets = 0
        self.quote = ""
        self.block_text: int | None = None
        self.plain_text = False
        # Where the value began that may turn out to be a key, and whether as a key it opens a level.
        self.begun = 0
        self.structural = True

    def over(self, lines: tuple[str, ...]) -> tuple[Trap, ...]:
        for number, line in enumerate(lines):
            self.number, self.line = number, line
            if not line.isascii() or not line.isprintable():
                self._unprintable()
            if not self._inside_text():
                self._values(len(line) - len(line.lstrip(" ")))
            if self.full:
                break
        return tuple(self.traps)

    def _trap(
        self, kind: Literal["tab", "template", "unprintable", "directive"], start: int, end: int
    ) -> None:
        self.traps.append(Trap(kind, self.number, start, end))

    def _unprintable(self) -> None:
        if found := _UNPRINTABLE.search(self.line):
            self._trap("unprintable", found.start(), found.end())

    def _inside_text(self) -> bool:
        """Whether the whole line belongs to a text; else it begins at a place where values may begin."""
        if self.quote or self.brackets:
            return False
        content = self.line.lstrip(" ")
        indent = len(self.line) - len(content)
        if not content.strip():
            return True
        deeper = indent > (self.indents[-1] if self.indents else -1)
        if self.block_text is not None:
            if indent > self.block_text:
                return True
            self.block_text = None
        if self.plain_text and deeper and not content.startswith("#"):
            return True
        self.plain_text = False
        self._leading(content, indent)
        return False

    def _leading(self, content: str, indent: int) -> None:
        if content[0] == "\t" and not content.lstrip().startswith("#"):
            self._trap("tab", indent, indent + len(content) - len(content.lstrip("\t ")))
        if content.startswith("%") and indent == 0:
            self._trap("directive", 0, len(self.line))
        while self.indents and self.indents[-1] > indent:
            self.indents.pop()
        self.structural = True

    def _values(self, position: int) -> None:
        may_begin = not self.quote
        if self.quote:
            position = self._quote_end(0)
        while position < len(self.line) and not self.full:
            character = self.line[position]
            if character in " \t":
                position += 1
            elif character == "#" and (position == 0 or self.line[position - 1] in " \t"):
                return
            elif self.brackets and character in "]},":
                self.brackets -= character != ","
                may_begin = character == ","
                position += 1
            elif may_begin:
                position, may_begin = self._begin(position)
            else:
                position, may_begin = self._rest(position)

    def _begin(self, position: int) -> tuple[int, bool]:
        """Pass what begins a value here, and say whether a value may still begin behind it."""
        character = self.line[position]
        self.begun = position
        if (
            not self.brackets
            and character in "-?"
            and self.line[position + 1 : position + 2] in ("", " ", "\t")
        ):
            self._enter(position)
            self.structural = True
            return position + 1, True
        if not self.brackets and character in "|>":
            self.block_text = self.indents[-1] if self.indents else -1
            return len(self.line), False
        if character in "[{":
            return self._bracket(position)
        if character in "\"'":
            self.quote = character
            self._count(position)
            return self._quote_end(position + 1), False
        if character in "&*!" and (found := _PROPERTY.match(self.line, position)):
            return found.end(), character != "*"
        self._count(position)
        return position, False

    def _rest(self, position: int) -> tuple[int, bool]:
        """Pass the rest of a plain text, and the colon that makes it a key."""
        found = (_PLAIN_END_IN_FLOW if self.brackets else _PLAIN_END).search(self.line, position)
        if found is None or found[0] == "#":
            self.plain_text = found is None and not self.brackets
            return len(self.line), False
        if found[0] == ":":
            if self.structural and not self.brackets:
                self._enter(self.begun)
            self.structural = False
            return found.end(), True
        if found[0] in "[{":
            # Amid a text inside brackets: a template wants quotes, all else the parser will refuse.
            return self._bracket(found.start(), began=self.begun)
        return found.start(), False

    def _bracket(self, position: int, began: int | None = None) -> tuple[int, bool]:
        if self.line.startswith("{{", position):
            close = self.line.find("}}", position)
            stop = _TEMPLATE_STOP_IN_FLOW if self.brackets else _TEMPLATE_STOP
            found = stop.search(self.line, close + 2) if close >= 0 else None
            end = found.start() if found else len(self.line)
            self._trap("template", position if began is None else began, end)
            return end, False
        self.brackets += 1
        self._count(position)
        self._bound_depth(position)
        return position + 1, True

    def _enter(self, column: int) -> None:
        if not self.indents or column > self.indents[-1]:
            self.indents.append(column)
            self._bound_depth(column)

    def _bound_depth(self, column: int) -> None:
        if len(self.indents) + self.brackets > self.bounds.depth:
            self._fill("too-deep", column)

    def _count(self, column: int) -> None:
        self.tokens += 1
        if self.tokens > self.bounds.tokens:
            self._fill("too-long", column)

    def _fill(self, kind: Literal["too-deep", "too-long"], column: int) -> None:
        self.traps.append(Trap(kind, self.number, column, column + 1))
        self.full = True

    def _quote_end(self, position: int) -> int:
        """The end of the quoted text that `position` is in; the end of the line where the text goes on."""
        found = (_DOUBLE_QUOTE_END if self.quote == '"' else _SINGLE_QUOTE_END).match(self.line, position)
        if found is None:
            return len(self.line)
        self.quote = ""
        return found.end()
