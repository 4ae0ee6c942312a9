"""ruamel.yaml's own parser, made quicker for whole texts in memory.

Its parts ask their loader for each other at every step, look at a text character by character, and note for
each mark all that a stream would need. These do the same work in fewer steps: what they accept, refuse and
produce is the same, which a test holds them to.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import ScalarToken

_END = r"\0 \t\r\n\x85\u2028\u2029"
_WORD = rf"(?:[^{_END}:]|:(?![{_END}]))+"
_WORD_IN_FLOW = rf"(?:[^{_END}:,\[\]{{}}]|:(?![{_END}]))+"
_PLAIN = re.compile(rf"(?!#){_WORD}(?: +(?!#){_WORD})*")
_PLAIN_IN_FLOW = re.compile(rf"(?!#){_WORD_IN_FLOW}(?: +(?!#){_WORD_IN_FLOW})*")
_BLANK = re.compile(r" *(?:#[^\0\r\n\x85\u2028\u2029]*)?")
_BLANK_IN_FLOW = re.compile(r"[ \t]*(?:#[^\0\r\n\x85\u2028\u2029]*)?")


class _Mark:
    """A position in the text."""

    __slots__ = ("column", "index", "line")

    name = "<text>"

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index, self.line, self.column = index, line, column


class _Reader(Reader):
    def get_mark(self) -> Any:
        return _Mark(self.index, self.line, self.column)

    def forward(self, length: int = 1) -> None:
        end = self.pointer + length
        passed = self.buffer[self.pointer : end]
        if end + 1 >= len(self.buffer) or "\n" in passed or "\r" in passed or "\ufeff" in passed:
            super().forward(length)
            return
        self.pointer = end
        self.index += length
        self.column += length


class _Scanner(Scanner):
    @cached_property
    def reader(self) -> Any:
        return self.loader.reader

    @cached_property
    def scanner_processing_version(self) -> Any:
        return super().scanner_processing_version

    def check_token(self, *choices: Any) -> bool:
        while self.need_more_tokens():
            self.fetch_more_tokens()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

    def need_more_tokens(self) -> bool:
        if self.done:
            return False
        if not self.tokens:
            return True
        if not self.possible_simple_keys:
            return False
        self.stale_possible_simple_keys()
        return any(key.token_number == self.tokens_taken for key in self.possible_simple_keys.values())

    def stale_possible_simple_keys(self) -> None:
        line, index = self.reader.line, self.reader.index
        for key in self.possible_simple_keys.values():
            if key.line != line or index - key.index > 1024:
                super().stale_possible_simple_keys()
                return

    def scan_to_next_token(self) -> None:
        reader = self.reader
        if reader.index == 0 and reader.peek() == "\ufeff":
            reader.forward()
        blank = _BLANK_IN_FLOW if self.flow_context else _BLANK
        while True:
            found = blank.match(reader.buffer, reader.pointer)
            if found and found.end() > reader.pointer:
                reader.forward(found.end() - reader.pointer)
            if not self.scan_line_break():
                return
            if not self.flow_context:
                self.allow_simple_key = True

    def scan_plain(self) -> Any:
        reader = self.reader
        pattern = _PLAIN_IN_FLOW if self.flow_context else _PLAIN
        indent = self.indent + 1
        start_mark = end_mark = reader.get_mark()
        chunks: list[str] = []
        spaces: list[str] = []
        while found := pattern.match(reader.buffer, reader.pointer):
            self.allow_simple_key = False
            chunks += spaces
            chunks.append(found[0])
            reader.forward(len(found[0]))
            end_mark = reader.get_mark()
            spaces = self.scan_plain_spaces(indent, start_mark)
            if not spaces or reader.peek() == "#" or (not self.flow_context and reader.column < indent):
                break
        return ScalarToken("".join(chunks), True, start_mark, end_mark)  # noqa: FBT003 # ruamel's order


class _Parser(Parser):
    @cached_property
    def scanner(self) -> Any:
        return self.loader.scanner

    @cached_property
    def resolver(self) -> Any:
        return self.loader.resolver

    def check_event(self, *choices: Any) -> bool:
        event = self.peek_event()
        return event is not None and (not choices or isinstance(event, choices))


class _Composer(Composer):
    @cached_property
    def parser(self) -> Any:
        return self.loader.parser

    @cached_property
    def resolver(self) -> Any:
        return self.loader.resolver


class _Resolver(VersionedResolver):
    @cached_property
    def versioned_resolver(self) -> Any:
        return super().versioned_resolver


def parser() -> YAML:
    """A loader of plain YAML 1.2 for one document."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Reader, yaml.Scanner, yaml.Parser, yaml.Composer = _Reader, _Scanner, _Parser, _Composer
    yaml.Resolver = _Resolver
    return yaml
