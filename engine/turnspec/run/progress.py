"""The results of a run as they come, and when there are enough of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from turnspec.results import CallResult, Finding, GroupResult, Outcome, Status
from turnspec.run.attempts import attempt_of, wants_another, with_earlier
from turnspec.run.calling import Interrupted
from turnspec.run.case import Case
from turnspec.run.groups import Group
from turnspec.run.masking import masked_throughout
from turnspec.run.options import RunOptions

BAD = frozenset({Outcome.FAILED, Outcome.ERROR})


class Progress(Protocol):
    """Who watches a run."""

    def started(self, name: str) -> None:
        """A call begins."""
        ...

    def finished(self, result: CallResult) -> None:
        """A call is over."""
        ...


class Calls:
    """The results of a run as they come; `interrupted` when it was stopped from outside."""

    def __init__(
        self,
        options: RunOptions,
        progress: Progress,
        limit_s: float | None = None,
        groups: Sequence[Group] = (),
    ) -> None:
        self._options = options
        self._ends_s = None if limit_s is None else time.monotonic() + limit_s
        self._progress = progress
        self._groups = groups
        self._results: dict[int, CallResult] = {}
        self._earlier: dict[int, CallResult] = {}  # attempts of cases that are called again
        self.interrupted = False

    @property
    def results(self) -> tuple[CallResult, ...]:
        """What came out, in the order of the files."""
        return tuple(self._results[number] for number in sorted(self._results))

    @property
    def groups(self) -> tuple[GroupResult, ...]:
        """What the groups of repeated runs come to."""
        return tuple(group.result(self._results) for group in self._groups)

    @property
    def enough(self) -> bool:
        """Whether no further call is to be made."""
        return self.interrupted or bool(self._why_enough())

    def _why_enough(self) -> str:
        if self._options.fail_fast and self._something_failed():
            return "a call before it failed, and the run was to stop then"
        if self._ends_s is not None and time.monotonic() > self._ends_s:
            return "the run had reached its limit (limits: run:)"
        return "the run was interrupted" if self.interrupted else ""

    def _something_failed(self) -> bool:
        """Whether the run fails for certain: one of several runs that count together may fail."""
        bad = BAD | {Outcome.FLAKY} if self._options.fail_on_flaky else BAD
        if any(result.outcome in bad and not result.group for result in self._results.values()):
            return True
        broke = any(result.outcome is Outcome.ERROR for result in self._results.values())
        return broke or any(group.is_lost(self._results) for group in self._groups)

    def skip_the_rest(self, cases: Sequence[Case]) -> None:
        """Give every case that has no result one: that of its last attempt, else one that says why."""
        why = self._why_enough()
        for case in cases:
            if not self.has(case.number):
                earlier = self._earlier.get(case.number)
                self._results[case.number] = skipped(case, why) if earlier is None else earlier

    def has(self, number: int) -> bool:
        """Whether the result of a case is there."""
        return number in self._results

    def next_attempt(self, case: Case) -> Case:
        """The call that is to be made next for a case."""
        earlier = self._earlier.get(case.number)
        return attempt_of(case, 1 if earlier is None else len(earlier.attempts) + 2)

    def begin(self, case: Case) -> None:
        """Note that a call begins."""
        name = case.plan.name
        self._progress.started(name if case.mask is None else case.mask(name))

    def add(self, case: Case, result: CallResult) -> None:
        """Take one result; the case has no result yet where it is to be called again."""
        result = with_earlier(result, self._earlier.get(case.number))
        if wants_another(case, result) and not self.interrupted:
            self._earlier[case.number] = result
            return
        self._results[case.number] = light(result)
        self._progress.finished(result)

    def stopped(self, case: Case, interrupted: Interrupted) -> None:
        """Take the result of the call during which the run was stopped."""
        self.interrupted = True
        self.add(case, interrupted.result)


def light(result: CallResult) -> CallResult:
    """A result as it is kept: nobody looks at the sound of each of a hundred runs that held."""
    if not result.group or result.outcome is not Outcome.PASSED:
        return result
    return replace(result, caller_wave=None, agent_wave=None)


def skipped(case: Case, why: str) -> CallResult:
    """The result of a call that was not made."""
    plan = case.plan
    result = CallResult(
        name=plan.name,
        file=plan.file,
        line=plan.span.line if plan.span else 1,
        target=plan.target,
        protocol=plan.protocol,
        clock=case.clock,
        outcome=Outcome.SKIPPED,
        findings=(Finding("skipped", Status.NOTE, f"It was not called: {why}.", span=plan.span),),
        tags=plan.scenario.tags,
        description=plan.scenario.description,
        row=dict(case.row),
        group=case.group,
    )
    return result if case.mask is None else masked_throughout(result, case.mask)
