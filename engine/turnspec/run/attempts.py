"""Calls that are made again when they did not hold: every attempt is kept, the last one counts."""

from __future__ import annotations

from dataclasses import replace

from turnspec.results import CallResult, Outcome
from turnspec.run.case import Case
from turnspec.run.rows import again, folders

WORTH_ANOTHER = frozenset({Outcome.FAILED, Outcome.ERROR})


def attempt_of(case: Case, number: int) -> Case:
    """The case of one attempt, from 1: a call of its own, with a folder and draws of its own."""
    if number == 1:
        return case
    slug = folders(case.slug, case.retries)[number - 1]
    return replace(case, slug=slug, plan=again(case.plan, f"attempt {number}"))


def wants_another(case: Case, so_far: CallResult) -> bool:
    """Whether the case is to be called again."""
    return so_far.outcome in WORTH_ANOTHER and len(so_far.attempts) < case.retries


def with_earlier(result: CallResult, earlier: CallResult | None) -> CallResult:
    """The result of an attempt with those before it: one that holds now is flaky."""
    if earlier is None:
        return result
    outcome = Outcome.FLAKY if result.outcome is Outcome.PASSED else result.outcome
    return replace(result, outcome=outcome, attempts=(*earlier.attempts, earlier.as_attempt))
