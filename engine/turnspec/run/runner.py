"""Making all calls of a run: virtual ones one after another, wall-clock ones side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from turnspec.run.calling import Interrupted, call_virtual
from turnspec.run.case import VIRTUAL, Case
from turnspec.run.groups import Group
from turnspec.run.interrupts import interrupts_noted, terminated_as_interrupted
from turnspec.run.options import RunOptions
from turnspec.run.progress import Calls, Progress, skipped
from turnspec.run.side_by_side import side_by_side


def make_calls(
    cases: Sequence[Case],
    options: RunOptions,
    progress: Progress,
    limit_s: float | None = None,
    groups: Sequence[Group] = (),
) -> Calls:
    """Make every call; one that breaks stops no other. No call begins later than `limit_s`."""
    calls = Calls(options, progress, limit_s, groups)
    for case in cases:
        if not case.plan.active:
            calls.add(case, skipped(case, "every turn of it is skipped here"))
    virtual = [case for case in cases if case.clock == VIRTUAL and case.plan.active]
    with terminated_as_interrupted():
        if options.workers > 1 and len(virtual) > 1:
            from turnspec.run.workers import in_processes

            in_processes(virtual, options, calls)
        else:
            _one_by_one(virtual, options.output, calls)
        wall = [case for case in cases if case.clock != VIRTUAL and case.plan.active]
        if wall and not calls.enough:
            side_by_side(wall, options, calls)
    calls.skip_the_rest(cases)
    return calls


def _one_by_one(cases: Sequence[Case], output: Path, calls: Calls) -> None:
    with interrupts_noted() as interrupts:
        for case in cases:
            while not calls.has(case.number):
                if calls.enough:
                    return
                attempt = calls.next_attempt(case)
                calls.begin(attempt)
                try:
                    calls.add(case, call_virtual(attempt, output, interrupts))
                except Interrupted as stopped:
                    calls.stopped(case, stopped)
                calls.interrupted = calls.interrupted or interrupts.came
