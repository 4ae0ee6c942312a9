"""JSON Schemas for editors: what may be written in each kind of file.

They are made from the models. What a model brings into its form before it validates - one value where a list
is meant, a text for a mapping - is told in `schema_forms` and
`schema_parts`, what an editor shows of a key in `schema_words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from turnspec.dsl.agent import AgentScript, IntentCatalogue
from turnspec.dsl.base import Model
from turnspec.dsl.fragments import Fragment
from turnspec.dsl.matchers import MatcherModel, WordErrors
from turnspec.dsl.project import Project
from turnspec.dsl.quantities import Quantity
from turnspec.dsl.scenario import Scenario
from turnspec.dsl.schema_forms import FORMS
from turnspec.dsl.schema_parts import ADDED, Schema
from turnspec.dsl.schema_words import WORDS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KINDS: Final[Mapping[str, tuple[type[Model], str]]] = {
    "scenario": (Scenario, "A turnspec scenario"),
    "agent": (AgentScript, "A turnspec agent script"),
    "fragment": (Fragment, "Turns that turnspec scenarios use"),
    "intents": (IntentCatalogue, "Intents of a turnspec project"),
    "project": (Project, "A turnspec project"),
}
"""Every kind of file: its model, and what an editor calls it."""
_IS_MATCHER = "a plain value, any, absent, or a matcher such as {matches: pattern}"


class _WithDefaults(GenerateJsonSchema):
    """The schemas of models, with defaults as one would write them."""

    def encode_default(self, dft: Any) -> Any:
        """`15 s`, rather than what stands for it inside."""
        return str(dft) if isinstance(dft, Quantity) else super().encode_default(dft)


def _made(model: type[Model]) -> Schema:
    return model.model_json_schema(by_alias=True, schema_generator=_WithDefaults)


def schema_of(kind: str) -> Schema:
    """What a file of this kind may hold."""
    model, title = KINDS[kind]
    made = _made(model)
    parts: dict[str, Schema] = {**made.pop("$defs", {}), **_matchers(), **ADDED}
    if made.get("$ref"):  # a model that contains itself
        made = parts.pop(model.__name__)
    named = _models()
    for name, part in (*parts.items(), (model.__name__, made)):
        if name in named:
            _as_written(named[name], part)
    parts = {name: _tidy(part) for name, part in parts.items()}
    whole = {"$schema": DIALECT, "title": title, **_tidy(made)}
    used = _used(whole, parts)
    return {**whole, "$defs": {name: parts[name] for name in sorted(used)}} if used else whole


def _models() -> Mapping[str, type[Model]]:
    return {model.__name__: model for model in _below(Model)}


def _below(model: type[Model]) -> Iterator[type[Model]]:
    for child in model.__subclasses__():
        yield child
        yield from _below(child)


def _matchers() -> dict[str, Schema]:
    """The matchers that are written as mappings; each is used where any matcher may stand."""
    models: list[type[Model]] = [*(each for each in MatcherModel.__subclasses__() if each.keys()), WordErrors]
    made = {model.__name__: _made(model) for model in models}
    for part in made.values():
        part.pop("$defs", None)
    return made


def _as_written(model: type[Model], part: Schema) -> None:
    """Make of the form that is validated the forms that may be written, with words for each key."""
    properties: Schema = part.get("properties", {})
    for key in [key for key in properties if key.startswith("<")]:
        del properties[key]
    if "required" in part:
        part["required"] = [key for key in part["required"] if not key.startswith("<")]
    models = tuple(each.__name__ for each in model.__mro__)
    for name in reversed(models):
        if name in FORMS:
            FORMS[name](part)
    for key, value in properties.items():
        if value is not False:
            properties[key] = {
                "description": _words(models, key),
                **_without(value, "description", "title"),
            }


def _words(models: tuple[str, ...], key: str) -> str:
    """What is told of a key by the first of these models that tells something."""
    return next((WORDS[name][key] for name in models if key in WORDS.get(name, {})), "")


def _without(part: Schema, *keys: str) -> Schema:
    return {key: value for key, value in part.items() if key not in keys}


def _tidy(part: Any) -> Any:
    """Without titles that repeat keys; a matcher by its name; the first line of a docstring alone."""
    match part:
        case {"description": description, **others} if description == _IS_MATCHER and not others:
            return {"$ref": "#/$defs/Matcher"}
        case dict():
            titled = isinstance(part.get("title"), str)
            return {
                key: _told(value) if key == "description" and isinstance(value, str) else _tidied(key, value)
                for key, value in part.items()
                if not (titled and key == "title") and key != "discriminator"
            }
        case list():
            return [_tidy(each) for each in part]
        case _:
            return part


def _tidied(key: str, value: Any) -> Any:
    # Names of properties are no words of the schema.
    if key in ("properties", "$defs") and isinstance(value, dict):
        return {name: _tidy(each) for name, each in value.items()}
    return _tidy(value)


def _told(description: str) -> str:
    return description.partition("\n\n")[0]


def _used(whole: Schema, parts: Mapping[str, Schema]) -> set[str]:
    found: set[str] = set()
    waiting = list(_references(whole))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(parts[name])
    return found


def _references(part: Any) -> Iterator[str]:
    match part:
        case dict():
            if isinstance(named := part.get("$ref"), str):
                yield named.removeprefix("#/$defs/").partition("/")[0]
            for each in part.values():
                yield from _references(each)
        case list():
            for each in part:
                yield from _references(each)
        case _:
            return
