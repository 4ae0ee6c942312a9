"""Arguments of a function call against the JSON Schema that its parameters declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any, Final, TypeAlias

from turnspec.checks import shown
from turnspec.checks.matching import kind_of, same
from turnspec.dsl.patterns import TIME_LIMIT_S

Schema: TypeAlias = Mapping[str, Any] | bool


def broken_rules(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """A sentence for each rule of `schema` that `value` breaks."""
    named = path or "the argument list"
    if isinstance(schema, bool):
        if not schema:
            yield f"{named} is not allowed"
        return
    if "type" in schema and not _is_of(value, schema["type"]):
        yield f"{named} is {_kind(value)}, not of type {_types(schema['type'])}"
        return
    if "enum" in schema and not any(same(value, one) for one in schema["enum"]):
        allowed = shown.listed(map(shown.value, schema["enum"]), "or")
        yield f"{named} is {shown.value(value)}, not one of {allowed}"
    if "const" in schema and not same(value, schema["const"]):
        yield f"{named} is {shown.value(value)}, not {shown.value(schema['const'])}"
    for keyword, rule in _RULES.items():
        if keyword in schema and (broken := rule(value, schema[keyword])):
            yield f"{named} {broken}"
    yield from _broken_together(value, schema, path)
    if isinstance(value, Mapping):
        yield from _broken_in_mapping(value, schema, path)
    if isinstance(value, list):
        yield from _broken_in_list(value, schema, path)


def _broken_together(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Rules that are made of schemas."""
    named = path or "the argument list"
    for one in schema.get("allOf", ()):
        yield from broken_rules(value, one, path)
    for keyword, count in (("anyOf", "any"), ("oneOf", "one")):
        held = [one for one in schema.get(keyword, ()) if not any(broken_rules(value, one, path))]
        if keyword in schema and (not held or (keyword == "oneOf" and len(held) > 1)):
            fitting = f"{len(held) or 'none'} of {keyword}, not {count}"
            yield f"{named} is {shown.value(value)}, which fits {fitting}"
    if "not" in schema and not any(broken_rules(value, schema["not"], path)):
        yield f"{named} is {shown.value(value)}, which it must not be"


def _broken_in_list(value: list[Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    first = schema.get("prefixItems", ())
    for index, item in enumerate(value):
        one = first[index] if index < len(first) else schema.get("items", True)
        yield from broken_rules(item, one, f"{path}[{index}]")


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
        else:
            yield from broken_rules(item, schema.get("additionalProperties", True), _under(path, name))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_rule(holds: Callable[[Any, Any], bool], words: str) -> Callable[[Any, Any], str]:
    def rule(value: Any, limit: Any) -> str:
        ok = not _is_number(value) or holds(value, limit)
        return "" if ok else f"is {shown.value(value)}, not {words} {shown.value(limit)}"

    return rule


def _size_rule(
    kind: type[str] | type[list[Any]] | type[dict[str, Any]], noun: str, *, least: bool
) -> Callable[[Any, Any], str]:
    def rule(value: Any, limit: int) -> str:
        if not isinstance(value, kind) or (len(value) >= limit if least else len(value) <= limit):
            return ""
        return f"has {shown.many(len(value), noun)}, not at {'least' if least else 'most'} {limit}"

    return rule


def _pattern_rule(value: Any, pattern: str) -> str:
    if not isinstance(value, str):
        return ""
    import regex

    try:
        found = regex.search(pattern, value, timeout=TIME_LIMIT_S)
    except (TimeoutError, regex.error) as error:
        return f"cannot be held against the pattern /{pattern}/: {error}"
    return "" if found else f"is {shown.value(value)}, which /{pattern}/ does not match"


def _unique_rule(value: Any, wanted: Any) -> str:
    if wanted is not True or not isinstance(value, list):
        return ""
    twice = next((one for at, one in enumerate(value) if any(same(one, other) for other in value[:at])), None)
    return "" if twice is None else f"has {shown.value(twice)} twice"


_RULES: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "minimum": _number_rule(ge, "at least"),
    "maximum": _number_rule(le, "at most"),
    "exclusiveMinimum": _number_rule(gt, "more than"),
    "exclusiveMaximum": _number_rule(lt, "less than"),
    "multipleOf": _number_rule(
        lambda value, step: Decimal(str(value)) % Decimal(str(step)) == 0, "a multiple of"
    ),
    "minLength": _size_rule(str, "character", least=True),
    "maxLength": _size_rule(str, "character", least=False),
    "minItems": _size_rule(list, "item", least=True),
    "maxItems": _size_rule(list, "item", least=False),
    "minProperties": _size_rule(dict, "key", least=True),
    "maxProperties": _size_rule(dict, "key", least=False),
    "pattern": _pattern_rule,
    "uniqueItems": _unique_rule,
}

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
