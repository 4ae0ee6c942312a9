"""From text to YAML nodes, with the parser's objections put into words for testers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turnspec.dsl.problems import Problem, problem_of_file, quoted
from turnspec.dsl.spans import Span, SpanTable

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.nodes import Node

_TOO_DEEP = "this file is nested too deeply to be read"


def compose(text: str, table: SpanTable) -> tuple[Node | None, Problem | None]:
    """The root of the document's nodes, each with its marks; or why there is none.

    Nodes, not data: they keep numbers and dates as they were written, and keys that come twice.
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    from turnspec.dsl.parser import parser

    try:
        yaml = parser()
        # An anchor named twice means its last value above, as YAML 1.2 says.
        yaml.composer.warn_double_anchors = False
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        return None, _objection(error, table)
    except YAMLError as error:
        return None, problem_of_file(table.file, "yaml-syntax", f"this is not YAML: {error}")
    except RecursionError:
        return None, problem_of_file(table.file, "too-deep", _TOO_DEEP, hint="look for a stray bracket")
    return (root, None) if root is not None else (None, empty(table))


def empty(table: SpanTable) -> Problem:
    """The problem of a file without any value."""
    hint = "a scenario begins with `scenario: its name`"
    return problem_of_file(table.file, "empty-file", "there is nothing in this file", hint=hint)


# What the parser says, what to call it, and what to do about it. First match wins.
_WORDS: tuple[tuple[str, str, str, str], ...] = (
    (
        "found another document",
        "two-documents",
        "a second document begins here",
        "put it into a file of its own",
    ),
    (
        "found undefined alias",
        "unknown-alias",
        "no value above is named so",
        "write `&name` at the value to repeat, or put quotes around a text that begins with a star",
    ),
    ("mapping values are not allowed", "yaml-syntax", "a colon and a space inside a text", "<quote-value>"),
    (
        "found unknown escape",
        "yaml-syntax",
        "inside double quotes a backslash begins an escape",
        "<single-quotes>",
    ),
    ("found character '\\t'", "tab", "YAML cannot be indented with tabs", "indent with spaces"),
    (
        "found character .* cannot start any token|expected the node content",
        "yaml-syntax",
        "no text can begin with this character",
        "<quote-value>",
    ),
    ("found unexpected end of stream", "yaml-syntax", "this quote is never closed", "<open>"),
    ("expected ',' or '[\\]}]'", "yaml-syntax", "this bracket is never closed", "<open>"),
    ("could not find expected ':'", "yaml-syntax", "this is no key: it has no colon", "<end-key>"),
    (
        "expected <block end>",
        "yaml-syntax",
        "this does not belong to what stands above",
        "give it the indentation of its neighbours; put quotes around a whole text, not around a part of it",
    ),
    (
        "expected a comment or a line break",
        "yaml-syntax",
        "the text behind | or > begins in the next line",
        "put it below, indented deeper than its key",
    ),
    (
        "did not find expected",
        "yaml-syntax",
        "this does not belong here",
        "look at the quotes and brackets above",
    ),
)


def _misplaced_key(line: str, colon: int) -> bool:
    """Whether the colon is that of the line's own key, so that its indentation is wrong, not its value."""
    return re.fullmatch(r"\s*(?:- )*[^:]*", line[:colon]) is not None


