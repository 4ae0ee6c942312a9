"""Repeated runs, judged together: what is pooled, what is left out, and what a group says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from support_checks import as_text, golden
from support_results import opening_hours
from turnspec.checks.groups import distributions, hopeless, judged_together, outcome_of
from turnspec.dsl import Span
from turnspec.dsl.spans import NOWHERE
from turnspec.plan.model import Limit
from turnspec.plan.pools import Pool
from turnspec.results import (
    CallResult,
    Distribution,
    Finding,
    GroupResult,
    Judged,
    Measurement,
    Outcome,
    State,
    TurnResult,
)

SPAN = Span("scenarios/bank.yaml", 5, 30, 36)


def run(
    *responses_ms: int | None, outcome: Outcome = Outcome.PASSED, censored: bool = False, error_ms: int = 0
) -> CallResult:
    """A run in whose turns the agent answered after so long; None: there was nothing to measure."""
    state = State.CENSORED if censored else State.MEASURED
    turns = tuple(
        TurnResult(
            index,
            f"turn {index + 1}",
            outcome,
            0,
            1,
            "replied",
            measurements=()
            if ms is None
            else (Measurement("response", state, ms * 1_000, error_ms * 1_000, turn=index),),
        )
        for index, ms in enumerate(responses_ms)
    )
    return replace(opening_hours(), outcome=outcome, turns=turns, measurements=())


def pool(percentile: int, limit_ms: int, turns: tuple[int, ...] = (0,), *, required: bool = True) -> Pool:
    """A budget of one percentile."""
    limit = Limit("response", limit_ms * 1_000, SPAN, required)
    return Pool("response", turns, ((percentile, limit),), "Ask", NOWHERE, required)


def pooled(calls: Iterable[CallResult], *pools: Pool) -> Distribution:
    """What is pooled over these runs."""
    (only,) = distributions(pools, list(calls))
    return only


def group(
    *, held: int = 20, failed: int = 0, errors: int = 0, skipped: int = 0, wanted: float = 0.9
) -> GroupResult:
    """A group of so many runs."""
    return GroupResult(
        "balance-all",
        "Balance (all)",
        "scenarios/bank.yaml",
        1,
        "bank",
        "realtime",
        "virtual",
        Outcome.SKIPPED,
        held + failed + errors + skipped,
        held,
        failed,
        errors,
        skipped,
        round(wanted * 1_000_000),
    )


def told(made: GroupResult) -> tuple[list[Finding], Outcome]:
    """What a group says of itself, and how it came out."""
    findings = list(judged_together(made))
    return findings, outcome_of(made, findings)


def test_runs_that_failed_count_and_those_that_broke_do_not() -> None:
    """What was measured in a call that could be judged is a sample, whatever it came to."""
    calls = [run(100), run(300, outcome=Outcome.FAILED), run(9_000, outcome=Outcome.ERROR), run(200)]

    assert pooled(calls, pool(50, 500)).values_us == (100_000, 200_000, 300_000)


def test_turns_are_pooled_and_what_is_missing_is_counted() -> None:
    """Every turn of the pool in every run is a sample, or is told to be missing."""
    found = pooled([run(100, 200), run(300, None), run(400, 500)], pool(50, 500, (0, 1)))

    assert (found.values_us, found.missing) == ((100_000, 200_000, 300_000, 400_000, 500_000), 1)
    assert found.percentiles[0].value_us == 300_000
    assert found.percentiles[0].why == "number 3 of 5 samples"


@pytest.mark.parametrize(
    ("calls", "limit_ms", "state", "judged", "fails"),
    [
        ([run(100), run(200)], 150, State.MEASURED, Judged.WITHIN, False),
        ([run(160), run(200)], 150, State.MEASURED, Judged.EXCEEDED, True),
        ([run(160, error_ms=15), run(200)], 150, State.MEASURED, Judged.MARGINAL, False),
        ([run(100, censored=True), run(200)], 150, State.CENSORED, Judged.UNMEASURED, True),
        ([run(160, censored=True), run(200)], 150, State.CENSORED, Judged.EXCEEDED, True),
        ([run(100), run(200, censored=True)], 150, State.MEASURED, Judged.WITHIN, False),
        ([run(100), run(None)], 150, State.NOT_EXERCISED, Judged.UNMEASURED, True),
        ([run(None), run(None)], 150, State.NOT_EXERCISED, Judged.UNMEASURED, True),
    ],
    ids=["within", "exceeded", "marginal", "censored", "too long anyway", "above", "too few", "none"],
)
def test_states_of_a_percentile(
    calls: list[CallResult],
    limit_ms: int,
    state: State,
    judged: Judged,
    fails: bool,  # noqa: FBT001 # a column
) -> None:
    """Measured, marginal, censored, not exercised: each as it is for a single time."""
    (value,) = pooled(calls, pool(50, limit_ms)).percentiles

    assert (value.state, value.judged, value.fails) == (state, judged, fails)


def test_an_inherited_budget_that_nothing_gives_is_not_applicable() -> None:
    """As in a single call; but a few samples that are too few are told."""
    nothing = pooled([run(None), run(None)], pool(50, 100, required=False)).percentiles[0]
    too_few = pooled([run(1), run(None)], pool(50, 100, required=False)).percentiles[0]

    assert (nothing.state, nothing.fails) == (State.NOT_APPLICABLE, False)
    assert (too_few.state, too_few.fails) == (State.NOT_EXERCISED, True)


def test_turns_that_a_run_leaves_out_are_no_samples() -> None:
    """As those of a branch: none is missing there, and where no run came to them, nothing applies."""
    left_out = replace(run(None), turns=(replace(run(None).turns[0], outcome=Outcome.SKIPPED),))
    some = pooled([run(100), left_out, run(None), run(120)], pool(50, 150))
    never = pooled([left_out, left_out], pool(50, 150))

    assert (some.missing, some.percentiles[0].judged) == (1, Judged.WITHIN)
    assert (never.missing, never.percentiles[0].state) == (0, State.NOT_APPLICABLE)
    assert not never.percentiles[0].fails


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (group(held=18, failed=2), Outcome.PASSED),
        (group(held=17, failed=3), Outcome.FAILED),
        (group(held=18, failed=2, errors=1), Outcome.ERROR),
        (group(held=10, failed=5, errors=1), Outcome.FAILED),
        (group(held=5, skipped=15), Outcome.SKIPPED),
        (group(held=5, failed=1, skipped=14), Outcome.SKIPPED),
        (group(held=5, failed=3, skipped=12), Outcome.FAILED),
        (group(held=0, errors=20), Outcome.ERROR),
        (group(held=0, skipped=20), Outcome.SKIPPED),
    ],
)
def test_how_a_group_comes_out(made: GroupResult, outcome: Outcome) -> None:
    """By its rate; broken and missing runs leave it open, unless it has failed for certain."""
    assert told(made)[1] is outcome


@pytest.mark.parametrize(
    ("samples", "outcome"), [(0, Outcome.ERROR), (1, Outcome.ERROR), (2, Outcome.FAILED)]
)
def test_samples_that_broken_runs_lack_are_no_failure_of_the_agent(samples: int, outcome: Outcome) -> None:
    """What is not known for want of them is an error, as the runs are; what is too long has failed."""
    calls = [run(300)] * samples + [run(None, outcome=Outcome.ERROR)] * (3 - samples)
    found = pooled(calls, pool(50, 150))
    made = replace(group(held=samples, errors=3 - samples), distributions=(found,))

    assert told(made)[1] is outcome


@pytest.mark.parametrize(("failed", "lost"), [(2, False), (3, True)])
def test_a_rate_is_out_of_reach_when_all_others_could_not_save_it(failed: int, lost: bool) -> None:  # noqa: FBT001 # a column
    """Of twenty runs, two may fail."""
    assert hopeless(group(held=0, failed=failed, skipped=20 - failed)) is lost


LATE = pooled([run(1_600, error_ms=15)] * 20, pool(95, 1_500))
CUT = pooled([run(700)] * 18 + [run(900, censored=True)] * 2, pool(95, 1_500))
GOLDEN = {
    "pass_rate": group(held=16, failed=3, errors=1),
    "pass_rate-held": group(held=19, failed=1),
    "response-percentile": replace(group(), distributions=(LATE,)),
    "response-percentile-unknown": replace(group(), distributions=(CUT,)),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_findings_read_as_somebody_found_right(name: str) -> None:
    """The last thing that a group says, in full."""
    text = as_text(told(GOLDEN[name])[0][-1])

    assert text == golden(name, text)
