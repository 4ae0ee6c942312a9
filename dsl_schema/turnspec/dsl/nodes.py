"""From YAML nodes to plain data that knows its places; aliases are followed, within a bound."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from turnspec.dsl.base import Located
from turnspec.dsl.guard import Bounds
from turnspec.dsl.problems import Problem, in_quotes, quoted
from turnspec.dsl.spans import DocumentPath, Place, Position, Span, SpanTable

_PREFIX = "tag:yaml.org,2002:"
# Dates stay text, as they would in JSON.
_TEXT = frozenset({_PREFIX + "str", _PREFIX + "timestamp"})
_KNOWN = _TEXT | {_PREFIX + kind for kind in ("int", "float", "bool", "null", "map", "seq", "merge")}
_MERGE = _PREFIX + "merge"
_DIGITS = re.compile(r"\+\d{3,}|-?0\d+")
_MAX_DIGITS = 300


def convert(root: Node, table: SpanTable, bounds: Bounds) -> tuple[Any, SpanTable, list[Problem]]:
    """The data, the table filled with all positions, and what is wrong; no data where aliases go too far."""
    positions: dict[DocumentPath, Position] = {}
    filled = SpanTable(table.file, table.folder, table.lines, positions)
    conversion = _Conversion(filled, positions)
    if (refused := conversion.expanded(root, bounds)) is not None:
        return None, filled, [refused]
    return conversion.value(root, (), (-1, -1, -1)), filled, conversion.problems


class _RefusedAliasError(Exception):
    def __init__(self, kind: str, message: str, node: Node) -> None:
        super().__init__(message)
        self.kind, self.message, self.node = kind, message, node


class _Conversion:
    def __init__(self, table: SpanTable, positions: dict[DocumentPath, Position]) -> None:
        self.table = table
        self.positions = positions
        self.problems: list[Problem] = []

    def problem(self, kind: str, message: str, node: Node, hint: str = "") -> None:
        self.problems.append(self._problem(kind, message, node, hint))

    def _problem(self, kind: str, message: str, node: Node, hint: str) -> Problem:
        line, column, end = self._marks(node)
        span = Span(self.table.file, line + 1, column + 1, end + 1)
        return Problem(kind, message, span, self.table.line(span.line), None, hint)

    def expanded(self, root: Node, bounds: Bounds) -> Problem | None:
        """Refuse a value that contains itself, and aliases that make it too large or too deep."""
        measured: dict[int, tuple[int, int]] = {}
        unfinished: set[int] = set()

        def measure(node: Node) -> tuple[int, int]:
            if (known := measured.get(id(node))) is not None:
                return known
            if id(node) in unfinished:
                raise _RefusedAliasError("alias-loop", "this value contains itself", node)
            unfinished.add(id(node))
            size, height = 1, 0
            for child in _children(node):
                child_size, child_height = measure(child)
                size, height = size + child_size, max(height, child_height)
            unfinished.discard(id(node))
            if size > bounds.nodes:
                raise _RefusedAliasError(
                    "alias-bomb", f"aliases make this more than {bounds.nodes:,} values", node
                )
            if height > bounds.depth:
                raise _RefusedAliasError(
                    "too-deep", f"aliases nest this deeper than {bounds.depth} levels", node
                )
            measured[id(node)] = size, height + 1
            return measured[id(node)]

        try:
            measure(root)
        except _RefusedAliasError as refused:
            return self._problem(
                refused.kind, refused.message, refused.node, "write out what is needed, without aliases"
            )
        return None

    def value(self, node: Node, path: DocumentPath, key: tuple[int, int, int]) -> Any:
        self.positions[path] = key + self._marks(node)
        if node.tag not in _KNOWN:
            hint = "delete the tag: it is the word with the exclamation mark"
            self.problem(
                "unknown-tag", f"the tag {_tag(node).replace(_PREFIX, '!!')} means nothing here", node, hint
            )
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return [self.value(item, (*path, at), (-1, -1, -1)) for at, item in enumerate(node.value)]
            case _:
                return self._scalar(node)

    def _marks(self, node: Node) -> tuple[int, int, int]:
        start, end = node.start_mark, node.end_mark
        last: int = end.column if end.line == start.line else len(self.table.line(start.line + 1).rstrip())
        return start.line, start.column, max(last, start.column)

    def _mapping(self, node: MappingNode, path: DocumentPath, taken: frozenset[str] = frozenset()) -> Located:
        """The mapping's own keys, then those it merges in; `taken` are the keys of the one that merges it."""
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        split_until = -1
        for key_node, value_node in node.value:
            key = None if key_node.tag == _MERGE else self._key(key_node)
            if key is None or key in taken:
                continue
            if key in lines:
                hint = f"it is already in line {lines[key]}; keep one of them"
                self.problem("duplicate-key", f"the key '{key}' comes twice", key_node, hint)
                continue
            lines[key] = key_node.start_mark.line + 1
            if not self._is_split(node, key_node, value_node):
                found[key] = self.value(value_node, (*path, key), self._marks(key_node))
            elif key_node.start_mark.index > split_until:
                self._split(key_node, node)
                split_until = node.end_mark.index
        for source in _merged(node):
            if isinstance(source, MappingNode):
                found.update(self._mapping(source, path, taken | lines.keys() | found.keys()))
            else:
                message = "only a mapping can be merged in with <<"
                self.problem("wrong-type", message, source, "name a mapping: <<: *name")
        return Located(found, Place(self.table, path))

    def _key(self, node: Node) -> str | None:
        if isinstance(node, ScalarNode) and node.value:
            return str(node.value)
        kind = "missing-key" if isinstance(node, ScalarNode) else "wrong-type"
        self.problem(
            kind,
            "a key is a word, followed by a colon",
            node,
            "write `key: value`; quote a text with brackets",
        )
        return None

    def _scalar(self, node: Node) -> Any:
        raw: str = node.value
        match _tag(node).removeprefix(_PREFIX):
            case "int" | "float" if _DIGITS.fullmatch(raw):
                self._leading_zero(node, raw)
                return raw
            case "int":
                return self._integer(node, raw)
            case "float":
                return self._float(node, raw)
            case "bool":
                return raw.lower() == "true"
            case "null":
                return None
            case _:
                return raw

    def _leading_zero(self, node: Node, raw: str) -> None:
        lost = "plus sign" if raw.startswith("+") else "leading zero"
        line, start, end = self._marks(node)
        corrected = quoted(self.table.line(line + 1), start, end)
        self.problem(
            "unquoted-digits", f"as a number, {raw} would lose its {lost}", node, f"write: {corrected}"
        )

    def _integer(self, node: Node, raw: str) -> int | str:
        digits = raw.replace("_", "")
        if len(digits) > _MAX_DIGITS:
            self.problem(
                "bad-number",
                f"a number of {len(digits):,} digits",
                node,
                "put quotes around it to make it text",
            )
            return raw
        base = {"0x": 16, "0o": 8, "0b": 2}.get(digits.lstrip("+-")[:2].lower(), 10)
        return int(digits, base)

    def _float(self, node: Node, raw: str) -> float | str:
        if raw.lower().lstrip("+-") in (".inf", ".nan"):
            self.problem(
                "bad-number", f"{raw} is no number that can be compared", node, "put quotes around a text"
            )
            return raw
        return float(raw.replace("_", ""))

    def _split(self, key_node: Node, node: MappingNode) -> None:
        start, end = node.start_mark, node.end_mark
        hint = "put quotes around a text with a comma"
        if start.line == end.line:
            line, key = self.table.line(start.line + 1), key_node.start_mark.column
            hint = f"write: {self._joined(node, line)}"
            if "\N{LEFT DOUBLE QUOTATION MARK}" in line:
                hint = 'put straight quotes around the text: "..."; curly ones are a part of it'
            elif re.search(r"\d,$", line[:key]) and line[key : key + 1].isdigit():
                hint = f"write a point in a number: {line[: key - 1].strip()}.{line[key:].strip()}"
        message = "a comma ends a text inside braces, so this is a key without a value"
        self.problem("split-by-comma", message, key_node, hint)

    def _is_split(self, mapping: MappingNode, key: Node, value: Node) -> bool:
        """Whether what the parser took for a key is the rest of a text; a key has a colon."""
        empty = isinstance(value, ScalarNode) and value.start_mark.index == value.end_mark.index
        if not (mapping.flow_style and empty):
            return False
        end = key.end_mark
        return not self.table.line(end.line + 1)[end.column :].lstrip().startswith(":")

    def _joined(self, mapping: MappingNode, line: str) -> str:
        """The line with each text that a comma split put into quotes, together with what follows it."""
        written = line
        pairs = list(mapping.value)
        while pairs:
            tail = []
            while pairs and self._is_split(mapping, *pairs[-1]):
                tail.append(pairs.pop())
            if tail and pairs:
                first, end = pairs[-1][1], tail[0][0].end_mark.column
                start, rest = first.start_mark.column, first.end_mark.column
                # What stands in quotes already loses them: they go around all of it.
                text = f"{first.value if isinstance(first, ScalarNode) else ''}{written[rest:end]}"
                written = f"{written[:start]}{in_quotes(text)}{written[end:]}"
            if pairs:
                pairs.pop()
            elif tail:
                break
        return written.strip()


def _children(node: Node) -> list[Node]:
    match node:
        case MappingNode():
            return [each for pair in node.value for each in pair]
        case SequenceNode():
            return list(node.value)
        case _:
            return []


def _merged(node: MappingNode) -> list[Node]:
    sources: list[Node] = []
    for key, value in node.value:
        if key.tag == _MERGE:
            sources.extend(value.value if isinstance(value, SequenceNode) else [value])
    return sources


def _tag(node: Node) -> str:
    return str(node.tag or "")
