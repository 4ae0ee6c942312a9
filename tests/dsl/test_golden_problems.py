"""Every broken document gets exactly the text its folder keeps; UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from turnspec.dsl import render_problems
from turnspec.dsl.load import Loaded, load

GOLDEN = Path(__file__).parents[1] / "golden" / "problems"
EXPECTED = "expected.txt"
# These hold what the cases share.
_SHARED = {"agents", "intents"}
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir() and path.name not in _SHARED)


def _loaded(case: str) -> Loaded:
    return load([GOLDEN / case])


@pytest.mark.parametrize("case", CASES)
def test_each_broken_document_gets_its_text(case: str) -> None:
    """Message, place, source line, carets and advice are those of the golden file."""
    rendered = render_problems(_loaded(case).problems) + "\n"
    expected = GOLDEN / case / EXPECTED
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(rendered, encoding="utf-8")

    assert rendered == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_each_place_is_in_its_file(case: str) -> None:
    """The quoted line stands in the file at that line, and the carets under a part of it."""
    for problem in _loaded(case).problems:
        if problem.span.line == 0:
            continue
        root = GOLDEN / case if (GOLDEN / case / "turnspec.yaml").exists() else GOLDEN
        lines = (root / problem.span.file).read_text(encoding="utf-8-sig", errors="replace").splitlines()

        assert problem.source_line == lines[problem.span.line - 1]
        assert 1 <= problem.span.column <= len(problem.source_line) + 1
        assert problem.span.column <= problem.span.end_column


def test_the_corpus_is_wide() -> None:
    """At least 28 documents of 14 kinds, at least 4 of them with 3 problems or more."""
    found = {case: _loaded(case).problems for case in CASES}

    assert len(found) >= 28
    assert all(found.values())
    assert len({problem.kind for problems in found.values() for problem in problems}) >= 14
    assert sum(len(problems) >= 3 for problems in found.values()) >= 4
