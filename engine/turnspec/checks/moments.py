"""What deserves a mark on a call's time axis."""

from __future__ import annotations

from turnspec.call.events import (
    AgentHungUp,
    CallerHungUp,
    CallerPressed,
    Event,
    FaultInjected,
    FunctionCalled,
    LineBroke,
    PlaybackFlushed,
    ProtocolFault,
)
from turnspec.checks import shown
from turnspec.checks.purpose import SIDES
from turnspec.checks.scene import Scene
from turnspec.results import Moment


def moments(scene: Scene) -> tuple[Moment, ...]:
    """Digits, flushes, function calls, faults of both kinds and the ends of the call, by time."""
    found = []
    told = set[tuple[str, str]]()
    for event in scene.view.events:
        if isinstance(event, FaultInjected):
            # One mark for each: what befalls every message would leave no room for anything else.
            if (event.side, event.detail) not in told:
                found.append(Moment(event.at_us, "injected", f"{SIDES[event.side]} {event.detail}"))
            told.add((event.side, event.detail))
            continue
        if isinstance(event, FunctionCalled) and event.side is not scene.plan.calls:
            continue
        if label := _label(event):
            found.append(Moment(event.at_us, *label))
    return tuple(sorted(found, key=lambda moment: moment.at_us))


def _label(event: Event) -> tuple[str, str] | None:
    match event:
        case CallerPressed():
            return "digit", event.digit
        case PlaybackFlushed():
            return "flush", f"{shown.ms(event.unplayed_us)} of the agent's audio dropped unheard"
        case FunctionCalled():
            return "function", event.name
        case ProtocolFault():
            return "fault", f"{event.rule}: {shown.short(event.detail)}"
        case AgentHungUp():
            return "hang-up", "the agent hung up"
        case CallerHungUp():
            return "hang-up", "the caller hung up"
        case LineBroke():
            return "hang-up", "the line broke"
        case _:
            return None
