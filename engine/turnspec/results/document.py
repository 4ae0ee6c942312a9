"""Runs as JSON documents and back: `results.json` has `format: 1`.

A document holds every field of the results plus what follows from them (`verdict`, `outcome`,
`exit_code`, `counts`, each measurement's `judged`, each group's `rate` and `interval`), which reading
ignores. What differs between two runs of the same files is in `info` alone. A waveform's columns are one
flat list, lowest and highest in turn: a pair each would be half of a long run's time and size. `graphs` is
kept as it came and has to be plain JSON.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from enum import Enum
from functools import cache
from itertools import chain
from types import UnionType
from typing import Any, Final, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from turnspec.results.finding import Measurement
from turnspec.results.groups import WHOLE_PPM, GroupResult
from turnspec.results.outcome import Outcome
from turnspec.results.result import RunResult, Waveform

FORMAT: Final = 1

# Reads a value found at the place that the second argument names.
_Reader: TypeAlias = Callable[[Any, str], Any]
_SCALARS: Final = (str, int, bool)


class DocumentError(ValueError):
    """A document that holds no results, or results of a newer format."""


def to_document(run: RunResult) -> dict[str, Any]:
    """The JSON form of a run: dictionaries, lists, texts, numbers, booleans and None only."""
    derived = {
        "format": FORMAT,
        "verdict": run.verdict,
        "outcome": run.outcome.value,
        "exit_code": run.exit_code,
        "counts": {outcome.value: run.count(outcome) for outcome in Outcome},
    }
    fields: dict[str, Any] = _plain(run)
    return derived | fields


def from_document(document: Any) -> RunResult:
    """The run that a document describes.

    Raises:
        DocumentError: The format is newer, or something is missing or of a wrong type; names its place.
    """
    if not isinstance(document, dict) or "format" not in document:
        raise DocumentError("this is not a results document: it has no `format`")
    written = document["format"]
    if type(written) is not int or written < 1:
        raise DocumentError(f"`format` is {written!r}; a whole number from 1 is expected")
    if written > FORMAT:
        raise DocumentError(
            f"the results have format {written}; this turnspec reads up to {FORMAT}: upgrade it"
        )
    run: RunResult = _reader(RunResult)(document, "")
    return run


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS or value is None:
        return value
    if kind is tuple or kind is list:
        return [_plain(item) for item in value]
    if kind is dict:
        return {key: _plain(item) for key, item in value.items()}
    if kind is Waveform:
        return {"columns": list(chain.from_iterable(value.columns))}
    if isinstance(value, Enum):
        return value.value
    return _fields(value, kind) if dataclasses.is_dataclass(value) else value


def _fields(value: Any, kind: type) -> dict[str, Any]:
    fields = {name: _plain(getattr(value, name)) for name in _names(kind)}
    match value:
        case Measurement():
            return fields | {"judged": value.judged.value}
        case GroupResult():
            return fields | {"rate": _share(value.rate_ppm), "interval": _interval(value)}
        case _:
            return fields


def _share(millionths: int | None) -> float | None:
    return None if millionths is None else millionths / WHOLE_PPM


def _interval(group: GroupResult) -> list[float | None] | None:
    return None if group.interval_ppm is None else [_share(end) for end in group.interval_ppm]


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cast(Any, kind)))


@cache
def _reader(hint: Any) -> _Reader:
    """What reads a value of the type `hint`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return _read_union(arguments)
    if origin is tuple:
        return _read_sequence(arguments[0])
    if origin is dict:
        return _read_mapping
    if issubclass(hint, Enum):
        return _read_choice(hint)
    if hint is Waveform:
        return _read_waveform
    return _read_scalar(hint) if hint in _SCALARS else _read_fields(hint)


def _read_scalar(kind: type) -> _Reader:
    def read(value: Any, where: str) -> Any:
        if type(value) is not kind:
            raise _wrong(where, value, kind.__name__)
        return value

    return read


def _read_choice(choices: type[Enum]) -> _Reader:
    by_value: dict[Any, Enum] = {choice.value: choice for choice in choices}

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, str) or value not in by_value:
            raise _wrong(where, value, " | ".join(by_value))
        return by_value[value]

    return read


def _read_union(members: tuple[Any, ...]) -> _Reader:
    """One of several scalars, or one type of any kind beside None."""
    nothing = type(None) in members
    kinds = tuple(member for member in members if member is not type(None))
    if len(kinds) == 1:
        inner = _reader(kinds[0])
        return lambda value, where: None if nothing and value is None else inner(value, where)

    def read(value: Any, where: str) -> Any:
        if type(value) not in kinds:
            raise _wrong(where, value, " | ".join(kind.__name__ for kind in kinds))
        return value

    return read


def _read_sequence(item: Any) -> _Reader:
    inner = _reader(item)

    def read(value: Any, where: str) -> Any:
        items = _list(value, where)
        return tuple([inner(item, f"{where}[{index}]") for index, item in enumerate(items)])

    return read


def _read_waveform(value: Any, where: str) -> Waveform:
    peaks = _list(_read_mapping(value, where).get("columns"), f"{where}.columns")
    if len(peaks) % 2 or any(type(peak) is not int for peak in peaks):
        raise _wrong(f"{where}.columns", value, "pairs of whole numbers")
    return Waveform(tuple(zip(peaks[::2], peaks[1::2], strict=True)))


def _read_mapping(value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    return dict(value)


def _read_fields(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    fields = [
        (field.name, _reader(hints[field.name]), _required(field)) for field in dataclasses.fields(kind)
    ]

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, value, "an object")
        found = {}
        for name, reader, required in fields:
            inside = f"{where}.{name}" if where else name
            if name in value:
                found[name] = reader(value[name], inside)
            elif required:
                raise DocumentError(f"the results lack `{inside}`")
        return kind(**found)

    return read


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(where, value, "a list")
    return value


def _wrong(where: str, value: Any, expected: str) -> DocumentError:
    return DocumentError(f"`{where}` in the results is {str(value)[:80]!r}; expected {expected}")
