"""Which way a call took through its plan, and why it did not come to what it did not come to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from turnspec.call.events import Decided
from turnspec.checks.behaving import agent_hangup
from turnspec.checks.scene import Scene
from turnspec.dsl.models import HangUp
from turnspec.plan.model import TurnPlan

TEARDOWN = "the call was over by then"


class Course:
    """The way of one call, as its record has it: nothing is decided again."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._turns = scene.plan.turns
        self._reached: dict[tuple[int | None, ...], frozenset[int]] = {}

    @cached_property
    def decisions(self) -> tuple[Decided, ...]:
        """Everything that was decided, in order."""
        return tuple(self.scene.view.of(Decided))

    def decided(self, index: int, question: str = "") -> Decided | None:
        """The last decision at a turn, about one question or any."""
        found = [each for each in self.decisions if each.turn == index]
        return next((each for each in reversed(found) if question in ("", each.question)), None)

    def passed_by(self, index: int) -> str:
        """Why a turn that was not begun did not have to be; empty if the call should have come to it."""
        turn = self._turns[index]
        skip = self.decided(index, "condition")
        if skip is not None and skip.outcome == "skip":
            return "; ".join(skip.why.splitlines())
        last = self._last(turn)
        if turn.part == "teardown" and last is None:
            return TEARDOWN
        if last is None:
            return ""
        return (
            self._over_as_wanted(last)
            if index in self._reachable(self._next(last))
            else self._elsewhere(index)
        )

    def _last(self, turn: TurnPlan) -> TurnPlan | None:
        """The last thing that the call came to, in the teardown or before it."""
        reached = {window.index for window in self.scene.windows} | {each.turn for each in self.decisions}
        ends = turn.part == "teardown"
        found = [number for number in reached if (self._turns[number].part == "teardown") is ends]
        return self._turns[max(found)] if found else None

    def _next(self, turn: TurnPlan) -> tuple[int | None, ...]:
        """Where the call could go on from the last thing that it came to."""
        decided = self.decided(turn.index)
        begun = self.scene.window(turn.index) is not None
        if decided is not None and decided.outcome in turn.leads:
            return (turn.leads[decided.outcome],)
        if not begun and turn.takes_place:
            return (turn.index,)
        return tuple(target for outcome, target in turn.leads.items() if outcome != "skip")

    def _reachable(self, targets: tuple[int | None, ...]) -> frozenset[int]:
        known = self._reached.get(targets)
        if known is None:
            known = self._reached[targets] = self._found(targets)
        return known

    def _found(self, targets: tuple[int | None, ...]) -> frozenset[int]:
        found: set[int] = set()
        waiting = [target for target in targets if target is not None]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                leads = self._turns[number].leads.values()
                waiting += [target for target in leads if target is not None]
        return frozenset(found)

    def _elsewhere(self, index: int) -> str:
        return next(self._left_at(index), "the call took another way")

    def _left_at(self, index: int) -> Iterator[str]:
        """Each decision after which a turn could not be reached any more."""
        for each in self.decisions:
            turn = self._turns[each.turn]
            if each.outcome not in turn.leads or index not in self._reachable(tuple(turn.leads.values())):
                continue
            if index not in self._reachable((turn.leads[each.outcome],)):
                yield _told(turn, each)

    def _over_as_wanted(self, turn: TurnPlan) -> str:
        """How the call ended, if its last turn was to end it."""
        window = self.scene.window(turn.index)
        if window is None:
            return ""
        caller = turn.turn.caller
        if caller and isinstance(caller[-1], HangUp) and window.how == "quiet":
            return f'the caller hung up in turn "{turn.name}"'
        if any(expect.hangup for expect in turn.asked) and agent_hangup(self.scene, window) is not None:
            return f'the agent hung up in turn "{turn.name}", as it was to'
        return ""


def _told(turn: TurnPlan, decided: Decided) -> str:
    match decided.question, decided.outcome:
        case "choose", "none":
            return f'no branch of "{turn.name}" was taken'
        case "choose", "otherwise":
            return f'"{turn.name}" went on with `otherwise`'
        case "choose", outcome:
            return f'"{turn.name}" went on with branch {outcome}'
        case "until", _:
            return f'"{turn.name}" held'
        case _:
            return "; ".join(decided.why.splitlines())
