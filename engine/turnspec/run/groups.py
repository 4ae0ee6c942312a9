"""Groups of repeated runs: planned beside their cases, judged when the results are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from turnspec.checks.groups import distributions, hopeless, judged_together, millionths, outcome_of
from turnspec.plan.model import CallPlan
from turnspec.plan.pools import Pool
from turnspec.results import CallResult, Finding, GroupResult, Outcome
from turnspec.run.masking import masked_throughout


@dataclass(frozen=True, slots=True)
class Group:
    """The runs of one plan. `numbers` are those of their cases; `id` is the `group` of these."""

    id: str
    name: str
    plan: CallPlan
    clock: str
    numbers: tuple[int, ...]
    pools: tuple[Pool, ...] = ()
    mask: Callable[[str], str] | None = None

    def result(self, results: Mapping[int, CallResult]) -> GroupResult:
        """What the runs that were made come to; those that have no result yet count as not made."""
        calls = [results[number] for number in self.numbers if number in results]
        made = self._counted(calls)
        made = replace(made, distributions=distributions(self.pools, calls))
        findings = tuple(judged_together(made))
        judged = replace(made, findings=self._placed(findings), outcome=outcome_of(made, findings))
        return judged if self.mask is None else masked_throughout(judged, self.mask)

    def is_lost(self, results: Mapping[int, CallResult]) -> bool:
        """Whether the rate cannot be reached any more."""
        return hopeless(self._counted([results[number] for number in self.numbers if number in results]))

    def _counted(self, calls: Iterable[CallResult]) -> GroupResult:
        repeat = self.plan.scenario.repeat_run
        assert repeat is not None, "a group is made of repeated runs"
        outcomes = [call.outcome for call in calls]
        counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
        return GroupResult(
            id=self.id,
            name=self.name,
            file=self.plan.file,
            line=self.plan.span.line if self.plan.span else 1,
            target=self.plan.target,
            protocol=self.plan.protocol,
            clock=self.clock,
            outcome=Outcome.SKIPPED,
            runs=len(self.numbers),
            held=counts[Outcome.PASSED],
            failed=counts[Outcome.FAILED],
            errors=counts[Outcome.ERROR],
            skipped=len(self.numbers) - len(outcomes) + counts[Outcome.SKIPPED],
            wanted_ppm=millionths(repeat.pass_rate),
            tags=self.plan.scenario.tags,
            description=self.plan.scenario.description,
        )

    def _placed(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, each with a place: that of `repeat_run` where it has none of its own."""
        span = self.plan.scenario.span_of("repeat_run")
        return tuple(each if each.span is not None else replace(each, span=span) for each in findings)
