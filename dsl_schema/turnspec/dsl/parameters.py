"""Parameters of a function, as JSON Schema: what of it is understood, so that nothing is let pass unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from turnspec.dsl.base import Reading
from turnspec.dsl.problems import nearest
from turnspec.dsl.spans import Place

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
_COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_SCHEMAS = frozenset({"items", "additionalProperties", "not"})
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_LISTS = frozenset({"enum", "required"})
_TOLD = frozenset(
    {"title", "description", "default", "examples", "deprecated", "format", "$schema", "$comment"}
)
KEYWORDS = (
    _COUNTS
    | _NUMBERS
    | _SCHEMAS
    | _LISTS_OF_SCHEMAS
    | _LISTS
    | _TOLD
    | {"type", "const", "properties", "pattern", "uniqueItems"}
)
"""Every word of JSON Schema that arguments are held against, and those that only tell something."""


def is_long_form(parameters: Mapping[str, Any]) -> bool:
    """Whether parameters are written as the schema of an object, not as names with types."""
    return parameters.get("type") == "object" and isinstance(parameters.get("properties"), Mapping)


def report_parameters(parameters: Mapping[str, Any], place: Place, reading: Reading) -> None:
    """Report what is wrong in parameters of either form."""
    if is_long_form(parameters):
        _report(parameters, place, reading)
        return
    for name, kind in parameters.items():
        at = place.child(name)
        if isinstance(kind, str):
            _report_type(kind, at, reading)
        elif isinstance(kind, Mapping):
            _report(kind, at, reading)
        else:
            hint = f"write one of {', '.join(TYPES)}, or a schema such as {{enum: [a, b]}}"
            reading.problem("bad-schema", f"'{name}' has no type", at, hint=hint)


def _report(schema: Any, place: Place, reading: Reading) -> None:
    if isinstance(schema, bool):  # true allows all, false nothing
        return
    if not isinstance(schema, Mapping):
        hint = "write a mapping, such as {type: string}"
        reading.problem("bad-schema", "a schema is a mapping", place, hint=hint)
        return
    for word, value in schema.items():
        at = place.child(word)
        if word not in KEYWORDS:
            near = nearest(word, KEYWORDS)
            message = f"'{word}' is no word of JSON Schema that is checked here"
            hint = "" if near else "take it out: arguments would not be held against it"
            reading.problem("bad-schema", message, at, suggestion=near, hint=hint, key=True)
        else:
            _report_word(word, value, at, reading)


def _report_word(word: str, value: Any, place: Place, reading: Reading) -> None:
    if word == "type":
        for one in value if isinstance(value, list) else [value]:
            _report_type(one, place, reading)
    elif word == "properties" and isinstance(value, Mapping):
        for name, schema in value.items():
            _report(schema, place.child(name), reading)
    elif word in _SCHEMAS:
        _report(value, place, reading)
    elif word in _LISTS_OF_SCHEMAS and isinstance(value, list):
        for index, schema in enumerate(value):
            _report(schema, place.child(index), reading)
    elif word == "required" and value == []:
        pass  # as written by programs
    elif (wanted := _wanted(word)) and not _is(value, wanted):
        reading.problem(
            "bad-schema", f"'{word}' must be {wanted}", place, hint=f"write {wanted} after {word}:"
        )


def _report_type(kind: Any, place: Place, reading: Reading) -> None:
    if kind not in TYPES:
        near = nearest(kind, TYPES) if isinstance(kind, str) else None
        hint = "" if near else f"write one of {', '.join(TYPES)}"
        reading.problem("bad-schema", f"'{kind}' is no type of a value", place, suggestion=near, hint=hint)


def _wanted(word: str) -> str:
    if word in _COUNTS:
        return "a whole number"
    if word in _NUMBERS:
        return "a number"
    if word in _LISTS | _LISTS_OF_SCHEMAS:
        return "a list"
    return {"properties": "a mapping", "pattern": "a text", "uniqueItems": "true or false"}.get(word, "")


def _is(value: Any, wanted: str) -> bool:
    match wanted:
        case "a whole number":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "a number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "a list":
            return isinstance(value, list) and bool(value)
        case "a mapping":
            return isinstance(value, Mapping)
        case "a text":
            return isinstance(value, str)
        case _:
            return isinstance(value, bool)
