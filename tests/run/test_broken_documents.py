"""Nobody is called where a document is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases

PROBLEMS = Path(__file__).parents[1] / "golden" / "problems"
CASES = sorted(path.name for path in PROBLEMS.iterdir() if (path / "expected.txt").is_file())


@pytest.mark.parametrize("case", CASES)
def test_no_broken_document_is_run(case: str) -> None:
    """A run of it has problems instead of cases."""
    planned = plan_cases(RunOptions(paths=(PROBLEMS / case,)))

    assert planned.problems
    assert planned.cases == ()


def test_there_are_many() -> None:
    """At least a hundred documents, each wrong in its own way."""
    assert len(CASES) >= 100
