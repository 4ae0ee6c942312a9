"""What the caller did: what replies answer and budgets count from."""

from __future__ import annotations

from dataclasses import dataclass

from turnspec.call import EvidenceView
from turnspec.call.events import CallerPressed, CallerSent, CallerSpoke, CallerTexted, CallerWaited, Event


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that the caller did; budgets count from `end_us`, the end of what was sent of it."""

    turn: int
    start_us: int
    end_us: int
    spoken: bool = False
    interrupts: bool = False
    waited: bool = False  # nothing but silence, on purpose


def caller_acts(view: EvidenceView) -> tuple[Act, ...]:
    """What the caller did, in order; keys pressed one after the other are one act."""
    acts: list[Act] = []
    keys = False
    for event in view.events:
        act = _act(event)
        if act is None:
            continue
        pressed = isinstance(event, CallerPressed)
        if pressed and keys and acts[-1].turn == act.turn:
            acts[-1] = Act(act.turn, acts[-1].start_us, act.end_us)
        else:
            acts.append(act)
        keys = pressed
    return tuple(acts)


def _act(event: Event) -> Act | None:
    match event:
        case CallerSpoke():
            return Act(
                event.turn,
                event.speech_start_us,
                event.speech_end_us,
                spoken=True,
                interrupts=event.interrupts,
            )
        case CallerTexted() | CallerPressed() | CallerSent():
            return Act(event.turn, event.at_us, event.at_us)
        case CallerWaited():
            return Act(event.turn, event.at_us, event.until_us, waited=True)
        case _:
            return None
