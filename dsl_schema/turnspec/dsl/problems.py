"""What is wrong in a file, where, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from turnspec.dsl.spans import Place, Span

__all__ = [
    "Problem",
    "in_reading_order",
    "nearest",
    "problem_at",
    "problem_of_file",
    "render_problem",
    "render_problems",
    "surely_meant",
]

# Wider source lines are cut around the place in question.
_WIDTH = 100
_MARGIN = 30
# "sasy" is this much like "says".
_TOO_MUCH_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `kind` names its sort for ever; a span at line 0 means the file as a whole.

    A `warning` is something that may be meant as it is: it refuses nothing.
    """

    kind: str
    message: str
    span: Span
    source_line: str = ""
    suggestion: str | None = None
    help: str = ""
    warning: bool = False

    def __str__(self) -> str:
        return render_problem(self)


def problem_at(
    place: Place,
    kind: str,
    message: str,
    *,
    hint: str = "",
    suggestion: str | None = None,
    key: bool = False,
    span: Span | None = None,
) -> Problem:
    """Build the problem of a value (or of its key) that knows its place; `span` narrows it to a part."""
    at = span or (place.key_span if key else place.span)
    return Problem(kind, message, at, place.table.line(at.line), suggestion, hint)


def problem_of_file(
    file: str, kind: str, message: str, *, hint: str = "", suggestion: str | None = None
) -> Problem:
    """Build the problem of a file as a whole."""
    return Problem(kind, message, Span(file, 0, 0, 0), "", suggestion, hint)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    candidates = sorted(known)
    if word.casefold() in (same := {each.casefold(): each for each in candidates}):
        return same[word.casefold()]
    return next(iter(difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)), None)


def surely_meant(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is, or is too much like to be a name that somebody chose."""
    return _surely_meant(word, frozenset(known))


@lru_cache(maxsize=4096)  # the same words, in file after file
def _surely_meant(word: str, known: frozenset[str]) -> str | None:
    candidates = {each.casefold(): each for each in sorted(known)}
    near = difflib.get_close_matches(word.casefold(), candidates, n=1, cutoff=_TOO_MUCH_ALIKE)
    return candidates[near[0]] if near else None


def render_problem(problem: Problem) -> str:
    """The problem as a tester reads it: message, place, source line, carets, and what to do."""
    lines = [f"{'warning' if problem.warning else 'error'}[{problem.kind}]: {problem.message}"]
    advice = f"did you mean '{problem.suggestion}'?" if problem.suggestion else ""
    if problem.span.line == 0:
        lines.append(f"  --> {problem.span.file}")
        lines.extend(f"   = {text}" for text in (advice, problem.help) if text)
        return "\n".join(lines)
    lines.append(f"  --> {problem.span}")
    number = f"{problem.span.line:>3}"
    gutter = " " * len(number)
    source, carets = _shown(problem)
    lines.append(f"{number} | {source}".rstrip())
    lines.append(f"{gutter} | {carets} {advice}".rstrip())
    if problem.help:
        lines.append(f"{gutter} = {problem.help}")
    return "\n".join(lines)


def render_problems(problems: Sequence[Problem]) -> str:
    """All problems, and how many there are in how many files."""
    if not problems:
        return "no problems"
    files = len({problem.span.file for problem in problems})
    count = f"{_plural(len(problems), 'problem')} in {_plural(files, 'file')}"
    return "\n\n".join([*(render_problem(problem) for problem in problems), count])


def in_reading_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted by file and place, each once: what several documents find wrong in one place is one problem."""
    ordered = sorted(
        problems, key=lambda p: (p.span.file, p.span.line, p.span.column, p.kind, p.message, p.help)
    )
    return tuple({(p.kind, p.message, p.span, p.suggestion): p for p in reversed(ordered)}.values())[::-1]


def quoted(line: str, start: int, end: int) -> str:
    """The line with the part from `start` to `end`, counted from 0, in quotes."""
    return f"{line[:start]}{in_quotes(line[start:end])}{line[end:]}".strip()


def in_quotes(text: str) -> str:
    """A text as it is written in YAML inside quotes: double ones where they can stand."""
    simple = '"' not in text and "\\" not in text
    return f'"{text}"' if simple else "'" + text.replace("'", "''") + "'"


def _shown(problem: Problem) -> tuple[str, str]:
    # A tab is shown as an arrow: it is one column wide, and visible where it is the problem.
    line = problem.source_line.replace("\t", "\N{RIGHTWARDS ARROW}")
    start = min(problem.span.column - 1, len(line))
    end = max(start + 1, min(problem.span.end_column - 1, len(line)))
    if len(line) > _WIDTH:
        first = max(0, min(start - _MARGIN, len(line) - _WIDTH))
        last = first + _WIDTH
        cut_left, cut_right = first > 0, last < len(line)
        line = ("..." if cut_left else "") + line[first:last] + ("..." if cut_right else "")
        shift = first - (3 if cut_left else 0)
        start, end = start - shift, min(end, last) - shift
    return line, " " * start + "^" * (end - start)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
