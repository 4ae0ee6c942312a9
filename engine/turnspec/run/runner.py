"""Making all calls of a run: virtual ones one after another, wall-clock ones side by side."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from turnspec.results import CallResult, Finding, Outcome, Status
from turnspec.run.calling import Interrupted, call_virtual, call_wall
from turnspec.run.case import VIRTUAL, Case
from turnspec.run.instances import Targets
from turnspec.run.interrupts import handled, interrupts_noted, terminated_as_interrupted
from turnspec.run.logs import set_up_logs
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.options import RunOptions
from turnspec.run.wheel import PacingWheel

APART_S = 0.04  # between the beginnings of two wall-clock calls
SWITCH_S = 0.0005
# After so many new objects, again after so many such lots, and among everything after so many of those: two
# thousand objects are looked through in 0.1 ms, all that two hundred calls keep in 0.1 s.
GARBAGE_LOOKED_FOR = (2_000, 5, 1_000)
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

    def __init__(self, options: RunOptions, progress: Progress, limit_s: float | None = None) -> None:
        self._options = options
        self._ends_s = None if limit_s is None else time.monotonic() + limit_s
        self._progress = progress
        self._results: dict[int, CallResult] = {}
        self.interrupted = False

    @property
    def results(self) -> tuple[CallResult, ...]:
        """What came out, in the order of the files."""
        return tuple(self._results[number] for number in sorted(self._results))

    @property
    def enough(self) -> bool:
        """Whether no further call is to be made."""
        return self.interrupted or bool(self._why_enough())

    def _why_enough(self) -> str:
        if self._options.fail_fast and any(result.outcome in BAD for result in self._results.values()):
            return "a call before it failed, and the run was to stop then"
        if self._ends_s is not None and time.monotonic() > self._ends_s:
            return "the run had reached its limit (limits: run:)"
        return "the run was interrupted" if self.interrupted else ""

    def skip_the_rest(self, cases: Sequence[Case]) -> None:
        """Give every case that was not called a result that says why."""
        why = self._why_enough()
        for case in cases:
            if not self.has(case.number):
                self._results[case.number] = _skipped(case, why)

    def has(self, number: int) -> bool:
        """Whether the result of a case is there."""
        return number in self._results

    def begin(self, case: Case) -> None:
        """Note that a call begins."""
        self._progress.started(case.plan.name)

    def add(self, number: int, result: CallResult) -> None:
        """Take one result."""
        self._results[number] = result
        self._progress.finished(result)

    def stopped(self, number: int, interrupted: Interrupted) -> None:
        """Take the result of the call during which the run was stopped."""
        self.interrupted = True
        self.add(number, interrupted.result)


def make_calls(
    cases: Sequence[Case], options: RunOptions, progress: Progress, limit_s: float | None = None
) -> Calls:
    """Make every call; one that breaks stops no other. No call begins later than `limit_s`."""
    calls = Calls(options, progress, limit_s)
    for case in cases:
        if not case.plan.active:
            calls.add(case.number, _skipped(case, "every turn of it is skipped here"))
    virtual = [case for case in cases if case.clock == VIRTUAL and case.plan.active]
    with terminated_as_interrupted():
        if options.workers > 1 and len(virtual) > 1:
            _in_processes(virtual, options, calls)
        else:
            _one_by_one(virtual, options.output, calls)
        wall = [case for case in cases if case.clock != VIRTUAL and case.plan.active]
        if wall and not calls.enough:
            _side_by_side(wall, options, calls)
    calls.skip_the_rest(cases)
    return calls


def _skipped(case: Case, why: str) -> CallResult:
    plan = case.plan
    return CallResult(
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
    )


def _one_by_one(cases: Sequence[Case], output: Path, calls: Calls) -> None:
    with interrupts_noted() as interrupts:
        for case in cases:
            if calls.enough:
                return
            calls.begin(case)
            try:
                calls.add(case.number, call_virtual(case, output, interrupts))
            except Interrupted as stopped:
                calls.stopped(case.number, stopped)
            calls.interrupted = calls.interrupted or interrupts.came


def _in_processes(cases: Sequence[Case], options: RunOptions, calls: Calls) -> None:
    """Share virtual calls out among processes; each reads the files itself and makes the calls it is told."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(options.workers, get_context("spawn"), _ready_worker, (options,)) as pool:
        with handled(
            signal.SIGINT, signal.SIG_IGN
        ):  # the workers inherit that: what stops the run is decided here
            asked = {case.number: pool.submit(_call_in_worker, case.number) for case in cases}
        try:
            _take(cases, asked, calls, until_enough=True)
        except KeyboardInterrupt:
            calls.interrupted = True
        for future in asked.values():
            future.cancel()
        _take(cases, asked, calls, until_enough=False)


