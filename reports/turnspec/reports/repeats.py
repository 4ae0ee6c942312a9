"""What reports say of calls that were made more than once: repeated runs, and attempts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.reports.facts import case_names
from turnspec.reports.text import many
from turnspec.results import CallResult, GroupResult, Outcome, RunResult

MOST_SHOWN: Final = 5  # failing runs of a group that are shown in full


def entries(run: RunResult) -> tuple[CallResult | GroupResult, ...]:
    """Every call, and every group behind the last of its calls."""
    last = {call.group: number for number, call in enumerate(run.calls)}
    behind = {last[group.id]: group for group in run.groups if group.id in last}
    told: list[CallResult | GroupResult] = []
    for number, call in enumerate(run.calls):
        told.append(call)
        if number in behind:
            told.append(behind[number])
    return tuple(told)


def named_calls(run: RunResult) -> Iterator[tuple[str, CallResult]]:
    """Every call, with the name that it has in reports."""
    told = entries(run)
    for entry, name in zip(told, case_names(told), strict=True):
        if isinstance(entry, CallResult):
            yield name, entry


def runs_of(run: RunResult, group: GroupResult) -> tuple[CallResult, ...]:
    """The calls that count in a group."""
    return tuple(call for call in run.calls if call.group == group.id)


def shown_runs(run: RunResult, group: GroupResult) -> tuple[CallResult, ...]:
    """The first few of them that did not hold: the others would say the same again."""
    bad = (Outcome.FAILED, Outcome.ERROR)
    return tuple(call for call in runs_of(run, group) if call.outcome in bad)[:MOST_SHOWN]


def is_tolerated(run: RunResult, call: CallResult) -> bool:
    """Whether a call did not hold, and the group that it counts in does."""
    group = run.group_of(call)
    return call.outcome is Outcome.FAILED and group is not None and group.outcome is not Outcome.FAILED


def percent(millionths: int) -> str:
    """A share as people read it: `90 %`, `86.7 %`."""
    return f"{millionths / 10_000:.1f}".rstrip("0").rstrip(".") + " %"


def rate(group: GroupResult) -> str:
    """How many of the runs held, what that says of all that could be made, and what was wanted."""
    wanted = f"at least {percent(group.wanted_ppm)} wanted"
    if group.runs == group.skipped:
        return f"none of {many(group.runs, 'run', 'runs')} was made; {wanted}"
    if group.rate_ppm is None or group.interval_ppm is None:
        return f"none of {many(group.runs, 'run', 'runs')} could be judged; {wanted}"
    low, high = map(percent, group.interval_ppm)
    held = f"{group.held} of {many(group.judged, 'run', 'runs')} held"
    return f"{held}: {percent(group.rate_ppm)} (95 % interval {low} to {high}), {wanted}{_left_out(group)}"


def _left_out(group: GroupResult) -> str:
    parts = [(group.errors, "could not be judged"), (group.skipped, "not made")]
    return "".join(f"; {count} {what}" for count, what in parts if count)
