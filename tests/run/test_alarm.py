"""One alarm of a call, set again and again."""

from __future__ import annotations

import asyncio

from turnspec.run.clock import Alarm, CallClock
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


def test_an_alarm_rings_when_it_was_set_for_last() -> None:
    """Once; not when it was set for before, and not at all once it is off."""

    async def rung() -> list[int]:
        clock = CallClock(asyncio.get_running_loop())
        at_us: list[int] = []
        alarm = Alarm(clock, lambda: at_us.append(clock.now_us()))
        for wanted_us in (10_000, 30_000, 30_000):
            alarm.set(wanted_us)
        await asyncio.sleep(0.05)
        alarm.set(60_000)
        alarm.set(None)
        await asyncio.sleep(0.05)
        alarm.set(30_000)  # as before, and over by now
        await asyncio.sleep(0.05)
        return at_us

    assert run_on(VirtualLoop, rung()) == [30_000, 100_000]
