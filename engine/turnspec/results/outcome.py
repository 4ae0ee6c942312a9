"""Outcomes of turns, calls and runs, and the exit code of each."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """How a turn, a call or a run came out."""

    PASSED = "passed"
    FAILED = "failed"  # a finding about the agent
    ERROR = "error"  # the harness or the line broke, or a file is wrong
    SKIPPED = "skipped"
    FLAKY = "flaky"  # passed after a failure


EXIT_CODE: Final = {
    Outcome.PASSED: 0,
    Outcome.SKIPPED: 0,
    Outcome.FLAKY: 0,
    Outcome.FAILED: 1,
    Outcome.ERROR: 3,
}
USAGE_EXIT: Final = 2  # a wrong file or command line: nothing was called
INTERRUPTED_EXIT: Final = 130

_WORST_FIRST: Final = (Outcome.ERROR, Outcome.FAILED, Outcome.FLAKY, Outcome.PASSED, Outcome.SKIPPED)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a whole, given those of its parts; nothing at all is skipped."""
    found = set(outcomes)
    return next((outcome for outcome in _WORST_FIRST if outcome in found), Outcome.SKIPPED)
