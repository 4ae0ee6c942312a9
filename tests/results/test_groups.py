"""Groups of repeated runs: the rate and how sure it is."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_results import INFO, opening_hours
from turnspec.results import CallResult, GroupResult, Outcome, RunResult
from turnspec.results.groups import wilson


def group(
    held: int, failed: int, *, wanted_ppm: int = 900_000, outcome: Outcome = Outcome.PASSED
) -> GroupResult:
    """A group in which every run was judged."""
    return GroupResult(
        id="talk-all",
        name="Talk (all)",
        file="talk.yaml",
        line=1,
        target="desk",
        protocol="twilio",
        clock="virtual",
        outcome=outcome,
        runs=held + failed,
        held=held,
        failed=failed,
        errors=0,
        skipped=0,
        wanted_ppm=wanted_ppm,
    )


def run_of(outcome: Outcome, within: str = "talk-all") -> CallResult:
    """One run of the group."""
    return replace(opening_hours(), outcome=outcome, group=within)


@pytest.mark.parametrize(
    ("held", "judged", "low", "high"),
    # R: prop.test(held, judged, correct = FALSE)$conf.int
    [(18, 20, 0.6990, 0.9721), (20, 20, 0.8389, 1.0), (0, 20, 0.0, 0.1611), (90, 100, 0.8256, 0.9448)],
)
def test_the_interval_is_wilsons(held: int, judged: int, low: float, high: float) -> None:
    """The numbers are those that R gives."""
    assert wilson(held, judged) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.integers(0, 500))
def test_the_interval_holds_the_estimate(judged: int, held: int) -> None:
    """It lies within 0 and 1, around the share, and solves the equation that it is defined by."""
    held = min(held, judged)
    low, high = wilson(held, judged)

    assert 0 <= low <= held / judged <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(held / judged - end) == pytest.approx(
                1.959963984540054 * math.sqrt(end * (1 - end) / judged)
            )


@pytest.mark.parametrize(
    ("held", "failed", "enough"), [(9, 1, True), (8, 1, False), (18, 2, True), (17, 2, False)]
)
def test_the_rate_is_compared_exactly(held: int, failed: int, enough: bool) -> None:  # noqa: FBT001 # a column
    """Nine of ten is 90 %, and eight of nine is not, however it is rounded for people."""
    assert group(held, failed).enough_held is enough


def test_a_group_decides_for_its_runs() -> None:
    """A run that fails within a group that holds fails nothing; it counts as one conversation."""
    run = RunResult(INFO, (run_of(Outcome.PASSED), run_of(Outcome.FAILED)), groups=(group(1, 1),))

    assert (run.outcome, run.exit_code) == (Outcome.PASSED, 0)
    assert run.verdict == "The conversation held."
    assert run.count(Outcome.FAILED) == 0


def test_a_group_that_fails_fails_the_run() -> None:
    """Whatever most of its runs did."""
    lost = group(8, 2, outcome=Outcome.FAILED)
    run = RunResult(INFO, (run_of(Outcome.PASSED), run_of(Outcome.FAILED), opening_hours()), groups=(lost,))

    assert run.exit_code == 1
    assert run.verdict == "1 of 2 conversations did not hold."


def test_a_run_without_its_group_counts_by_itself() -> None:
    """As when it was picked out by its name, or its group is lost from the document."""
    assert RunResult(INFO, (run_of(Outcome.FAILED),)).exit_code == 1


@pytest.mark.parametrize(("flaky_fails", "code"), [(False, 0), (True, 1)])
def test_flaky_fails_only_when_asked(flaky_fails: bool, code: int) -> None:  # noqa: FBT001 # a column
    """What passed after a failure is no failure, unless the run is to be that strict."""
    flaky = replace(opening_hours(), outcome=Outcome.FLAKY)

    assert RunResult(INFO, (flaky,), flaky_fails=flaky_fails).exit_code == code
    assert RunResult(INFO, (flaky, opening_hours()), flaky_fails=flaky_fails).verdict == (
        "1 of 2 conversations held only after a failure."
        if flaky_fails
        else "All 2 conversations held, 1 of them only after a failure."
    )


def test_nothing_judged_has_no_rate() -> None:
    """No run that says something: no share, no interval."""
    nothing = group(0, 0)

    assert (nothing.rate_ppm, nothing.interval_ppm) == (None, None)
