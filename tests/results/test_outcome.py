"""Outcomes: which of them is the worst, and what the command line exits with."""

from __future__ import annotations

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.results import EXIT_CODE, INTERRUPTED_EXIT, USAGE_EXIT, Outcome, worst

# From the worst to the one that says nothing at all.
ORDER = [Outcome.ERROR, Outcome.FAILED, Outcome.FLAKY, Outcome.PASSED, Outcome.SKIPPED]


def test_the_order_has_every_outcome() -> None:
    """A new outcome has to find its place."""
    assert sorted(ORDER) == sorted(Outcome)


@pytest.mark.parametrize(("worse", "better"), [*pairwise(ORDER)])
def test_the_worse_of_two_decides(worse: Outcome, better: Outcome) -> None:
    """In whichever order they come."""
    assert worst([worse, better]) is worse
    assert worst([better, worse]) is worse


@given(st.lists(st.sampled_from(Outcome)))
def test_the_worst_of_many_is_one_of_them(outcomes: list[Outcome]) -> None:
    """The first in the order that is there; of nothing it is skipped."""
    assert worst(outcomes) is next((one for one in ORDER if one in outcomes), Outcome.SKIPPED)


def test_nothing_at_all_is_skipped() -> None:
    """A whole without parts has neither passed nor failed."""
    assert worst([]) is Outcome.SKIPPED


def test_every_outcome_has_its_exit_code() -> None:
    """0 says that nothing is wrong, 1 that an agent is, 3 that the harness is."""
    assert {
        Outcome.PASSED: 0,
        Outcome.SKIPPED: 0,
        Outcome.FLAKY: 0,
        Outcome.FAILED: 1,
        Outcome.ERROR: 3,
    } == EXIT_CODE
    assert (USAGE_EXIT, INTERRUPTED_EXIT) == (2, 130)


def test_no_two_troubles_share_an_exit_code() -> None:
    """A script can tell from the code alone what went wrong."""
    codes = [EXIT_CODE[Outcome.FAILED], EXIT_CODE[Outcome.ERROR], USAGE_EXIT, INTERRUPTED_EXIT]
    assert all(one != other for one, other in permutations([0, *codes], 2))