def _take(
    cases: Sequence[Case], asked: Mapping[int, Future[CallResult]], calls: Calls, *, until_enough: bool
) -> None:
    """Wait for the results that are not there yet, in the order of the files; what was cancelled has none."""
    for case in cases:
        future = asked[case.number]
        if until_enough and calls.enough:
            return
        if calls.has(case.number) or future.cancelled():
            continue
        try:
            calls.add(case.number, future.result())
        except BrokenExecutor:
            calls.add(case.number, _lost(case))


def _lost(case: Case) -> CallResult:
    reason = "the worker process that made this call, or one beside it, died; try again with --workers 1"
    return replace(_skipped(case, reason), outcome=Outcome.ERROR, error=reason)


_worker_cases: dict[int, Case] = {}
_worker_options: list[RunOptions] = []


def _ready_worker(options: RunOptions) -> None:
    from turnspec.run.planning import plan_cases

    set_up_logs(debug=options.debug)
    _worker_cases.update({case.number: case for case in plan_cases(options).cases})
    _worker_options.append(options)


def _call_in_worker(number: int) -> CallResult:
    return call_virtual(_worker_cases[number], _worker_options[0].output)


def _side_by_side(cases: Sequence[Case], options: RunOptions, calls: Calls) -> None:
    try:
        with punctually():
            run_on(WallLoop, _all_wall(cases, options, calls))
    except (KeyboardInterrupt, SystemExit):  # an application under test may want to exit, too
        calls.interrupted = True


class _Room:
    """Place for so many calls at once; they begin one after the other, not all in one moment.

    Calls of one scenario do the same things at the same time: begun together, they would all answer,
    and all end, in the same few milliseconds, and make one another late.
    """

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._door = asyncio.Lock()
        self._next = 0.0

    async def __aenter__(self) -> None:
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        async with self._door:  # counted from when the last one really began, which loading code delays
            await asyncio.sleep(self._next - loop.time())
            self._next = loop.time() + APART_S

    async def __aexit__(self, *_: object) -> None:
        self._places.release()


@contextmanager
def punctually() -> Iterator[None]:
    """Let nothing hold the loop up while it has frames to send.

    Threads that judge ended calls give way at once, and what was loaded before is not looked through
    for garbage again and again.
    """
    before, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    # A call keeps what it records, fifty events a second, none of which is ever garbage before its end.
    gc.set_threshold(*GARBAGE_LOOKED_FOR)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(before)


async def _all_wall(cases: Sequence[Case], options: RunOptions, calls: Calls) -> None:
    wheel = PacingWheel.of(asyncio.get_running_loop())
    # A target that is started so many times is there to be called so many times at once.
    room = _Room(max(options.at_once, *(case.target.instances for case in cases)))
    targets = Targets(cases)
    try:
        async with asyncio.TaskGroup() as group:
            for case in cases:
                group.create_task(_one_wall(case, options.output, wheel, targets, room, calls))
    finally:
        await targets.stop()


async def _one_wall(
    case: Case,
    output: Path,
    wheel: PacingWheel,
    targets: Targets,
    room: _Room,
    calls: Calls,
) -> None:
    async with room:
        if calls.enough:
            return
        calls.begin(case)
        try:
            calls.add(case.number, await call_wall(case, output, wheel, targets))
        except Interrupted as stopped:
            calls.stopped(case.number, stopped)
            raise asyncio.CancelledError from stopped
