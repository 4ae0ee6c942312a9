"""The compiler: a scenario and a setting to the plan of a call, or all that stands against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from turnspec.call import ReplyEnd
from turnspec.dsl.models import Duration, Place, Scenario, Turn
from turnspec.dsl.problems import Problem, problem_at
from turnspec.plan import graph
from turnspec.plan.actions import ActionSteps
from turnspec.plan.answers import answer_problems
from turnspec.plan.conditions import unbound_names
from turnspec.plan.expand import expand
from turnspec.plan.layout import laid_out
from turnspec.plan.limits import call_limits
from turnspec.plan.model import CallPlan, TurnPlan, Utterance
from turnspec.plan.refusals import refusals
from turnspec.plan.setting import DEFAULT_CALL_LIMIT_US, Setting
from turnspec.plan.steps import step_graph, watch_us
from turnspec.plan.turns import turn_plans
from turnspec.plan.warnings import warnings_of


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan, or the problems that stand in its way; `warnings` stand in nobody's."""

    plan: CallPlan | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def compile_call(scenario: Scenario, setting: Setting) -> Compiled:
    """Compile `scenario` for one call in `setting`, refusing what the setting cannot do."""
    variables = {**setting.variables, **scenario.variables, **setting.row}
    expanded = expand(scenario, setting.fragments)
    if expanded.problems:
        return Compiled(None, expanded.problems)
    placed = laid_out(expanded, setting, variables)
    turns = turn_plans(placed, scenario, setting)
    steps = ActionSteps(setting, variables, {one.index: one.captured_before for one in placed})
    made = step_graph(turns, scenario, setting, steps)
    plan = _plan(scenario, setting, turns, variables, made, tuple(steps.utterances))
    answers = answer_problems(plan.functions, variables)
    unbound = unbound_names(turns, variables)
    problems = tuple(dict.fromkeys((*refusals(setting, plan), *steps.problems, *answers, *unbound)))
    if problems:
        return Compiled(None, problems)
    found = (*_endless_gaps(plan, scenario), *warnings_of(scenario, setting))
    return Compiled(plan, warnings=tuple(dict.fromkeys(found)))


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
    active = [turn for turn in turns if not turn.skipped]
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
        recognises=setting.listens,
        verifies=setting.verifies,
        heard=setting.heard,
        calls=setting.calls,
        limits=call_limits([turn.turn for turn in active], scenario, setting),
        variables=variables,
        functions={**setting.agent_functions, **scenario.functions},
        call_limit_us=limit.us if limit else DEFAULT_CALL_LIMIT_US,
        watch_us=watch_us(active, scenario, setting),
        span=scenario.span_of("scenario"),
    )
