"""results.json."""

from __future__ import annotations

import json

import pytest

from support_golden import assert_golden
from support_results import RUNS
from turnspec.reports import render_json
from turnspec.results.document import from_document


@pytest.mark.parametrize("name", RUNS)
def test_golden(name: str) -> None:
    """Every literal run is written as somebody found right."""
    assert_golden(f"reports/{name}.json", render_json(RUNS[name]).decode())


@pytest.mark.parametrize("name", RUNS)
def test_reads_back(name: str) -> None:
    """results.json is valid UTF-8 and JSON, and holds the whole run, halves of surrogate pairs included."""
    assert RUNS[name] == from_document(json.loads(render_json(RUNS[name]).decode()))


def test_one_line_a_call() -> None:
    """A call is a line, so that two files can be compared and searched line by line."""
    lines = render_json(RUNS["rich"]).decode().splitlines()

    assert [json.loads(line.rstrip(","))["name"] for line in lines[2:-1]] == [
        call.name for call in RUNS["rich"].calls
    ]
