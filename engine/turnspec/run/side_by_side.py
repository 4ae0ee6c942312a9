"""Wall-clock calls, side by side on one loop."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from turnspec.run.calling import Interrupted, call_wall
from turnspec.run.case import Case
from turnspec.run.instances import Targets
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.options import RunOptions
from turnspec.run.person import with_person
from turnspec.run.progress import Calls
from turnspec.run.voices.child import end_all
from turnspec.run.wheel import PacingWheel

APART_S = 0.04  # between the beginnings of two wall-clock calls
SWITCH_S = 0.0005
# After so many new objects, again after so many such lots, and among everything after so many of those: two
# thousand objects are looked through in 0.1 ms, all that two hundred calls keep in 0.1 s.
GARBAGE_LOOKED_FOR = (2_000, 5, 1_000)


def side_by_side(cases: Sequence[Case], options: RunOptions, calls: Calls) -> None:
    """Make these calls at the same time, as many as there is room for."""
    try:
        for intents in {id(case.intents): case.intents for case in cases}.values():
            intents.prepare()  # a model that is loaded in the middle of a call holds up all of them
        with punctually():
            run_on(WallLoop, _all_wall(cases, options, calls))
    except (KeyboardInterrupt, SystemExit):  # an application under test may want to exit, too
        calls.interrupted = True
        end_all()


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
    places = max(options.at_once, *(case.target.instances for case in cases))
    room = _Room(1 if any(with_person(case.plan, case.devices) for case in cases) else places)
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
        while not (calls.has(case.number) or calls.enough):
            attempt = calls.next_attempt(case)
            calls.begin(attempt)
            try:
                calls.add(case, await call_wall(attempt, output, wheel, targets))
            except Interrupted as stopped:
                calls.stopped(case, stopped)
                raise asyncio.CancelledError from stopped
