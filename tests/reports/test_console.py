"""The last lines of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_golden import assert_golden
from support_results import PASSED_RUN, RUNS
from turnspec.reports import Written, summary


@pytest.mark.parametrize("name", RUNS)
def test_golden(name: str) -> None:
    """Every literal run is told as somebody found right."""
    written = Written(Path("out/junit.xml"), Path("out/report.html"), Path("out/results.json"))

    assert_golden(f"reports/{name}.txt", "\n".join(summary(RUNS[name], written)) + "\n")


def test_no_files_no_lines_about_them() -> None:
    """Where nothing was written, nothing is said of files."""
    assert summary(PASSED_RUN) == ("The conversation held.", "1 conversation, 12 s of calls: 1 passed")
