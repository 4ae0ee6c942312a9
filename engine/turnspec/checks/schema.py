"""Arguments of a function call against the JSON Schema that its parameters declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any, Final, TypeAlias

from turnspec.checks import shown
from turnspec.checks.formats import is_formatted
from turnspec.checks.matching import kind_of, same
from turnspec.dsl.parameters import referred
from turnspec.dsl.patterns import TIME_LIMIT_S

Schema: TypeAlias = Mapping[str, Any] | bool
_WHOLE: Final = "the argument list"


def broken_rules(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """A sentence for each rule of `schema` that `value` breaks; its `$ref` are of its own definitions."""
    yield from _Rules(schema).broken(value, schema, path)


class _Rules:
    """The rules of one document, which may refer to its parts; none is asked again about the same value."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._asking: set[tuple[int, int]] = set()

    def broken(self, value: Any, schema: Schema, path: str) -> Iterator[str]:
        """A sentence for each rule that is broken."""
        if isinstance(schema, bool):
            if not schema:
                yield f"{path or _WHOLE} is not allowed"
            return
        asked = (id(schema), id(value))
        if asked in self._asking:
            return  # a schema that refers to itself without going deeper says no more
        self._asking.add(asked)
        try:
            yield from self._broken(value, schema, path)
        finally:
            self._asking.discard(asked)

    def _broken(self, value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
        if "$ref" in schema:
            yield from self.broken(value, referred(self._root, schema["$ref"]), path)
        if "type" in schema and not _is_of(value, schema["type"]):
            yield f"{path or _WHOLE} is {_kind(value)}, not of type {_types(schema['type'])}"
            return
        for keyword, rule in _RULES.items():
            if keyword in schema and (broken := rule(value, schema[keyword])):
                yield f"{path or _WHOLE} {broken}"
        yield from self._together(value, schema, path)
        if isinstance(value, Mapping):
            yield from self._in_mapping(value, schema, path)
        if isinstance(value, list):
            yield from self._in_list(value, schema, path)

    def _holds(self, value: Any, schema: Schema, path: str) -> bool:
        return not any(self.broken(value, schema, path))

    def _together(self, value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
        """Rules that are made of schemas."""
        named = path or _WHOLE
        for one in schema.get("allOf", ()):
            yield from self.broken(value, one, path)
        for keyword, count in (("anyOf", "any"), ("oneOf", "one")):
            held = [one for one in schema.get(keyword, ()) if self._holds(value, one, path)]
            if keyword in schema and (not held or (keyword == "oneOf" and len(held) > 1)):
                fitting = f"{len(held) or 'none'} of {keyword}, not {count}"
                yield f"{named} is {shown.value(value)}, which fits {fitting}"
        if "not" in schema and self._holds(value, schema["not"], path):
            yield f"{named} is {shown.value(value)}, which it must not be"
        if "if" in schema:
            branch = "then" if self._holds(value, schema["if"], path) else "else"
            yield from self.broken(value, schema.get(branch, True), path)

    def _in_list(self, value: list[Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
        first = schema.get("prefixItems", ())
        for index, item in enumerate(value):
            one = first[index] if index < len(first) else schema.get("items", True)
            yield from self.broken(item, one, f"{path}[{index}]")
        if "contains" in schema:
            count = sum(self._holds(item, schema["contains"], path) for item in value)
            least, most = schema.get("minContains", 1), schema.get("maxContains", len(value))
            if not least <= count <= most:
                wanted = f"at least {least}" if count < least else f"at most {most}"
                yield f"{path or _WHOLE} has {count} of the items that it is to contain, not {wanted}"

    def _in_mapping(self, value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{_under(path, name)} is missing"
        for name, needed in schema.get("dependentRequired", {}).items():
            for lacking in needed if name in value else ():
                if lacking not in value:
                    yield f"{_under(path, lacking)} is missing, which goes with {_under(path, name)}"
        for name, item in value.items():
            if "propertyNames" in schema and not self._holds(name, schema["propertyNames"], path):
                yield f"{_under(path, name)} is no name that is allowed"
            yield from self._in_property(name, item, schema, path)

    def _in_property(self, name: str, item: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
        under = _under(path, name)
        patterns = schema.get("patternProperties", {})
        declared = [one for known, one in schema.get("properties", {}).items() if known == name]
        declared += [one for pattern, one in patterns.items() if not _pattern_rule(name, pattern)]
        for one in declared:
            yield from self.broken(item, one, under)
        if not declared and schema.get("additionalProperties") is False:
            yield f"{under} is not declared"
        elif not declared:
            yield from self.broken(item, schema.get("additionalProperties", True), under)


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


def _enum_rule(value: Any, allowed: list[Any]) -> str:
    if any(same(value, one) for one in allowed):
        return ""
    return f"is {shown.value(value)}, not one of {shown.listed(map(shown.value, allowed), 'or')}"


def _const_rule(value: Any, wanted: Any) -> str:
    return "" if same(value, wanted) else f"is {shown.value(value)}, not {shown.value(wanted)}"


def _format_rule(value: Any, wanted: str) -> str:
    fits = not isinstance(value, str) or is_formatted(value, wanted)
    return "" if fits else f"is {shown.value(value)}, which is no {wanted}"


_RULES: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "enum": _enum_rule,
    "const": _const_rule,
    "format": _format_rule,
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
