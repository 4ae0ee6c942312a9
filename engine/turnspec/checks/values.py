"""JSON values: when two are the same, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from turnspec.checks import shown
from turnspec.checks.match import Missing


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is 1.0, but true is not 1 and "1" is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and bool(one == other)


def kind_of(value: Any) -> str:
    """What JSON calls a value: text, number, true or false, null, list, mapping."""
    match value:
        case Missing():
            return shown.ABSENT
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "number"
        case str():
            return "text"
        case Mapping():
            return "mapping"
        case _:
            return "list"


def named(value: Any) -> str:
    """A value with its kind: the text "a", the number 1, null."""
    match kind_of(value):
        case "null" | shown.ABSENT as kind:
            return kind
        case "true or false":
            return shown.value(value)
        case kind:
            return f"the {kind} {shown.value(value)}"
