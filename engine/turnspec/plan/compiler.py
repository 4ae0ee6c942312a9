"""The compiler: a scenario and a setting to the plan of a call, or all that stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from turnspec.call import ReplyEnd
from turnspec.dsl.models import Absent, Duration, Expect, HangUp, Matcher, Place, Scenario, Turn
from turnspec.dsl.problems import Problem, problem_at
from turnspec.plan import graph
from turnspec.plan.actions import ActionSteps
from turnspec.plan.answers import answer_problems
from turnspec.plan.conditions import unbound_names, why_skipped
from turnspec.plan.limits import call_limits, turn_limits
from turnspec.plan.model import CallPlan, TurnPlan, Utterance
from turnspec.plan.refusals import refusals
from turnspec.plan.setting import DEFAULT_CALL_LIMIT_US, Setting

WATCH_US = 500_000  # watched after the last reply, for what must not happen
SILENCES = frozenset({"silent", "nothing", "refused"})  # expectations that take no reply
WORDS = frozenset({"says", "intent"})  # expectations that only a reply in words can meet
REFUSED_WITHIN_US = 2_000_000  # a line that is closed so soon, before a word was said, was refused


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan, or the problems that stand in its way; `warnings` stand in nobody's."""

    plan: CallPlan | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def compile_call(scenario: Scenario, setting: Setting) -> Compiled:
    """Compile `scenario` for one call in `setting`, refusing what the setting cannot do."""
    variables = {**setting.variables, **scenario.variables}
    turns = tuple(_turn_plans(scenario, setting))
    active = tuple(turn for turn in turns if not turn.skipped)
    steps = ActionSteps(setting, variables)
    made = _steps(active, scenario, setting, steps)
    functions = {**setting.agent_functions, **scenario.functions}
    answers = answer_problems(functions, variables)
    unbound = unbound_names(turns, variables)
    problems = tuple(dict.fromkeys((*refusals(setting, active), *steps.problems, *answers, *unbound)))
    if problems:
        return Compiled(None, problems)
    plan = _plan(scenario, setting, turns, variables, made, tuple(steps.utterances))
    return Compiled(plan, warnings=tuple(dict.fromkeys(_endless_gaps(plan, scenario))))


def _endless_gaps(plan: CallPlan, scenario: Scenario) -> Iterator[Problem]:
    """Budgets of a silence that would end the reply before it could exceed them."""
    if plan.capabilities.reply_end is not ReplyEnd.SILENCE:
        return
    ends = {step.turn: step.ends_after_us for step in plan.graph.steps if isinstance(step, graph.Listen)}
    for turn in plan.turns:
        limit, ends_after_us = turn.limits.get("gap"), ends.get(turn.index)
        if limit is None or ends_after_us is None or limit.us <= ends_after_us:
            continue
        message = (
            f"after {Duration(ends_after_us)} of silence a reply is over here, "
            f"so a gap of more than {Duration(limit.us)} is rarely seen"
        )
        hint = f"write a smaller budget, or reply_ends_after: {Duration(limit.us + 200_000)}"
        problem = problem_at(_place_of_gap(turn.turn, scenario), "gap-ends-reply", message, hint=hint)
        yield replace(problem, warning=True)


def _place_of_gap(turn: Turn, scenario: Scenario) -> Place:
    """Where the limit is written, as far as that is in the scenario."""
    written = next((budgets for budgets in (turn.budget, scenario.budgets) if budgets.gap is not None), None)
    return scenario.place.child("target") if written is None else written.place.child("gap")


def _plan(
    scenario: Scenario,
    setting: Setting,
    turns: tuple[TurnPlan, ...],
    variables: dict[str, Any],
    made: graph.StepGraph,
    utterances: tuple[Utterance, ...],
) -> CallPlan:
    limit = scenario.limits.call or setting.call_limit
    active = [turn.turn for turn in turns if not turn.skipped]
    return CallPlan(
        name=f"{scenario.name} [{', '.join(setting.labels)}]" if setting.labels else scenario.name,
        scenario=scenario,
        file=scenario.path,
        target=setting.target,
        protocol=setting.protocol,
        kind=setting.kind,
        capabilities=setting.capabilities,
        graph=made,
        turns=turns,
        utterances=utterances,
        identity=setting.identity,
        words=setting.words,
        calls=setting.calls,
        limits=call_limits(active, scenario, setting),
        variables=variables,
        functions={**setting.agent_functions, **scenario.functions},
        call_limit_us=limit.us if limit else DEFAULT_CALL_LIMIT_US,
        watch_us=_watch_us(active, scenario, setting),
        span=scenario.span_of("scenario"),
    )


# --- turns -------------------------------------------------------------------------------------


def _turn_plans(scenario: Scenario, setting: Setting) -> list[TurnPlan]:
    plans: list[TurnPlan] = []
    after: TurnPlan | None = None  # the turn that is run next; the last one is looked at first
    for index, (title, turn) in reversed(
        list(enumerate(zip(scenario.titles(), scenario.plain_turns(), strict=True)))
    ):
        if why := why_skipped(turn, setting):
            plans.append(TurnPlan(index, title, turn, takes_reply=False, span=turn.span, skipped=why))
            continue
        after = _turn_plan(index, title, turn, after, scenario, setting)
        plans.append(after)
    return plans[::-1]


