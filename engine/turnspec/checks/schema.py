"""Arguments of a function call against the JSON Schema that its parameters declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from turnspec.checks import shown
from turnspec.checks.matching import kind_of, same


def broken_rules(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """A sentence for each rule of `schema` that `value` breaks: types, enum, const, required, extras."""
    named = path or "the argument list"
    if "type" in schema and not _is_of(value, schema["type"]):
        yield f"{named} is {_kind(value)}, not of type {_types(schema['type'])}"
        return
    if "enum" in schema and not any(same(value, one) for one in schema["enum"]):
        allowed = shown.listed(map(shown.value, schema["enum"]), "or")
        yield f"{named} is {shown.value(value)}, not one of {allowed}"
    if "const" in schema and not same(value, schema["const"]):
        yield f"{named} is {shown.value(value)}, not {shown.value(schema['const'])}"
    if isinstance(value, Mapping):
        yield from _broken_in_mapping(value, schema, path)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for index, item in enumerate(value):
            yield from broken_rules(item, schema["items"], f"{path}[{index}]")


def _broken_in_mapping(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{_under(path, name)} is missing"
    for name, item in value.items():
        if name in properties:
            yield from broken_rules(item, properties[name], _under(path, name))
        elif schema.get("additionalProperties") is False:
            yield f"{_under(path, name)} is not declared"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# What JSON Schema calls a type; a whole number is an integer however it is written.
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}


def _is_of(value: Any, wanted: Any) -> bool:
    names = wanted if isinstance(wanted, list) else [wanted]
    return any(name not in _TYPES or _TYPES[name](value) for name in names)


def _types(wanted: Any) -> str:
    return shown.listed(wanted if isinstance(wanted, list) else [str(wanted)], "or")


def _kind(value: Any) -> str:
    kind = kind_of(value)
    return "null" if kind == "null" else f"the {kind} {shown.value(value)}"


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
