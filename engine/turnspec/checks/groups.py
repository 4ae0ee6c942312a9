"""Judging repeated runs as one: the rate at which they held, and the percentiles of their times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from turnspec.checks import shown
from turnspec.checks.budgets import value_of
from turnspec.checks.percentiles import Sample, quantile
from turnspec.dsl.percent import Percent
from turnspec.dsl.repeating import LEAST_SAMPLES
from turnspec.plan.model import Limit
from turnspec.plan.pools import Pool
from turnspec.results import CallResult, Finding, Judged, Measurement, Outcome, State, Status
from turnspec.results.groups import WHOLE_PPM, Distribution, GroupResult

TIMED: Final = frozenset({State.MEASURED, State.CENSORED})
SAYS_SOMETHING: Final = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.FLAKY})
"""Outcomes of runs that tell of the agent."""


def millionths(share: Percent) -> int:
    """A share in millionths."""
    return int(share.of_hundred * WHOLE_PPM / 100)


def distributions(pools: Sequence[Pool], calls: Sequence[CallResult]) -> tuple[Distribution, ...]:
    """What is pooled over the calls that could be judged."""
    judged = [call for call in calls if call.outcome in SAYS_SOMETHING]
    return tuple(_distribution(pool, judged) for pool in pools)


def _distribution(pool: Pool, calls: Sequence[CallResult]) -> Distribution:
    found = [value for call in calls for value in _values(pool, call)]
    samples = [
        Sample(value.value_us, value.error_us, value.state is State.CENSORED)
        for value in found
        if value.state in TIMED and value.value_us is not None
    ]
    expected = sum(_places(pool, call) for call in calls)
    measured = {(id(call), value.turn) for call in calls for value in _timed(pool, call)}
    required = pool.required and expected > 0
    return Distribution(
        name=pool.name,
        where=pool.title,
        values_us=tuple(sorted(sample.value_us for sample in samples)),
        censored=sum(sample.censored for sample in samples),
        missing=expected - len(measured),
        percentiles=tuple(
            _percentile(f"{pool.name} p{each}", each, replace(limit, required=required), samples)
            for each, limit in pool.limits
        ),
    )


def _places(pool: Pool, call: CallResult) -> int:
    """How many samples a call should have given: none of turns that it left out, as branches are."""
    if pool.turns is None:
        return 1
    return sum(turn.index in pool.turns and turn.outcome is not Outcome.SKIPPED for turn in call.turns)


def _values(pool: Pool, call: CallResult) -> Iterator[Measurement]:
    for value in call.measurements if pool.turns is None else call.all_measurements:
        if value.name == pool.name and (pool.turns is None or value.turn in pool.turns):
            yield value


def _timed(pool: Pool, call: CallResult) -> Iterator[Measurement]:
    return (value for value in _values(pool, call) if value.state in TIMED)


def _percentile(name: str, percentile: int, limit: Limit, samples: Sequence[Sample]) -> Measurement:
    least = LEAST_SAMPLES[percentile]
    base = Measurement(
        name=name,
        state=State.NOT_EXERCISED if samples or limit.required else State.NOT_APPLICABLE,
        limit_us=limit.us,
        required=limit.required or bool(samples),
        span=limit.span,
        why=f"{_samples(len(samples))}, and p{percentile} needs {least}"
        if samples
        else "no run gave such a time",
    )
    if len(samples) < least:
        return base
    found = quantile(samples, percentile)
    censored = sum(sample.censored for sample in samples)
    cut = f", of which {censored} at least so long" if censored else ""
    return Measurement(
        name=name,
        state=State.CENSORED if found.censored else State.MEASURED,
        value_us=found.value_us,
        error_us=found.error_us,
        limit_us=limit.us,
        required=True,
        span=limit.span,
        why=f"number {found.rank} of {_samples(len(samples))}{cut}",
    )


def _samples(count: int) -> str:
    return f"{count} sample" if count == 1 else f"{count} samples"


def judged_together(group: GroupResult) -> Iterator[Finding]:
    """What the runs of a group come to: their rate, and every percentile that does not hold."""
    if group.judged:
        yield _rate(group)
    for distribution in group.distributions:
        for value in distribution.percentiles:
            if value.fails:
                yield _too_long(value, distribution)


def _rate(group: GroupResult) -> Finding:
    low, high = group.interval_ppm or (0, WHOLE_PPM)
    told = f"{group.held} of {group.judged} runs held"
    if group.errors:
        told += f"; {group.errors} could not be judged"
    return Finding(
        kind="pass_rate",
        status=Status.PASSED if group.enough_held else Status.FAILED,
        message=f"{told}.",
        expected=f"at least {percent(group.wanted_ppm)}",
        actual=f"{percent(group.rate_ppm or 0)} (95 % interval: {percent(low)} to {percent(high)})",
    )


def _too_long(value: Measurement, distribution: Distribution) -> Finding:
    limit = shown.ms(value.limit_us or 0)
    exceeded = value.judged is Judged.EXCEEDED
    where = f" of {distribution.where}" if distribution.where else ""
    if exceeded:
        message = f"{value.name}{where} is {value_of(value)}; the limit is {limit}."
    else:
        known = "not known" if value.value_us is None else f"{value_of(value)}, and no more is known of it"
        message = f"{value.name}{where} is {known}: {value.why}; its limit is {limit}."
    return Finding(
        kind=distribution.name,
        status=Status.FAILED if exceeded else Status.NOT_EXERCISED,
        message=message,
        expected=f"at most {limit}",
        actual=value_of(value),
        span=value.span,
        details=(value.why,) if exceeded else (),
    )


def percent(millionths_: int) -> str:
    """A share as people read it: `90 %`, `86.7 %`."""
    return f"{millionths_ / 10_000:.1f}".rstrip("0").rstrip(".") + " %"


def outcome_of(group: GroupResult, findings: Sequence[Finding]) -> Outcome:
    """How a group came out: not at all where runs are missing or broke, unless it failed for certain."""
    certain = not group.skipped or hopeless(group)
    if certain and any(_tells_of_the_agent(finding, group) for finding in findings):
        return Outcome.FAILED
    if group.errors:
        return Outcome.ERROR
    return Outcome.SKIPPED if group.skipped else Outcome.PASSED


def _tells_of_the_agent(finding: Finding, group: GroupResult) -> bool:
    """Whether it fails, and not for want of the samples that broken runs have not given."""
    return finding.fails and not (group.errors and finding.status is Status.NOT_EXERCISED)


def hopeless(group: GroupResult) -> bool:
    """Whether too many runs have failed already, were all others to hold."""
    could_hold = group.runs - group.failed - group.errors
    return could_hold * WHOLE_PPM < group.wanted_ppm * (could_hold + group.failed)