def _turn_plan(
    index: int, title: str, turn: Turn, after: TurnPlan | None, scenario: Scenario, setting: Setting
) -> TurnPlan:
    return TurnPlan(
        index=index,
        name=title,
        turn=turn,
        takes_reply=_takes_reply(turn, after.turn if after else None),
        interrupts=bool(turn.caller) and getattr(turn.caller[0], "interrupt", None) is not None,
        interrupted=after is not None and after.interrupts,
        limits=turn_limits(turn, scenario, setting),
        patience_us=_patience_us(turn, scenario),
        span=turn.span,
    )


def _takes_reply(turn: Turn, following: Turn | None) -> bool:
    if turn.caller and isinstance(turn.caller[-1], HangUp):
        return False
    if turn.expect is None:
        # A listening turn takes the reply to what was said before it.
        return not (turn.caller and following is not None and not following.caller)
    asked = turn.expect.model_fields_set - {"check"}  # which goes with either
    return not asked or not asked <= SILENCES


def _patience_us(turn: Turn, scenario: Scenario) -> int:
    patience = turn.patience or scenario.patience
    expect = turn.expect
    if expect is None:
        return patience.us
    written = [expect.silent, expect.nothing] + [call.within for call in (expect.calls.items if expect.calls else ())]
    return max(patience.us, *(duration.us for duration in written if duration is not None), 0)


def _ends_after_us(turn: Turn, scenario: Scenario, setting: Setting) -> int:
    written = turn.reply_ends_after or scenario.reply_ends_after or setting.reply_ends_after
    return written.us if written else setting.capabilities.reply_ends_after_us


# --- steps and edges ---------------------------------------------------------------------------


def _steps(
    turns: tuple[TurnPlan, ...], scenario: Scenario, setting: Setting, actions: ActionSteps
) -> graph.StepGraph:
    active = [turn.turn for turn in turns]
    watch_us = _watch_us(active, scenario, setting)
    steps: list[graph.AnyStep] = [graph.Connect(id="connect", greets=_greets(active, setting))]
    for turn in turns:
        steps += actions.of(turn)
        if turn.takes_reply:
            steps.append(_listen(turn, scenario, setting))
        elif watched_us := _watched_us(turn.turn.expect):
            steps.append(_watch(turn, watched_us))
        elif turn.turn.expect is not None and turn.turn.expect.refused is not None:
            steps.append(_watch(turn, REFUSED_WITHIN_US))
        steps.append(_check(turn, scenario))
    steps += [graph.Watch(id="watch", duration_us=watch_us), graph.End(id="end")]
    return graph.StepGraph(tuple(steps), tuple(_edges(steps)))


def _watch_us(active: Sequence[Turn], scenario: Scenario, setting: Setting) -> int:
    last = active[-1] if active else list(scenario.plain_turns())[-1]
    return _ends_after_us(last, scenario, setting) + WATCH_US


def _greets(active: Sequence[Turn], setting: Setting) -> bool:
    if not setting.capabilities.greets:
        return False
    return not (active and active[0].caller) if setting.greets is None else setting.greets


def _listen(turn: TurnPlan, scenario: Scenario, setting: Setting) -> graph.Listen:
    expect = turn.turn.expect
    return graph.Listen(
        id=f"turn {turn.index + 1} listen",
        turn=turn.index,
        span=turn.span,
        patience_us=turn.patience_us,
        ends_after_us=_ends_after_us(turn.turn, scenario, setting),
        until_heard=turn.interrupted,
        awaits_hangup=bool(expect and (expect.hangup or _done(expect.transfer))),
        acts=_acts_alone(expect),
    )


def _done(matcher: Matcher | None) -> bool:
    return not isinstance(matcher, Absent | None)


def _acts_alone(expect: Expect | None) -> bool:
    """Whether what the agent does, other than to speak, may be all of its reply."""
    if expect is None or expect.model_fields_set & WORDS:
        return False
    return bool(expect.activity) or _done(expect.transfer) or _done(expect.dtmf)


def _watched_us(expect: Expect | None) -> int:
    """How long nothing is to happen; 0 where that is not asked for."""
    written = (expect.silent, expect.nothing) if expect is not None else ()
    return max((duration.us for duration in written if duration is not None), default=0)


def _watch(turn: TurnPlan, duration_us: int) -> graph.Watch:
    return graph.Watch(
        id=f"turn {turn.index + 1} watch", turn=turn.index, span=turn.span, duration_us=duration_us
    )


def _check(turn: TurnPlan, scenario: Scenario) -> graph.Check:
    expect = turn.turn.expect
    names = sorted(expect.model_fields_set) if expect else []
    return graph.Check(
        id=f"turn {turn.index + 1} check",
        turn=turn.index,
        span=turn.span,
        expectations=(*names, *(f"budget {name}" for name in turn.limits)),
        now=scenario.on_failure == "end_call",
    )


def _edges(steps: list[graph.AnyStep]) -> list[graph.Edge]:
    edges: list[graph.Edge] = []
    for step, following in pairwise(steps):
        edges.append(graph.Edge(step.id, following.id))
        edges += _exits(step, steps)
    return edges


def _exits(step: graph.AnyStep, steps: list[graph.AnyStep]) -> list[graph.Edge]:
    """The edges of a step beside the one to the next."""
    check = next((s.id for s in steps if isinstance(s, graph.Check) and s.turn == step.turn), "end")
    match step:
        case graph.Listen():
            return [graph.Edge(step.id, check, graph.Condition.NO_REPLY)]
        case graph.Interrupt():
            return [graph.Edge(step.id, check, graph.Condition.MISSED)]
        case graph.Check():
            ends = [graph.Condition.NO_REPLY, graph.Condition.HUNG_UP]
            ends += [graph.Condition.FAILED] if step.now else []
            return [graph.Edge(step.id, "end", condition) for condition in ends]
        case _:
            return []
