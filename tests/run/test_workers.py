"""Calls shared out among processes, each of which reads the files itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support_repeats import EVEN, bank
from turnspec.results import Outcome
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases
from turnspec.run.progress import Calls
from turnspec.run.whole import Unwatched
from turnspec.run.workers import in_processes


def test_files_that_were_changed_meanwhile_lose_no_other_call(tmp_path: Path) -> None:
    """What a worker no longer finds is an error of that case alone, and no other case is called for it."""
    folder = bank(tmp_path, "examples: [{n: 1}, {n: 2}, {n: 3}]", agent=EVEN).folder
    options = RunOptions(paths=(folder / "balance.yaml",), output=tmp_path / "out", workers=2)
    first, second, third = plan_cases(options).cases
    calls = Calls(options, Unwatched())

    in_processes([first, replace(second, slug="renamed"), replace(third, number=7)], options, calls)

    assert [call.outcome for call in calls.results] == [Outcome.PASSED, Outcome.ERROR, Outcome.ERROR]
    assert calls.results[1].error == "the files were changed while the run began; run it again"
