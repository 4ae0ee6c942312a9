"""What is looked at in every call of a function, expected or not: its arguments, and its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from turnspec.call import Capability
from turnspec.checks import shown
from turnspec.checks.calling import shown_call, value_of
from turnspec.checks.context import Stage
from turnspec.checks.matching import match_value, rendered
from turnspec.checks.schema import broken_rules
from turnspec.dsl import FunctionSpec
from turnspec.dsl.templates import TemplateError, render_value
from turnspec.plan.model import CallPlan, TargetKind
from turnspec.results import Finding, FunctionUse, Status

FAILED = Status.FAILED


def uses(stage: Stage) -> Iterator[Finding]:
    """What is wrong with the calls of the turn, whatever is expected of it."""
    declared = {**stage.scene.plan.functions, **stage.context.functions}
    for use in stage.turn.functions:
        spec = declared.get(use.name)
        yield from _arguments(stage, use, spec)
        yield from _unanswered(stage, use, spec)


def _arguments(stage: Stage, use: FunctionUse, spec: FunctionSpec | None) -> Iterator[Finding]:
    """Arguments keep to what the function declares."""
    broken = tuple(_broken(use, spec.json_schema if spec else {}))
    if broken:
        yield stage.found(
            "arguments",
            FAILED,
            f"{use.name} was called {shown.clock(use.called_us)} with arguments that it does not take: "
            f"{'; '.join(broken)}.",
            expected="arguments as the function declares them",
            actual=shown_call(use),
            span=spec.span if spec else None,
            at_us=use.called_us,
        )


def _broken(use: FunctionUse, schema: dict[str, Any]) -> Iterator[str]:
    given = value_of(use.arguments)
    if isinstance(given, str) and given == use.arguments:
        yield f"{shown.quoted(use.arguments)} is not JSON"
    else:
        yield from broken_rules(given, schema)


def _unanswered(stage: Stage, use: FunctionUse, spec: FunctionSpec | None) -> Iterator[Finding]:
    """Where turnspec runs the functions, there is an answer for each call."""
    if not answers_functions(stage.scene.plan):
        return
    if spec is None:
        why = "neither the scenario nor an agent script declares it"
    elif _has_no_case(spec, value_of(use.arguments), stage.scene.plan):
        why = "no case of what it returns holds for these arguments"
    else:
        return
    yield stage.found(
        "unanswered",
        FAILED,
        f"{use.name} was called {shown.clock(use.called_us)} and given an error back: {why}.",
        expected="a function with an answer",
        actual=shown_call(use),
        span=spec.span if spec else None,
        at_us=use.called_us,
    )


def answers_functions(plan: CallPlan) -> bool:
    """Whether the functions of a call are run here, and not by what is under test."""
    return plan.kind is TargetKind.AGENT or (
        plan.kind is TargetKind.BARE and Capability.FUNCTIONS in plan.capabilities.can
    )


def _has_no_case(spec: FunctionSpec, given: Any, plan: CallPlan) -> bool:
    if not spec.returns:
        return False
    arguments = given if isinstance(given, dict) else {}
    variables = {**plan.variables, "arguments": arguments}
    try:
        return not any(
            case.when is None
            or match_value(given, rendered(case.when, lambda value: render_value(value, variables))).holds
            for case in spec.returns
        )
    except TemplateError:
        return False  # it depends on what only the agent knows