def _objection(error: MarkedYAMLError, table: SpanTable) -> Problem:
    said = error.problem or error.context or "it cannot be read"
    span = _span(error.problem_mark or error.context_mark, table)
    line = table.line(span.line)
    if "mapping values are not allowed" in said and _misplaced_key(line, span.column - 1):
        above = table.line(span.line - 1)
        if (unspaced := re.match(r"\s*(?:- )*(\w+):(?=[^ \t/])", above)) is not None:
            at = Span(table.file, span.line - 1, unspaced.end(), unspaced.end() + 1)
            hint = f"write: {above[: unspaced.end()].strip()} {above[unspaced.end() :].strip()}"
            return Problem("yaml-syntax", "a colon wants a space behind it", at, above, None, hint)
        hint = "give it the indentation of its neighbours, or end the key above with a colon"
        return Problem("yaml-syntax", "this key does not belong to what stands above", span, line, None, hint)
    if "expected <block end>" in said and line[: span.column - 1].rstrip().endswith(("'", '"')):
        hint = "put the whole text in double quotes; inside '...' an apostrophe is written twice"
        return Problem("yaml-syntax", "the text goes on behind its closing quote", span, line, None, hint)
    begun = _span(error.context_mark or error.problem_mark, table).line
    expected_end = re.search(r"expected ',' or '[\]}]'", said) is not None
    if expected_end and begun == span.line and line[span.column - 1 :].startswith(":"):
        return Problem(
            "yaml-syntax", "a colon and a space inside a text", span, line, None, _quote_item(line, span)
        )
    if expected_end and begun == span.line and (stop := _apostrophe(line, span.column - 1)) is not None:
        at = Span(table.file, span.line, stop + 1, stop + 2)
        hint = "put the whole text in double quotes; inside '...' an apostrophe is written twice"
        return Problem("yaml-syntax", "this apostrophe ends the text", at, line, None, hint)
    for pattern, kind, message, hint in _WORDS:
        if re.search(pattern, said):
            whole = hint in ("<open>", "<end-key>") and error.context_mark
            span = _span(error.context_mark if whole else error.problem_mark, table)
            return Problem(kind, message, span, table.line(span.line), None, _hint(hint, span, table))
    return Problem("yaml-syntax", f"this is not YAML: {said}", span, line)


def _apostrophe(line: str, behind: int) -> int | None:
    """Where a quote closes a text that goes on right behind it, as in 'what's up'."""
    closed = line.rfind("'", 0, behind + 1)
    return closed if closed > 0 and re.match(r"'\w", line[closed:]) and line[closed - 1].isalnum() else None


def _span(mark: object, table: SpanTable) -> Span:
    line = min(getattr(mark, "line", 0), max(0, len(table.lines) - 1))
    column = getattr(mark, "column", 0)
    return Span(table.file, line + 1, column + 1, column + 2)


def _hint(hint: str, span: Span, table: SpanTable) -> str:
    line = table.line(span.line)
    match hint:
        case "<quote-value>":
            inside = any(bracket in line[: span.column - 1] for bracket in "{[")
            return _quote_item(line, span) if inside else _quote_value(line)
        case "<single-quotes>":
            return f"write: {_single_quotes(line)}"
        case "<end-key>":
            return f"write `{line.strip()}:`, or give it the indentation of the text that it goes on"
        case "<open>":
            return "close it, or put quotes around the whole text"
        case _:
            return hint


def _quote_value(line: str) -> str:
    found = re.match(r"(\s*(?:- )*(?:[^\s:]+: )?)(.*?)(\s+#.*)?$", line)
    if found is None or not found[2]:
        return "put quotes around the text"
    value = found[2]
    quotes = f'"{value}"' if '"' not in value and "\\" not in value else "'" + value.replace("'", "''") + "'"
    return f"write: {found[1].strip()} {quotes}" if found[1].strip() else f"write: {quotes}"


def _quote_item(line: str, span: Span) -> str:
    """The line with the text in quotes that a colon is in, inside brackets."""
    colon = span.column - 1
    start = max(line.rfind(mark, 0, colon) + len(mark) for mark in (": ", "{", "[", ", "))
    in_braces = line.rfind("{", 0, colon) > line.rfind("[", 0, colon)
    stop = r"\s*(?:}|,\s*\w+:|$)" if in_braces else r"\s*(?:[,\]]|$)"
    end = re.compile(stop).search(line, colon)
    return f"write: {quoted(line, start, end.start() if end else len(line))}"


def _single_quotes(line: str) -> str:
    return re.sub(r'"((?:[^"\\]|\\.)*)"', lambda found: "'" + found[1].replace("'", "''") + "'", line).strip()
