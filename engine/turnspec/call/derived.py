"""What was found out about a call after it, by asking a model or the network: `derived.jsonl` of its folder.

A header line, then a line an answer. Checks read answers from here and ask nobody themselves, so a saved call
can be judged again without the network, and comes to the same result.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from turnspec.call.record import RecordError

DERIVED_FILE: Final = "derived.jsonl"
DERIVED_FORMAT: Final = 1

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_TEXTS: Final = ("kind", "text", "engine", "model", "key", "reason")


class DerivedState(StrEnum):
    """Whether there is an answer."""

    OK = "ok"
    REFUSED = "refused"  # the model would not say
    FAILED = "failed"  # nothing came, or nothing that can be understood


@dataclass(frozen=True, slots=True)
class Derived:
    """One answer about one turn, or about the whole call, which has no `turn`.

    `kind` is `judge` or `intent`, `text` what was asked about: the question, or the reply. `given` is what
    went with it, `key` names the answer in the cache, `reason` says why there is none.
    """

    kind: str
    turn: int | None
    text: str
    engine: str
    model: str
    key: str
    state: DerivedState
    given: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def find(derived: Iterable[Derived], kind: str, turn: int | None, text: str) -> Derived | None:
    """The answer about a turn, or about the whole call; None if it was never asked for."""
    wanted = (kind, turn, text)
    return next((each for each in derived if (each.kind, each.turn, each.text) == wanted), None)


def write_derived(folder: Path, derived: Iterable[Derived]) -> None:
    """Write the answers of a call, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"format": DERIVED_FORMAT}, *map(_document, derived)]
    # As in the record itself: half of a surrogate pair is no UTF-8, but as `\\ud800` it is JSON.
    with (folder / DERIVED_FILE).open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(f"{_JSON.encode(line)}\n" for line in lines)


def read_derived(folder: Path) -> tuple[Derived, ...]:
    """The answers of a saved call; none where nothing was asked.

    Raises:
        RecordError: The file is of a newer format, or a line is no answer.
    """
    path = folder / DERIVED_FILE
    if not path.is_file():
        return ()
    # Bytes, because texts may hold other line breaks than ours.
    header, *lines = [_parsed(path, number, line) for number, line in enumerate(_lines(path), start=1)]
    written = header.get("format")
    if type(written) is not int:
        raise RecordError(f"{path} is not a list of answers: it has no format")
    if written > DERIVED_FORMAT:
        raise RecordError(f"{path} has format {written}; this turnspec reads up to {DERIVED_FORMAT}")
    return tuple(_from_document(path, number, line) for number, line in enumerate(lines, start=2))


def _document(each: Derived) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": each.kind,
        "turn": each.turn,
        "text": each.text,
        "engine": each.engine,
        "model": each.model,
        "key": each.key,
        "state": each.state.value,
        "given": dict(each.given),
        "answer": dict(each.answer),
        "reason": each.reason,
    }
    return {name: value for name, value in document.items() if value not in ({}, "", None)}


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().removesuffix(b"\n").split(b"\n")


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: line {number} is not JSON") from error
    if not isinstance(document, dict):
        raise RecordError(f"{path}: line {number} is no object")
    return document


def _from_document(path: Path, number: int, document: dict[str, Any]) -> Derived:
    texts = {name: document.get(name, "") for name in _TEXTS}
    maps = {name: document.get(name, {}) for name in ("given", "answer")}
    turn, state = document.get("turn"), document.get("state")
    whole = (
        all(isinstance(text, str) for text in texts.values())
        and all(isinstance(each, dict) for each in maps.values())
        and (turn is None or type(turn) is int)
        and state in list(DerivedState)
    )
    if not whole:
        raise RecordError(f"{path}: line {number} is no answer")
    return Derived(turn=turn, state=DerivedState(state), **texts, **maps)  # type: ignore[arg-type] # an int or None
