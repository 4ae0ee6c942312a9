"""The step graph of a plan's turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from turnspec.dsl.models import Absent, Expect, Matcher, Repeat, Scenario
from turnspec.plan import graph
from turnspec.plan.actions import ActionSteps
from turnspec.plan.model import TurnPlan
from turnspec.plan.setting import Setting
from turnspec.plan.turns import ends_after_us

WATCH_US = 500_000  # watched after the last reply, for what must not happen
WORDS = frozenset({"says", "intent", "judge"})  # expectations that only a reply in words can meet
REFUSED_WITHIN_US = 2_000_000  # a line that is closed so soon, before a word was said, was refused


def step_graph(
    turns: tuple[TurnPlan, ...], scenario: Scenario, setting: Setting, actions: ActionSteps
) -> graph.StepGraph:
    """The steps of all turns that are run, and what leads from each to which."""
    active = [turn for turn in turns if not turn.skipped]
    building = _Building(scenario, setting, actions)
    of_turns = {turn.index: building.steps(turn) for turn in active}
    head = graph.Connect(id="connect", greets=_greets(active, setting))
    watch = graph.Watch(id="watch", duration_us=watch_us(active, scenario, setting))
    steps = [head, *(step for made in of_turns.values() for step in made), watch, graph.End(id="end")]
    joining = _Joining(of_turns, turns, scenario.on_failure == "end_call")
    edges = [*joining.from_start(head, active), *joining.edges(), graph.Edge(watch.id, "end")]
    return graph.StepGraph(tuple(steps), tuple(edges))


def watch_us(active: Sequence[TurnPlan], scenario: Scenario, setting: Setting) -> int:
    """How long the line is watched after the last turn."""
    last = active[-1].turn if active else next(scenario.plain_turns(), None)
    ends_us = (
        setting.capabilities.reply_ends_after_us if last is None else ends_after_us(last, scenario, setting)
    )
    return ends_us + WATCH_US


def _greets(active: Sequence[TurnPlan], setting: Setting) -> bool:
    if not setting.capabilities.greets:
        return False
    first = next((turn.turn for turn in active if turn.takes_place), None)
    return not (first and first.caller) if setting.greets is None else setting.greets


@dataclass(frozen=True, slots=True)
class _Building:
    scenario: Scenario
    setting: Setting
    actions: ActionSteps

    def steps(self, turn: TurnPlan) -> list[graph.AnyStep]:
        """The steps of one turn, in order."""
        if turn.role == "until":
            return [_decide(turn, "until")]
        if turn.role == "when":
            return [_decide(turn, "condition")]
        steps: list[graph.AnyStep] = [_decide(turn, "condition")] if turn.is_conditional else []
        steps += self.actions.of(turn)
        steps += self._waiting(turn)
        if turn.role == "choose":
            steps.append(_decide(turn, "choose"))
        return [*steps, self._check(turn)]

    def _waiting(self, turn: TurnPlan) -> Iterator[graph.AnyStep]:
        """How the agent's part is waited for."""
        expects = turn.asked
        if turn.takes_reply:
            yield from self._replies(turn)
        elif turn.backchannels and len(turn.turn.caller) == 1:
            ends_us = ends_after_us(turn.turn, self.scenario, self.setting)
            yield graph.HearOut(
                **_where(turn, "hear out"), ends_after_us=ends_us, until_heard=turn.interrupted
            )
        elif watched := max((_watched_us(expect) for expect in expects), default=0):
            yield _watch(turn, watched)
        elif any(expect.refused is not None for expect in expects):
            yield _watch(turn, REFUSED_WITHIN_US)

    def _replies(self, turn: TurnPlan) -> Iterator[graph.AnyStep]:
        """The reply; where it may be a filler, the one after it, with patience afresh once."""
        listen = self._listen(turn)
        yield listen
        if turn.fillers and not turn.interrupted:
            yield _decide(turn, "filler")
            yield replace(listen, id=_id(turn, "listen again"), afresh=True)
            yield replace(_decide(turn, "filler"), id=_id(turn, "filler again"))
            yield replace(listen, id=_id(turn, "listen on"), onward=True)

    def _listen(self, turn: TurnPlan) -> graph.Listen:
        expects = turn.asked
        replies = [condition.reply for condition in turn.branch_conditions if condition.reply is not None]
        return graph.Listen(
            **_where(turn, "listen"),
            patience_us=turn.patience_us,
            ends_after_us=ends_after_us(turn.turn, self.scenario, self.setting),
            until_heard=turn.interrupted,
            awaits_hangup=any(bool(expect.hangup) or _done(expect.transfer) for expect in expects),
            acts=_acts_alone(expects) or any(_acts_alone((reply,)) for reply in replies),
            awaits=tuple(fact for part in turn.watched for fact in _awaited(part.expect)),
        )

    def _check(self, turn: TurnPlan) -> graph.Check:
        names = sorted({name for expect in turn.asked for name in expect.model_fields_set})
        if turn.role == "choose":
            names = ["choose"]
        return graph.Check(
            **_where(turn, "check"),
            expectations=(*names, *(f"budget {name}" for name in turn.limits)),
            now=self.scenario.on_failure == "end_call",
        )


