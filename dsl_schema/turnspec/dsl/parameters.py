"""Parameters of a function, as JSON Schema: what of it is understood, so that nothing is let pass unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from turnspec.dsl.base import Reading
from turnspec.dsl.problems import nearest
from turnspec.dsl.spans import Place

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
_COUNTS = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
    | {"minContains", "maxContains"}
)
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_SCHEMAS = frozenset(
    {"items", "additionalProperties", "not", "propertyNames", "contains", "if", "then", "else"}
)
_NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_LISTS_OF_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_LISTS = frozenset({"enum", "required"})
_TOLD = frozenset(
    {
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$schema",
        "$comment",
    }
)
FORMATS = ("date", "time", "date-time", "email", "uuid", "ipv4", "ipv6", "uri")
KEYWORDS = (
    _COUNTS
    | _NUMBERS
    | _SCHEMAS
    | _LISTS_OF_SCHEMAS
    | _LISTS
    | _TOLD
    | _NAMED_SCHEMAS
    | {"type", "const", "pattern", "uniqueItems", "format", "$ref", "dependentRequired"}
)
"""Every word of JSON Schema that arguments are held against, and those that only tell something."""


def is_long_form(parameters: Mapping[str, Any]) -> bool:
    """Whether parameters are written as the schema of an object, not as names with types."""
    return parameters.get("type") == "object" and isinstance(parameters.get("properties"), Mapping)


def report_parameters(parameters: Mapping[str, Any], place: Place, reading: Reading) -> None:
    """Report what is wrong in parameters of either form."""
    if is_long_form(parameters):
        _report(parameters, place, reading, parameters)
        return
    for name, kind in parameters.items():
        at = place.child(name)
        if isinstance(kind, str):
            _report_type(kind, at, reading)
        elif isinstance(kind, Mapping):
            _report(kind, at, reading, {})  # definitions stand beside properties, in the long form
        else:
            hint = f"write one of {', '.join(TYPES)}, or a schema such as {{enum: [a, b]}}"
            reading.problem("bad-schema", f"'{name}' has no type", at, hint=hint)


def _report(schema: Any, place: Place, reading: Reading, root: Mapping[str, Any]) -> None:
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
            _report_word(word, value, at, reading, root)


def _report_word(word: str, value: Any, place: Place, reading: Reading, root: Mapping[str, Any]) -> None:
    if word == "type":
        for one in value if isinstance(value, list) else [value]:
            _report_type(one, place, reading)
    elif word in _NAMED_SCHEMAS and isinstance(value, Mapping):
        for name, schema in value.items():
            if word == "patternProperties":
                _report_pattern(name, place.child(name), reading)
            _report(schema, place.child(name), reading, root)
    elif word in _SCHEMAS:
        _report(value, place, reading, root)
    elif word in _LISTS_OF_SCHEMAS and isinstance(value, list) and value:
        for index, schema in enumerate(value):
            _report(schema, place.child(index), reading, root)
    elif word == "$ref":
        _report_reference(value, place, reading, root)
    elif word == "pattern" and isinstance(value, str):
        _report_pattern(value, place, reading)
    elif word == "format" and isinstance(value, str):
        _report_format(value, place, reading)
    elif word == "required" and value == []:
        pass  # as written by programs
    elif (wanted := _wanted(word)) and not _is(value, wanted):
        reading.problem(
            "bad-schema", f"'{word}' must be {wanted}", place, hint=f"write {wanted} after {word}:"
        )


def referred(root: Any, reference: str) -> Any:
    """The part of a schema that a `$ref` in it means; None where there is none."""
    part: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(part, list) and name.isdecimal() and int(name) < len(part):
            part = part[int(name)]
        elif isinstance(part, Mapping) and name in part:
            part = part[name]
        else:
            return None
    return part


def _report_reference(value: Any, place: Place, reading: Reading, root: Mapping[str, Any]) -> None:
    named = ("$defs", "definitions")
    known = [f"#/{key}/{name}" for key in named for name in root.get(key) or ()]
    if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
        hint = f"write one of {', '.join(known)}" if known else "write #/$defs/NAME, and NAME under $defs"
        message = "a $ref means a part of these parameters"
        reading.problem("bad-schema", message, place, hint=hint)
    elif not isinstance(referred(root, value), Mapping | bool):
        near = nearest(value, known)
        hint = "" if near else "write #/$defs/NAME, and NAME under $defs, beside properties"
        reading.problem("bad-schema", f"there is no '{value}'", place, suggestion=near, hint=hint)


def _report_pattern(pattern: str, place: Place, reading: Reading) -> None:
    import regex

    try:
        regex.compile(pattern)
    except regex.error as error:
        reason = str(error).partition(" at position")[0]
        hint = "put a backslash before ( ) [ ] { } . * + ? that stand for themselves"
        reading.problem("bad-schema", f"this pattern cannot be read: {reason}", place, hint=hint)


def _report_format(value: str, place: Place, reading: Reading) -> None:
    if value not in FORMATS:
        near = nearest(value, FORMATS)
        message = f"arguments would not be held against the format '{value}'"
        hint = "" if near else f"write one of {', '.join(FORMATS)}, or a pattern"
        reading.problem("bad-schema", message, place, suggestion=near, hint=hint)


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
    if word in _NAMED_SCHEMAS | {"dependentRequired"}:
        return "a mapping"
    return {"pattern": "a text", "format": "a text", "uniqueItems": "true or false"}.get(word, "")


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
