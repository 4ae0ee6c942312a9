"""Documents drawn from a JSON Schema, and ways to spoil them."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from jsonschema import Draft202012Validator

Path = tuple[str | int, ...]

TEXTS = ("hello", "my card is lost", "x1", "agents/bank.yaml")
NAMES = ("qq", "zz_9", "k7")
REGEXES = ("lost|stolen", r"reference (?P<reference>R-\d+)", "^yes$")
# For each pattern of the schemas, texts that it takes. A pattern that takes none of them cannot be drawn.
WORDS = (*TEXTS, "800 ms", "1.2 s", "300ms", "10 %", "2.5 %", "15 dB", "-3 dBFS", "100 ppm", "1#w2", "2..",
         "4x", "bank:app", "python:bank.checks.polite", "https://example.com/v1",
         "rate_limit_exceeded")  # fmt: skip
DEEPEST = 6
TRIES = 12


class CannotBeDrawnError(Exception):
    """The way that was taken leads nowhere."""


class Drawing:
    """Draws what a schema allows. What is hard to draw is held against the schema, and drawn again."""

    def __init__(self, root: Any, chance: Random) -> None:
        self.root, self.chance = root, chance

    def document(self) -> Any:
        """One whole document."""
        return self.of(self.root, 0)

    def of(self, part: Any, depth: int) -> Any:
        """A value of one part of the schema."""
        part = self._resolved(part)
        if part is False or depth > 4 * DEEPEST:
            raise CannotBeDrawnError
        if part is True or not set(part) - {"description", "default", "$schema", "$defs", "title"}:
            return self.chance.choice([1, "some text", True, ["a", 2], {"deep": {"er": 1}}])
        return self._fitting(part, depth)

    def _fitting(self, part: Any, depth: int) -> Any:
        if not {"not", "allOf", "oneOf", "if"} & set(part):
            return self._unchecked(part, depth)
        fits = Draft202012Validator({**part, "$defs": self.root.get("$defs", {})}).is_valid
        return self._first(fits, lambda: self._unchecked(part, depth))

    def _first(self, fits: Callable[[Any], bool], draw: Callable[[], Any]) -> Any:
        for _ in range(TRIES):
            drawn = draw()
            if fits(drawn):
                return drawn
        raise CannotBeDrawnError

    def _unchecked(self, part: Any, depth: int) -> Any:
        if "allOf" in part:
            rest = {key: value for key, value in part.items() if key != "allOf"}
            for each in part["allOf"]:
                rest = _merged(rest, self._resolved(each))
            return self._unchecked(rest, depth)
        if "if" in part:
            rest = {key: value for key, value in part.items() if key not in ("if", "then", "else")}
            ways = [
                _merged(_merged(rest, part["if"]), part["then"]),
                _merged(rest, part.get("else", {"type": "string"})),
            ]
            return self._unchecked(self.chance.choice(ways), depth)
        for word in ("anyOf", "oneOf"):
            if word in part:
                return self._one_of(part, word, depth)
        if "const" in part:
            return part["const"]
        if "enum" in part:
            return self.chance.choice(part["enum"])
        return self._typed(part, depth)

    def _one_of(self, part: Any, word: str, depth: int) -> Any:
        rest = {key: value for key, value in part.items() if key != word}
        ways = [_merged(rest, self._resolved(each)) for each in part[word]]
        if depth > DEEPEST:
            return self._fitting(min(ways, key=_branches), depth + 1)
        self.chance.shuffle(ways)
        for way in ways[:-1]:
            try:
                return self._fitting(way, depth + 1)
            except CannotBeDrawnError:
                continue
        return self._fitting(ways[-1], depth + 1)

    def _typed(self, part: Any, depth: int) -> Any:
        kinds = part.get("type") or ("object" if {"properties", "required"} & set(part) else "string")
        match kinds if isinstance(kinds, str) else self.chance.choice(kinds):
            case "object":
                return self._object(part, depth)
            case "array":
                least = part.get("minItems", 0)
                count = self.chance.randint(least, least if depth > DEEPEST else max(least, 2))
                return [self.of(part.get("items", True), depth + 1) for _ in range(count)]
            case "string":
                return self._string(part)
            case "integer":
                return self.chance.randint(
                    part.get("minimum", 0), min(part.get("maximum", 99), part.get("minimum", 0) + 9)
                )
            case "number":
                return self.chance.choice([0.5, 1] if part.get("exclusiveMaximum") != 1 else [0.5])
            case "boolean":
                return self.chance.random() < 0.5
            case _:
                return None

    def _string(self, part: Any) -> str:
        if part.get("format") == "regex":
            return self.chance.choice(REGEXES)
        pattern = part.get("pattern", "")
        fitting = [text for text in (WORDS if pattern else TEXTS) if re.search(pattern, text)]
        if not fitting:
            raise CannotBeDrawnError
        return self.chance.choice(fitting)

    def _object(self, part: Any, depth: int) -> Any:
        properties = {key: value for key, value in part.get("properties", {}).items() if value is not False}
        required = part.get("required", [])
        made = {key: self.of(properties.get(key, True), depth + 1) for key in required}
        spare = sorted(set(properties) - set(required))
        wanted = 0 if depth > DEEPEST else self.chance.randint(0, min(4, len(spare)))
        wanted = max(wanted, part.get("minProperties", 0) - len(made)) if spare else 0
        for key in self.chance.sample(spare, min(wanted, len(spare))):
            try:
                made[key] = self.of(properties[key], depth + 1)
            except CannotBeDrawnError:
                continue
        self._name_others(made, part, depth)
        if len(made) < part.get("minProperties", 0):
            raise CannotBeDrawnError
        return made

    def _name_others(self, made: dict[str, Any], part: Any, depth: int) -> None:
        others = part.get("additionalProperties", True)
        if others is False or depth > DEEPEST + 2:
            return
        named = part.get("propertyNames", {}).get("pattern", "")
        names = [name for name in (*NAMES, *WORDS) if re.search(named, name) and not isinstance(others, bool)]
        least = part.get("minProperties", 0)
        for name in names[: max(least - len(made), self.chance.randint(0, 1))]:
            made[name] = self.of(others, depth + 1)

    def _resolved(self, part: Any) -> Any:
        while isinstance(part, dict) and "$ref" in part:
            found = self.root
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = {**found, **{key: value for key, value in part.items() if key != "$ref"}}
        return part


def _branches(part: Any) -> bool:
    return not isinstance(part, dict) or part.get("type") in ("object", "array") or "properties" in part


def _merged(one: Any, other: Any) -> Any:
    """Both at once, as far as drawing goes; what does not fit is sorted out afterwards."""
    if isinstance(other, bool):
        return one if other else False
    made = {**one, **other}
    properties = dict(one.get("properties", {}))
    for key, value in other.get("properties", {}).items():
        properties[key] = _merged(properties[key], value) if isinstance(properties.get(key), dict) else value
    made["properties"] = properties
    made["required"] = list(dict.fromkeys([*one.get("required", []), *other.get("required", [])]))
    return {key: value for key, value in made.items() if value or key not in ("properties", "required")}


def places(document: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document, with the way to it."""
    yield path, document
    items: Any = ()
    if isinstance(document, Mapping):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    for step, value in items:
        yield from places(value, (*path, step))


OTHERS: Sequence[Any] = (17, "17 s", [], {}, None, True, ["hello"], {"turn": "again"})


def spoiled(document: Any, chance: Random) -> tuple[Path, str, Any]:
    """A copy in which one thing is another: where, what, and the copy."""
    made = copy.deepcopy(document)
    path, value = chance.choice(list(places(made)))
    what = chance.choice(["rename", "retype", "remove", "add", "reword"])
    if what in ("rename", "remove", "add") and isinstance(value, dict):
        key = chance.choice(sorted(value)) if value else "none"
        if what == "add":
            return (*path, "spare_key"), what, _put(made, (*path, "spare_key"), 1)
        kept = value.pop(key, None)
        if what == "rename":
            value[f"{key}x"] = kept
        return (*path, key), what, made
    other = f"{value}x" if what == "reword" and isinstance(value, str) else chance.choice(OTHERS)
    return path, what, _put(made, path, other)


def _put(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return document
