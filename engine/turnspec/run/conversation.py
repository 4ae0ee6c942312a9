"""One conversation from dialling to the last event, on the running loop."""

from __future__ import annotations

import asyncio
from typing import Any

from turnspec.adapters.base import Adapter, Call, Dial, LineRefused, NothingListens
from turnspec.call.events import (
    AgentHungUp,
    CallEnded,
    CallerHungUp,
    CallRefused,
    Closer,
    Dialled,
    HarnessFailed,
    LineBroke,
)
from turnspec.run.errors import TargetDied
from turnspec.run.live import LiveCall
from turnspec.run.wheel import PacingWheel, Seat

CLOSING_S = 5.0  # how long an agent may take to let the line close
DEATH_S = 0.5  # how long the end of a process may take to be noticed


async def converse(
    live: LiveCall, adapter: Adapter, dial: Dial, wheel: PacingWheel, died: asyncio.Future[TargetDied] | None
) -> Seat | None:
    """Hold the call; its outcome is in the evidence. Returns its seat on the wheel, if it came up.

    `died` is done when the process under test ends before its time; None: there is no process.
    """
    live.happened(Dialled(at_us=live.now_us(), url=dial.url, protocol=adapter.name))
    seat: Seat | None = None
    try:
        call = await adapter.dial(dial)
    except LineRefused as refused:
        live.happened(CallRefused(at_us=live.now_us(), reason=refused.reason, code=refused.code))
    except NothingListens as nothing:
        live.happened(HarnessFailed(at_us=live.now_us(), reason=nothing.reason))
    else:
        seat = await _hold(live, call, wheel, died)
    _end(live)
    return seat


async def _hold(
    live: LiveCall, call: Call, wheel: PacingWheel, died: asyncio.Future[TargetDied] | None
) -> Seat:
    seat = wheel.join(live.tick, live.clock.loop_time(live.started_us), live.ticked)
    # On the wall clock the wheel moves a call onto its grid: frames count from there.
    live.started_us = round((seat.start_time - live.clock.began) * 1_000_000)
    try:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(call.listen(), name="listen to the line")
            live.attach(call)
            await _until_over(live, listening, seat, died)
            seat.leave()
            if live.recording is not None:
                live.recording.keep_all(live.now_us())  # to close the line may take long
            await _closed(call, listening)
    finally:
        seat.leave()
        live.stop()
    return seat


async def _until_over(
    live: LiveCall,
    listening: asyncio.Task[None],
    seat: Seat,
    died: asyncio.Future[TargetDied] | None,
) -> None:
    over = asyncio.ensure_future(live.over.wait())
    failed = live.clock.failed
    moments: list[asyncio.Future[Any]] = [over, listening, failed, seat.ended, *([died] if died else [])]
    await asyncio.wait(moments, return_when=asyncio.FIRST_COMPLETED)
    over.cancel()
    if seat.ended.done():
        seat.ended.result()  # raises what a tick raised
    if failed.done():
        failed.result()  # raises what a timer raised
    if died is not None and any(isinstance(event, LineBroke) for event in live.evidence.events):
        # A process that dies breaks its line first: the news of its end comes a moment later.
        await asyncio.wait([died], timeout=DEATH_S)
    if died is not None and died.done():
        live.happened(HarnessFailed(at_us=live.now_us(), reason=died.result().what))


async def _closed(call: Call, listening: asyncio.Task[None]) -> None:
    """Close the line; an agent that will not let it close is left behind."""
    try:
        async with asyncio.timeout(CLOSING_S):
            await call.hang_up()
            await asyncio.wait({listening})
    except TimeoutError:
        listening.cancel()


def _end(live: LiveCall) -> None:
    live.stop()
    events = live.evidence.events
    by, reason = Closer.ENGINE, "no call"
    for event in events:
        match event:
            case AgentHungUp():
                by, reason = Closer.AGENT, event.reason
            case CallerHungUp():
                by, reason = Closer.CALLER, live.end_reason
            case LineBroke() if live.sabotage is not None and live.sabotage.ended:
                by, reason = Closer.ENGINE, event.reason
            case LineBroke() | CallRefused():
                by, reason = Closer.AGENT, event.reason
            case HarnessFailed():
                by, reason = Closer.ENGINE, event.reason
            case _:
                continue
        break
    live.happened(CallEnded(at_us=live.now_us(), by=by, reason=reason))
