"""Results become JSON documents and come back unchanged."""

from __future__ import annotations

import dataclasses
import json
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support_results import RUNS, rich_run
from turnspec.results import Outcome, RunResult
from turnspec.results.document import FORMAT, DocumentError, from_document, to_document

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner, max_size=2),
    max_leaves=3,
)


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, all its fields chosen, not only those without a default."""
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of(*(any_of(member) for member in get_args(hint)))
    if get_origin(hint) is tuple:
        items = get_args(hint)
        if items[-1] is Ellipsis:
            return st.lists(any_of(items[0]), max_size=2).map(tuple)
        return st.tuples(*(any_of(item) for item in items))
    if get_origin(hint) is dict:
        return st.dictionaries(ANY_TEXT, JSON, max_size=2)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        fields = {name: any_of(inner) for name, inner in get_type_hints(hint).items()}
        return st.builds(hint, **fields)
    return ANY_TEXT if hint is str else st.from_type(hint)


@pytest.mark.parametrize("name", RUNS)
def test_literal_run_comes_back(name: str) -> None:
    """Every literal run comes back from its JSON text as it was."""
    run = RUNS[name]

    assert run == from_document(json.loads(json.dumps(to_document(run))))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_of(RunResult))
def test_any_run_comes_back(run: RunResult) -> None:
    """Whatever is in a run, its document is plain JSON and reads back as the run."""
    document = to_document(run)

    assert document == json.loads(json.dumps(document))
    assert run == from_document(document)


def test_what_follows_is_written_too() -> None:
    """Programs need not work out verdict, outcome, exit code and counts again."""
    run = rich_run()
    document = to_document(run)

    assert document["format"] == FORMAT
    assert (document["verdict"], document["outcome"], document["exit_code"]) == (run.verdict, "error", 3)
    assert document["counts"] == {outcome.value: 1 for outcome in Outcome}
    assert document["calls"][1]["turns"][1]["measurements"][0]["judged"] == "exceeded"


def test_only_info_tells_two_runs_apart() -> None:
    """Run id, dates, host and Python version stand in `info` and nowhere else."""
    run = rich_run()
    other = dataclasses.replace(
        run,
        info=dataclasses.replace(
            run.info, run_id="other", started="later", host="elsewhere", python="3.11.0"
        ),
    )
    first, second = to_document(run), to_document(other)

    assert first.pop("info") != second.pop("info")
    assert first == second


def test_newer_format_is_refused() -> None:
    """A document of a newer format is refused, naming both formats."""
    document = to_document(rich_run()) | {"format": FORMAT + 1}

    with pytest.raises(DocumentError, match="have format 2; this turnspec reads up to 1: upgrade it"):
        from_document(document)


@pytest.mark.parametrize("document", [None, [], {}, {"calls": []}, "x"])
def test_what_is_no_document_is_refused(document: object) -> None:
    """Anything without a format is no results document, and is said to be none."""
    with pytest.raises(DocumentError, match="has no `format`"):
        from_document(document)


@pytest.mark.parametrize("written", [0, -1, "1", 1.0, True, None])
def test_odd_format_is_refused(written: object) -> None:
    """A format that is no whole number from 1 is refused."""
    with pytest.raises(DocumentError, match="a whole number from 1 is expected"):
        from_document({"format": written})


@pytest.mark.parametrize(
    ("way", "value", "told"),
    [
        (
            ("calls", 1, "outcome"),
            "passd",
            "`calls[1].outcome` in the results is 'passd'; expected passed | ",
        ),
        (("calls", 1, "duration_us"), 1.5, "`calls[1].duration_us` in the results is '1.5'; expected int"),
        (("calls", 1, "duration_us"), True, "`calls[1].duration_us` in the results is 'True'; expected int"),
        (("calls",), {}, "`calls` in the results is '{}'; expected a list"),
        (("calls", 1, "turns", 0), "x", "`calls[1].turns[0]` in the results is 'x'; expected an object"),
        (("calls", 1, "turns", 0, "outcome"), [], "`calls[1].turns[0].outcome` in the results is '[]'"),
        (("calls", 1, "caller_wave", "columns"), [1], "`calls[1].caller_wave.columns` in the results"),
        (("calls", 1, "caller_wave", "columns"), ["a", "b"], "expected pairs of whole numbers"),
        (("calls", 1, "turns", 1, "findings", 0, "span", "path"), [1.5], "expected str | int"),
        (("graphs",), [], "`graphs` in the results is '[]'; expected an object"),
    ],
)
def test_wrong_value_is_named_with_its_place(way: tuple[str | int, ...], value: object, told: str) -> None:
    """A value of a wrong type is refused by its place, with what was expected there."""
    document = json.loads(json.dumps(to_document(rich_run())))
    inner = document
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = value

    with pytest.raises(DocumentError) as refused:
        from_document(document)
    assert told in str(refused.value)


def test_missing_field_is_named() -> None:
    """A field that every document has is missed by name; one with a default is not."""
    document = to_document(rich_run())
    del document["calls"][0]["tags"], document["graphs"]
    assert from_document(document).calls[0].tags == ()

    del document["calls"][0]["target"]
    with pytest.raises(DocumentError, match=r"the results lack `calls\[0\]\.target`"):
        from_document(document)
