"""Files of a project with one word misspelt at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from turnspec.dsl.document import read_document
from turnspec.dsl.schema import KINDS, schema_of

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Typo:
    """One word of a document, and how it is misspelt."""

    file: Path
    kind: str
    path: Path_  # of the key, or of the value
    word: str
    wrong: str
    is_key: bool
    document: Any

    def __str__(self) -> str:
        return f"{self.file.name}: {'/'.join(map(str, self.path))}: {self.wrong}"


def _doubled(word: str) -> str:
    return word[:1] + word


def _cut(word: str) -> str:
    return word[:-1]


def _swapped(word: str) -> str:
    return word[:-2] + word[-1] + word[-2] if word[-2:-1] != word[-1:] else f"{word}_"


KINDS_OF_TYPO: Mapping[str, Callable[[str], str]] = {
    "a letter doubled": _doubled,
    "the last letter gone": _cut,
    "two letters swapped": _swapped,
    "another case": str.upper,
    "a letter too many": lambda word: f"{word}s",
}


def documents(folder: Path) -> Iterator[tuple[Path, str, Any]]:
    """The files below that are ours, each with its kind and plain data."""
    for path in sorted(folder.rglob("*.yaml")):
        data = read_document(path, path.name).data
        if isinstance(data, dict):
            kind = (
                "project"
                if path.name == "turnspec.yaml"
                else next((each for each in KINDS if each in data), "")
            )
            if kind:
                yield path, kind, plain(data)


def plain(value: Any) -> Any:
    """The same without places."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def typos(file: Path, kind: str, document: Any) -> Iterator[Typo]:
    """Every word of the language in a document, misspelt in each way that makes another word of it."""
    schema = Schema(kind)
    for path, word, is_key in schema.words(document):
        for misspell in KINDS_OF_TYPO.values():
            wrong = misspell(word)
            if len(wrong) > 1 and wrong not in schema.all_words:
                yield Typo(
                    file, kind, path, word, wrong, is_key, spoiled(document, path, wrong, is_key=is_key)
                )


def spoiled(document: Any, path: Path_, wrong: str, *, is_key: bool) -> Any:
    """A copy with another word at this place."""
    if not path:
        return wrong
    step, *rest = path
    if isinstance(document, list):
        return [
            spoiled(each, tuple(rest), wrong, is_key=is_key) if at == step else each
            for at, each in enumerate(document)
        ]
    if is_key and not rest:
        return {wrong if key == step else key: each for key, each in document.items()}
    return {
        key: spoiled(each, tuple(rest), wrong, is_key=is_key) if key == step else each
        for key, each in document.items()
    }


class Schema:
    """Which words of a document are of the language: those that its schema names. All others are free."""

    def __init__(self, kind: str) -> None:
        self.root = schema_of(kind)
        self.all_words = {
            word
            for part in (self.root, *self.root.get("$defs", {}).values())
            for word in part.get("properties", {})
        }

    def words(self, document: Any) -> Iterator[tuple[Path_, str, bool]]:
        """Keys, and values of closed vocabularies, with their places."""
        yield from self._below(document, [self.root], ())

    def _below(self, value: Any, parts: list[Any], path: Path_) -> Iterator[tuple[Path_, str, bool]]:
        parts = [each for part in parts for each in self._alternatives(part, value)]
        if isinstance(value, dict):
            for key, each in value.items():
                named = [part["properties"][key] for part in parts if key in part.get("properties", {})]
                if named:
                    yield (*path, key), key, True
                others = [part.get("additionalProperties") for part in parts if isinstance(part, dict)]
                inside = named or [other for other in others if isinstance(other, dict)]
                yield from self._below(each, inside, (*path, key))
        elif isinstance(value, list):
            for at, each in enumerate(value):
                inside = [part["items"] for part in parts if isinstance(part.get("items"), dict)]
                yield from self._below(each, inside, (*path, at))
        elif (
            isinstance(value, str)
            and parts
            and all(value in part.get("enum", [part.get("const")]) for part in parts)
        ):
            yield path, value, False

    def _alternatives(self, part: Any, value: Any) -> list[Any]:
        """The parts that this value is an instance of, alternatives followed."""
        if not isinstance(part, dict):
            return []
        while "$ref" in part:
            found = self.root
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = {**found, **{key: each for key, each in part.items() if key != "$ref"}}
        fits = Draft202012Validator({**part, "$defs": self.root.get("$defs", {})}).is_valid
        if not fits(value):
            return []
        if "properties" in part or "anyOf" not in part:
            return [part, *(each for one in part.get("allOf", ()) for each in self._alternatives(one, value))]
        return [each for one in part["anyOf"] for each in self._alternatives(one, value)]