def _where(turn: TurnPlan, what: str) -> dict[str, Any]:
    return {"id": _id(turn, what), "turn": turn.index, "span": turn.span}


def _id(turn: TurnPlan, what: str) -> str:
    return f"turn {turn.index + 1} {what}"


def _decide(turn: TurnPlan, question: graph.Question) -> graph.Decide:
    return graph.Decide(**_where(turn, "when" if question == "condition" else question), question=question)


def _watch(turn: TurnPlan, duration_us: int) -> graph.Watch:
    return graph.Watch(**_where(turn, "watch"), duration_us=duration_us)


def _done(matcher: Matcher | None) -> bool:
    return not isinstance(matcher, Absent | None)


def _acts_alone(expects: Sequence[Expect]) -> bool:
    """Whether what the agent does, other than to speak, may be all of its reply."""
    if any(expect.model_fields_set & WORDS for expect in expects):
        return False
    return any(expect.activity or _done(expect.transfer) or _done(expect.dtmf) for expect in expects)


def _awaited(expect: Expect) -> Iterator[graph.Fact]:
    """What a part of `together` waits for."""
    for call in expect.calls.items if expect.calls else ():
        fact: graph.Fact = ("call", call.function)
        yield from [fact] * (call.times or 1)
    for activity in expect.activity:
        yield "activity", activity.name
    if _done(expect.transfer):
        yield "transfer", ""
    if _done(expect.dtmf):
        yield "dtmf", ""


def _watched_us(expect: Expect) -> int:
    """How long nothing is to happen; 0 where that is not asked for."""
    written = (expect.silent, expect.nothing)
    return max((duration.us for duration in written if duration is not None), default=0)


@dataclass(frozen=True, slots=True)
class _Joining:
    of_turns: dict[int, list[graph.AnyStep]]
    turns: tuple[TurnPlan, ...]
    ends_on_failure: bool

    def from_start(self, head: graph.AnyStep, active: Sequence[TurnPlan]) -> list[graph.Edge]:
        return [graph.Edge(head.id, self._entry(active[0].index if active else None))]

    def edges(self) -> Iterator[graph.Edge]:
        for index, steps in self.of_turns.items():
            for step, following in pairwise(steps):
                yield from self._within(step, following, steps)
            yield from self._leaving(self.turns[index], steps[-1])

    def _within(
        self, step: graph.AnyStep, following: graph.AnyStep, steps: Sequence[graph.AnyStep]
    ) -> Iterator[graph.Edge]:
        last = steps[-1]
        match step:
            case graph.Decide(question="filler"):
                yield graph.Edge(step.id, following.id, "filler")
                yield graph.Edge(step.id, steps[_last_listening(steps) + 1].id, "reply")
                return
            case graph.Listen(onward=True):
                # Another filler is no reply either.
                yield graph.Edge(step.id, steps[_last_listening(steps) - 1].id)
                yield graph.Edge(step.id, last.id, graph.Condition.NO_REPLY)
                return
            case graph.Decide(question="condition"):
                yield graph.Edge(step.id, following.id, "run")
                yield graph.Edge(step.id, self._entry(self._turn(step).leads.get("skip")), "skip")
                return
            case graph.Listen():
                yield graph.Edge(step.id, following.id)
                yield graph.Edge(step.id, last.id, graph.Condition.NO_REPLY)
            case graph.Interrupt():
                yield graph.Edge(step.id, following.id)
                yield graph.Edge(step.id, last.id, graph.Condition.MISSED)
            case _:
                yield graph.Edge(step.id, following.id)

    def _leaving(self, turn: TurnPlan, last: graph.AnyStep) -> Iterator[graph.Edge]:
        early = self._early(turn)
        for outcome, target in turn.leads.items():
            if outcome == "exhausted" and self.ends_on_failure and _must_hold(turn):
                yield graph.Edge(last.id, early, outcome)
            elif outcome != "skip" or not turn.takes_place:
                yield graph.Edge(last.id, self._entry(target), outcome)
        if isinstance(last, graph.Check):
            yield graph.Edge(last.id, early, graph.Condition.NO_REPLY)
            yield graph.Edge(last.id, "end", graph.Condition.HUNG_UP)
            if last.now:
                yield graph.Edge(last.id, early, graph.Condition.FAILED)

    def _early(self, turn: TurnPlan) -> str:
        """Where a turn leads that ends the call early."""
        teardown = next(
            (each.index for each in self.turns if each.part == "teardown" and not each.skipped), None
        )
        return "end" if turn.part == "teardown" or teardown is None else self._entry(teardown)

    def _entry(self, index: int | None) -> str:
        return "watch" if index is None else self.of_turns[index][0].id

    def _turn(self, step: graph.AnyStep) -> TurnPlan:
        assert step.turn is not None, "only turns are decided about"
        return self.turns[step.turn]


def _last_listening(steps: Sequence[graph.AnyStep]) -> int:
    return max(number for number, step in enumerate(steps) if isinstance(step, graph.Listen))


def _must_hold(turn: TurnPlan) -> bool:
    return isinstance(turn.block, Repeat) and turn.block.repeat.otherwise == "fail"
