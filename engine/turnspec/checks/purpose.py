"""What went wrong on purpose: told, never blamed on the agent, and missed where it did not happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.call.events import CallRefused, CallUp, Event, FaultInjected, LineBroke, ProtocolFault, Side
from turnspec.checks import shown
from turnspec.checks.scene import Scene
from turnspec.plan.model import TargetKind
from turnspec.results import Finding, Status

ENDS: Final = {"caller": "the caller's end", "agent": "the agent's end"}
SIDES: Final = {Side.LINE: "the caller's end", Side.AGENT: "the local agent", Side.MODEL: "the model's end"}
ENDS_LINE: Final = frozenset({"drop", "close", "half_close"})
BREAKS_RULES: Final = frozenset({"malformed", "duplicate", "reorder", "delay", "lose"})
CLOSING_US: Final = 2_000_000  # so long the closing of a connection may take
DECLINES: Final = frozenset({"refuse", "wrong_auth"})


def injected(scene: Scene) -> Iterator[Finding]:
    """What was done on purpose, each fault of each end once; and what a scenario wanted, but did not get."""
    done: dict[tuple[Side, str], list[FaultInjected]] = {}
    for event in scene.view.of(FaultInjected):
        done.setdefault((event.side, event.fault), []).append(event)
    for (side, fault), events in done.items():
        first, count = events[0], len(events)
        times = "" if count == 1 else f", {count} times in all"
        yield Finding(
            kind="injected",
            status=Status.NOTE,
            message=f"On purpose, {SIDES[side]} {first.detail} ({shown.clock(first.at_us)}{times}).",
            actual=fault,
            turn=scene.owner(first.at_us),
            at_us=first.at_us,
            span=scene.plan.span,
        )
    yield from _missing(scene, {(side is Side.LINE, fault) for side, fault in done})


def _missing(scene: Scene, done: set[tuple[bool, str]]) -> Iterator[Finding]:
    if not any(scene.view.of(CallUp)) and not any(scene.view.of(CallRefused)):
        return  # there was no call in which anything could go wrong
    for fault in scene.plan.scenario.faults:
        if (fault.by == "caller", fault.word) not in done:
            at = "" if fault.at is None else f" ({fault.at})"
            yield Finding(
                kind="injected",
                status=Status.NOT_EXERCISED,
                message=f"The fault `{fault}` of {ENDS[fault.by]}{at} never happened in this call.",
                expected=f"{fault}{at}",
                actual="nothing of it",
                span=fault.span,
            )


def ours(scene: Scene, event: Event) -> FaultInjected | None:
    """The fault that explains an event, where that can be decided: then it is nobody's finding."""
    words, sides = _explained_by(scene, event)
    since_us = event.at_us - CLOSING_US if _is_end(event) else 0
    before = [
        fault
        for fault in scene.view.of(FaultInjected)
        if fault.fault in words and fault.side in sides and since_us <= fault.at_us <= event.at_us
    ]
    return before[-1] if before else None


def _explained_by(scene: Scene, event: Event) -> tuple[frozenset[str], frozenset[Side]]:
    """Which faults of which ends would explain an event."""
    # Of a local agent all that goes wrong behind a fault is ours; a bridge answers for what it makes of one.
    is_local = scene.plan.kind is TargetKind.AGENT
    both = frozenset({Side.LINE, Side.AGENT} if is_local else {Side.LINE})
    match event:
        case CallRefused():
            return DECLINES, both
        case LineBroke():
            return ENDS_LINE, both
        case ProtocolFault() if _is_end(event):
            return ENDS_LINE, both
        case ProtocolFault() if is_local or _is_answer(event):
            return BREAKS_RULES, both
        case _:
            return frozenset(), both


def _is_end(event: Event) -> bool:
    """Whether a rule was broken by the end of a connection, after which another may take the call on."""
    return isinstance(event, ProtocolFault) and event.rule == "closed-without-hangup"


def _is_answer(event: ProtocolFault) -> bool:
    """Whether it is an error that a server reports, in the words of its API, and not a rule of ours."""
    return event.side is Side.MODEL and "_" in event.rule
