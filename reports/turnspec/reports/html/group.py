"""The card of repeated runs: the rate, a dot for each run, and where the samples of each time lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from turnspec.reports.facts import measured, place, sentence, state_word
from turnspec.reports.repeats import percent, rate
from turnspec.reports.text import length
from turnspec.results import CallResult, Distribution, Finding, GroupResult, Measurement, Outcome, Status

STRIP_WIDTH: Final = 640
BINS: Final = 80
HEIGHT: Final = 44
_BRIEF: Final = 28


@dataclass(frozen=True, slots=True)
class RunDot:
    """One run: what it is called, how it came out, and its card or its folder."""

    title: str
    outcome: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A percentile and its limit along the strip."""

    name: str
    x: float
    limit: float
    fails: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One percentile in words."""

    name: str
    value: str
    limit: str
    state: str
    judged: str
    fails: bool
    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The samples of one time: a bar for each stretch, as high as it has samples."""

    title: str
    counted: str
    bars: tuple[tuple[float, float, float], ...]  # from the left, its width, its height
    marks: tuple[Mark, ...]
    shortest: str
    longest: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """All runs of one scenario, as a row of the table and as a part of the page."""

    id: str
    name: str
    outcome: str
    open: bool
    counts: bool
    sentence: str
    file: str
    target: str
    protocol: str
    duration: str
    description: str
    rate: str
    low: str
    high: str
    wanted: str
    failures: tuple[str, ...]
    runs: tuple[RunDot, ...]
    strips: tuple[Strip, ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def is_group(self) -> bool:
        """It is many calls."""
        return True


def group_view(
    group: GroupResult, calls: Sequence[CallResult], name: str, identity: str, shown: Mapping[str, str]
) -> GroupView:
    """The card of a group; `shown` has the anchors of the runs that have a card of their own."""
    low, high = group.interval_ppm or (0, 0)
    facts = [("Target", group.target), ("Protocol", group.protocol), ("Clock", group.clock)]
    if group.tags:
        facts.append(("Tags", ", ".join(group.tags)))
    return GroupView(
        id=identity,
        name=name,
        outcome=group.outcome.value,
        open=True,
        counts=True,
        sentence=f"{rate(group)}.",
        file=f"{group.file}:{group.line}",
        target=group.target,
        protocol=group.protocol,
        duration=f"{group.runs} runs",
        description=group.description,
        rate=percent(group.rate_ppm) if group.rate_ppm is not None else "",
        low=percent(low),
        high=percent(high),
        wanted=percent(group.wanted_ppm),
        failures=tuple(_failure(finding) for finding in group.findings if finding.fails),
        runs=tuple(_dot(call, shown) for call in calls),
        strips=tuple(_strip(each) for each in group.distributions),
        facts=tuple(facts),
    )


def _failure(finding: Finding) -> str:
    where = place(finding.span)
    word = "" if finding.status is Status.FAILED else f" ({finding.status.value})"
    told = f"{finding.message} Expected {finding.expected}; actual {finding.actual}{word}."
    return f"{where}: {told}" if where else told


def _dot(call: CallResult, shown: Mapping[str, str]) -> RunDot:
    held = call.outcome is Outcome.PASSED
    title = call.name if held else f"{call.name}: {sentence(call)}"
    return RunDot(title, call.outcome.value, shown.get(call.name, ""))


def _strip(distribution: Distribution) -> Strip:
    values = distribution.values_us
    limits = [value.limit_us or 0 for value in distribution.percentiles]
    whole = max([*values, *limits, 1]) * 1.05
    parts = [f"{len(values)} samples" if len(values) != 1 else "1 sample"]
    parts += [f"{distribution.censored} at least so long"] if distribution.censored else []
    parts += [f"{distribution.missing} not measured"] if distribution.missing else []
    return Strip(
        title=f"{distribution.name} of {distribution.where}" if distribution.where else distribution.name,
        counted=", ".join(parts),
        bars=_bars(values, whole),
        marks=tuple(_mark(value, whole) for value in distribution.percentiles if value.value_us is not None),
        shortest=length(values[0]) if values else "",
        longest=length(values[-1]) if values else "",
        rows=tuple(_row(value) for value in distribution.percentiles),
    )


def _bars(values: Sequence[int], whole: float) -> tuple[tuple[float, float, float], ...]:
    counts: dict[int, int] = {}
    for value in values:
        number = min(int(max(value, 0) / whole * BINS), BINS - 1)
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=1)
    width = STRIP_WIDTH / BINS
    return tuple(
        (round(number * width, 1), round(width - 1, 1), round(_BRIEF * count / most, 1))
        for number, count in sorted(counts.items())
    )


def _mark(value: Measurement, whole: float) -> Mark:
    def x(us: int | None) -> float:
        return round(max(us or 0, 0) / whole * STRIP_WIDTH, 1)

    return Mark(value.name.rpartition(" ")[2], x(value.value_us), x(value.limit_us), value.fails)


def _row(value: Measurement) -> Row:
    return Row(
        name=value.name,
        value=measured(value),
        limit=length(value.limit_us or 0),
        state=state_word(value),
        judged=value.judged.value,
        fails=value.fails,
        place=place(value.span),
        why=value.why,
    )
