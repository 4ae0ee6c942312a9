"""What `turnspec check` found, for people, for programs, and for the pages of a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from turnspec.dsl.problems import Problem, render_problem, render_problems
from turnspec.dsl.spans import DocumentPath
from turnspec.run.checking import Checked

FORMAT = 1
"""The version of the JSON form; it changes when a program that reads it would have to."""


def as_told(found: Checked, paths: Sequence[Path]) -> str:
    """Every problem with its source line, then the warnings, then how many there are."""
    if found.problems:
        warned = "".join(f"{render_problem(warning)}\n\n" for warning in found.warnings)
        return f"{warned}{render_problems(found.problems)}\n"
    if not found.scenarios:
        return f"{why_none(paths)}\n"
    warned = "".join(f"{render_problem(warning)}\n\n" for warning in found.warnings)
    told = f"{_counted(found.cases, 'case')}, no problems"
    return f"{warned}{told}, {_counted(len(found.warnings), 'warning')}\n" if found.warnings else f"{told}\n"


def as_json(found: Checked, paths: Sequence[Path]) -> str:
    """One document with all of it."""
    document = {
        "format": FORMAT,
        "cases": found.cases,
        "scenarios": found.scenarios,
        "why_none": "" if found.scenarios or found.problems else why_none(paths),
        "problems": [_document(problem) for problem in _all(found)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_github(found: Checked, paths: Sequence[Path]) -> str:
    """Workflow commands: GitHub shows each at its line; and a last line for the log."""
    lines = [_command(problem) for problem in _all(found)]
    if not found.problems and not found.scenarios:
        lines.append(f"::error title=turnspec::{_escaped(why_none(paths))}")
    lines.append(as_told(found, paths).rstrip("\n").rpartition("\n")[2])
    return "\n".join(lines) + "\n"


def why_none(paths: Sequence[Path]) -> str:
    """Why nothing would be run though nothing is wrong."""
    where = ", ".join(str(path) for path in paths)
    return f"there is no scenario in {where}: a scenario is a YAML file with the key `scenario:`"


def _all(found: Checked) -> Iterable[Problem]:
    return chain(found.problems, found.warnings)


def _document(problem: Problem) -> dict[str, Any]:
    span = problem.span
    return {
        "severity": "warning" if problem.warning else "error",
        "kind": problem.kind,
        "message": problem.message,
        "file": span.file,
        "line": span.line or None,
        "column": span.column or None,
        "end_column": span.end_column or None,
        "path": _pointer(span.path),
        "suggestion": problem.suggestion,
        "hint": problem.help or None,
    }


def _pointer(path: DocumentPath) -> str:
    """The place inside the document as a JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _command(problem: Problem) -> str:
    span = problem.span
    where = {"file": span.file}
    if span.line:
        where |= {"line": str(span.line), "col": str(span.column), "endColumn": str(span.end_column)}
    where["title"] = f"turnspec: {problem.kind}"
    told = ",".join(f"{key}={_escaped_property(value)}" for key, value in where.items())
    meant = f"did you mean '{problem.suggestion}'?" if problem.suggestion else ""
    message = "\n".join(filter(None, (problem.message, meant, problem.help)))
    return f"::{'warning' if problem.warning else 'error'} {told}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
