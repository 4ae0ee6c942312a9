"""What the caller's end does wrong on purpose in one call, and whose fault what follows is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from turnspec.adapters.faults import ENDS_LINE, CallFaults, told
from turnspec.call.events import (
    ActionDone,
    AgentHungUp,
    CallUp,
    Dialled,
    Event,
    FaultInjected,
    HarnessFailed,
    LineBroke,
    ProtocolFault,
    Side,
)
from turnspec.dsl.models import HangUp, ScenarioFault, Turn
from turnspec.plan.model import CallPlan

WRONG_FRAME: Final = "the caller's frame is wrong"
"""How a local agent begins to tell that the caller's end broke a rule."""


class Sabotage:
    """The faults of the caller's end. `line` are those of the line itself; None: there are none."""

    def __init__(self, plan: CallPlan) -> None:
        faults = faults_by("caller", plan.scenario.faults)
        of_line = [fault for fault in faults if fault.word != "wrong_auth"]
        self.line = CallFaults(of_line) if of_line else None
        self._wrong_key = next((fault for fault in faults if fault.word == "wrong_auth"), None)
        self._acts = [acts_of(turn.turn) for turn in plan.turns]
        self._done: Counter[int] = Counter()
        self._how = ""  # the line was ended

    @property
    def ended(self) -> bool:
        """Whether it ended the line."""
        return self.line is not None and self.line.ended

    def learn(self, event: Event) -> tuple[Event, ...]:
        """Take what happened in the call; what follows from it."""
        if isinstance(event, Dialled) and self._wrong_key is not None:
            word, detail = self._wrong_key.word, told(self._wrong_key)
            return (FaultInjected(at_us=event.at_us, fault=word, detail=detail),)
        if self.line is None:
            return ()
        match event:
            case CallUp():
                self.line.came_up()
            case ActionDone(turn=turn):
                self._done[turn] += 1
                if self._done[turn] == self._acts[turn]:
                    self.line.turn_over(sum(1 for acts in self._acts[: turn + 1] if acts))
            case _:
                pass
        return ()

    def as_ours(self, event: Event) -> Event | None:
        """The event, where it only tells of what we did ourselves in words that say so; or nothing."""
        match event:
            case FaultInjected(side=Side.LINE, fault=fault) if fault in ENDS_LINE:
                self._how = event.detail
                return event
            case HarnessFailed(side=Side.AGENT, reason=reason) if reason.startswith(WRONG_FRAME):
                return ProtocolFault(at_us=event.at_us, side=event.side, rule="caller-frame", detail=reason)
            case LineBroke() | AgentHungUp() if self.ended:
                code = event.code if isinstance(event, LineBroke) else None
                return LineBroke(at_us=event.at_us, reason=f"by us: the caller's end {self._how}", code=code)
            case ProtocolFault(side=Side.LINE, fatal=True) if self.ended:
                return None
            case _:
                return event


def sabotage_of(plan: CallPlan) -> Sabotage | None:
    """What the caller's end does wrong in a call; None: nothing."""
    return Sabotage(plan) if faults_by("caller", plan.scenario.faults) else None


def faults_by(end: str, faults: Iterable[ScenarioFault]) -> list[ScenarioFault]:
    """The faults of one end."""
    return [fault for fault in faults if fault.by == end]


def acts_of(turn: Turn) -> int:
    """How many things the caller does in a turn, but for hanging up."""
    return sum(1 for action in turn.caller if not isinstance(action, HangUp))
