"""One YAML file as plain data that knows its places, or the problems that keep it from being read."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from turnspec.dsl import nodes, syntax
from turnspec.dsl.guard import LINE_BREAK, Bounds, Trap, scan
from turnspec.dsl.problems import Problem, problem_of_file, quoted
from turnspec.dsl.spans import Span, SpanTable

DEFAULT_BOUNDS = Bounds()
_BEGINNING = 16 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """What one file holds. `data` is None where nothing could be read of it."""

    table: SpanTable
    data: Any
    problems: tuple[Problem, ...]


def read_document(path: Path, file: str, bounds: Bounds = DEFAULT_BOUNDS) -> Document:
    """Read the file at `path`, to be called `file` in messages."""
    table = SpanTable(file, path.parent)
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            return _unread(
                table, "is-a-directory", "this is a folder, not a file", "give the folder another name"
            )
        if about.st_size > bounds.size:
            return _too_large(_beginning(path, table), about.st_size, bounds)
        written = path.read_bytes()
    except FileNotFoundError:
        return _unread(table, "missing-file", "there is no such file", "look for a misspelt name or folder")
    except OSError as error:
        return _unread(
            table, "unreadable", f"this file cannot be read: {error.strerror}", "check who may read it"
        )
    return parse_document(written, file, path.parent, bounds)


def parse_document(written: bytes, file: str, folder: Path, bounds: Bounds = DEFAULT_BOUNDS) -> Document:
    """Read a file's content; nothing larger, deeper or longer than `bounds` reaches the parser."""
    table = SpanTable(file, folder)
    if len(written) > bounds.size:
        return _too_large(table, len(written), bounds)
    try:
        text = written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_utf8(written, error.start, table)
    return _parse(text, file, folder, bounds)


def _not_utf8(written: bytes, start: int, table: SpanTable) -> Document:
    table = replace(table, lines=tuple(LINE_BREAK.split(written.decode("utf-8-sig", errors="replace"))))
    before = LINE_BREAK.split(written[:start].decode("utf-8-sig"))
    span = Span(table.file, len(before), len(before[-1]) + 1, len(before[-1]) + 2)
    message, hint = "this file is not UTF-8 text", "save it with the encoding UTF-8"
    return Document(table, None, (Problem("encoding", message, span, table.line(span.line), None, hint),))


def _too_large(table: SpanTable, size: int, bounds: Bounds) -> Document:
    message = f"this file has {size:,} bytes; at most {bounds.size:,} are read"
    return _unread(table, "too-large", message, "split it into several files, or raise the bound")


def _beginning(path: Path, table: SpanTable) -> SpanTable:
    """The table with the first lines of a file that is too large, so that its kind can be told."""
    with path.open("rb") as file:
        start = file.read(_BEGINNING).decode("utf-8", errors="replace")
    return replace(table, lines=tuple(LINE_BREAK.split(start)))


def _unread(table: SpanTable, kind: str, message: str, hint: str) -> Document:
    return Document(table, None, (problem_of_file(table.file, kind, message, hint=hint),))


def _parse(text: str, file: str, folder: Path, bounds: Bounds) -> Document:
    lines = tuple(LINE_BREAK.split(text))
    table = SpanTable(file, folder, lines)
    traps = scan(lines, bounds)
    found = [_trap_problem(trap, table, bounds) for trap in traps if trap.kind != "tab"]
    # One message for all tabs: they come in blocks.
    tabs = [trap for trap in traps if trap.kind == "tab"]
    if tabs:
        found.append(_tabs_problem(tabs, table))
    if len(found) > sum(trap.kind == "template" for trap in traps):
        return Document(table, None, tuple(found))
    patched = _without_templates(lines, traps) if traps else text
    root, broken = syntax.compose(patched, table)
    if broken is not None or root is None:
        return Document(table, None, (*found, *([broken] if broken else [])))
    data, table, wrong = nodes.convert(root, table, bounds)
    if data is None and not wrong:
        found.append(syntax.empty(table))
    return Document(table, data, (*found, *_elsewhere(wrong, found)))


def _without_templates(lines: tuple[str, ...], traps: tuple[Trap, ...]) -> str:
    """The text with a quoted one, as long, for each unquoted template, so that the rest is read as well."""
    kept = list(lines)
    for trap in traps:
        line = kept[trap.line]
        kept[trap.line] = f'{line[: trap.column]}"{"_" * (trap.end - trap.column - 2)}"{line[trap.end :]}'
    return "\n".join(kept)


def _elsewhere(problems: list[Problem], reported: list[Problem]) -> list[Problem]:
    taken = {(problem.span.line, problem.span.column) for problem in reported}
    return [problem for problem in problems if (problem.span.line, problem.span.column) not in taken]


def _tabs_problem(tabs: list[Trap], table: SpanTable) -> Problem:
    first = tabs[0]
    more = (
        f", here and in {len(tabs) - 1} more lines"
        if len(tabs) > 2
        else ", here and in line "
        if tabs[1:]
        else ""
    )
    more += str(tabs[1].line + 1) if len(tabs) == 2 else ""
    span = Span(table.file, first.line + 1, first.column + 1, first.end + 1)
    hint = "indent with spaces; most editors can convert tabs"
    return Problem("tab", f"YAML cannot be indented with tabs{more}", span, table.line(span.line), None, hint)


def _trap_problem(trap: Trap, table: SpanTable, bounds: Bounds) -> Problem:
    span = Span(table.file, trap.line + 1, trap.column + 1, trap.end + 1)
    line = table.line(span.line)
    match trap.kind:
        case "too-deep":
            message = f"this is nested deeper than {bounds.depth} levels"
            return Problem(
                "too-deep", message, span, line, None, "no scenario needs that many; look for a stray bracket"
            )
        case "too-long":
            message = f"this file has more than {bounds.tokens:,} values"
            return Problem(
                "too-large", message, span, line, None, "split it into several files, or raise the bound"
            )
        case "unprintable":
            code = f"U+{ord(line[trap.column]):04X}"
            message = f"the character {code} cannot stand in YAML"
            return Problem(
                "yaml-syntax", message, span, line, None, "delete it: it often comes in with pasted text"
            )
        case "directive":
            return Problem(
                "yaml-syntax", "a directive changes how YAML is read", span, line, None, "delete this line"
            )
        case _:
            corrected = quoted(line, _begun_before_comma(line, trap), trap.end)
            return Problem(
                "unquoted-template", "a template here wants quotes", span, line, None, f"write: {corrected}"
            )


def _begun_before_comma(line: str, trap: Trap) -> int:
    """Where the text begins that a template is in: inside braces, a comma before it belongs to the text."""
    start, closed = trap.column, 0
    if line[trap.end :].lstrip().startswith(":"):
        return start
    for at in range(trap.column - 1, -1, -1):
        match line[at]:
            case "]" | "}":
                closed += 1
            case "[" | "{" if closed:
                closed -= 1
            case "[":
                return trap.column
            case "{":
                return start
            case ":" if not closed and start == trap.column and line[at + 1 : at + 2] == " ":
                start = at + 1 + len(line[at + 1 :]) - len(line[at + 1 :].lstrip())
            case _:
                pass
    return trap.column
