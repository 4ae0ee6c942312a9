"""The published schemas and the loader agree on the shape of every kind of file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from support_schema import CannotBeDrawnError, Drawing, spoiled
from turnspec.dsl.document import read_document
from turnspec.dsl.schema import KINDS, schema_of
from turnspec.dsl.shape import problems_of_shape

SCHEMAS = {kind: schema_of(kind) for kind in KINDS}
VALIDATORS = {
    kind: Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for kind, schema in SCHEMAS.items()
}
# What JSON Schema has no words for; the loader alone refuses it.
ONLY_THE_LOADER = {
    "bad-schema": "parameters of functions are JSON Schema themselves, and looked into",
    "bad-spread": "which of two times is longer",
    "bad-matcher": "which of two numbers is larger",
    "bad-delay": "how long a duration is",
    "out-of-range": "which levels, clocks and lengths of tones there are",
    "bad-branch": "`otherwise` is the last branch",
    "bad-name": "names of the columns of examples",
}
# Names of variables are free where conditions are written: a misspelt key may be one, but for the loader.
FREE = {"when", "unless", "until"}
SEEDS = st.integers(0, 2**32)
COMMON = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _drawn(kind: str, chance: Random) -> Any:
    try:
        return Drawing(SCHEMAS[kind], chance).document()
    except CannotBeDrawnError:
        reject()


def _refused(kind: str, document: Any) -> list[str]:
    return [str(each) for each in problems_of_shape(kind, document) if each.kind not in ONLY_THE_LOADER]


def _same_rows(document: Any) -> bool:
    rows = document.get("examples") if isinstance(document, dict) else None
    return (
        not isinstance(rows, list) or len({tuple(sorted(row)) for row in rows if isinstance(row, dict)}) <= 1
    )


def _defaults(part: Any) -> Iterator[Any]:
    """Each property that has a default other than nothing."""
    if isinstance(part, dict):
        if part.get("default") is not None:
            yield part
        for each in part.values():
            yield from _defaults(each)
    elif isinstance(part, list):
        for each in part:
            yield from _defaults(each)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_as_one_would_write_them(kind: str) -> None:
    """A duration with its unit, a share with its sign: an editor puts them in as they are."""
    schema = SCHEMAS[kind]
    for part in _defaults(schema):
        whole = {
            **{key: value for key, value in part.items() if key != "default"},
            "$defs": schema.get("$defs", {}),
        }
        assert Draft202012Validator(whole).is_valid(part["default"]), part


@pytest.mark.parametrize("kind", KINDS)
@COMMON
@given(seed=SEEDS)
def test_what_the_schema_allows_the_loader_reads(kind: str, seed: int) -> None:
    """A document drawn from the schema has the shape that the loader wants."""
    document = _drawn(kind, Random(seed))
    assume(_same_rows(document))

    assert _refused(kind, document) == [], json.dumps(document)


@pytest.mark.parametrize("kind", KINDS)
@COMMON
@given(seed=SEEDS)
def test_a_spoiled_document_gets_one_verdict(kind: str, seed: int) -> None:
    """Keys renamed, added or taken out, values of another type or word: both refuse it, or both take it."""
    chance = Random(seed)
    path, what, made = spoiled(_drawn(kind, chance), chance)
    assume(_same_rows(made) and not FREE.intersection(map(str, path[-3:-1])))
    said = f"{what} at {path}: {json.dumps(made)}"

    if VALIDATORS[kind].is_valid(made):
        assert _refused(kind, made) == [], said
    else:
        assert problems_of_shape(kind, made), said


def test_every_key_tells_what_it_does() -> None:
    """An editor has words to show for each key of each kind of file."""
    silent = [
        f"{kind}: {name}.{key}"
        for kind, schema in SCHEMAS.items()
        for name, part in ({"": schema} | schema.get("$defs", {})).items()
        for key, told in part.get("properties", {}).items()
        if told is not False and not told.get("description") and "$ref" not in told
    ]

    assert silent == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_key_but_those_of_the_model(kind: str) -> None:
    """The top level has the model's keys, no inner key is shown, and each reference leads somewhere."""
    model, _ = KINDS[kind]
    schema = SCHEMAS[kind]
    text = json.dumps(schema)

    assert set(schema["properties"]) == model.keys()
    assert schema["additionalProperties"] is False
    assert '"<' not in text
    for named in text.split('"$ref": "#/$defs/')[1:]:
        assert named.partition('"')[0].partition("/")[0] in schema["$defs"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_one(kind: str) -> None:
    """It is JSON Schema of the dialect that it names."""
    Draft202012Validator.check_schema(SCHEMAS[kind])


EXAMPLES = sorted((Path(__file__).parents[2] / "scenarios").rglob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_have_the_shape(path: Path) -> None:
    """Every file that people start from is allowed by the schema of its kind."""
    document = _plain(read_document(path, path.name).data)
    kind = (
        next((kind for kind in KINDS if kind in document), "") if path.name != "turnspec.yaml" else "project"
    )

    assert [error.message for error in VALIDATORS[kind].iter_errors(document)] == []


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
