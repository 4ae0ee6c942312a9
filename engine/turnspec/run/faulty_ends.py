"""Which end of a call has which faults, and what stands against them."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.adapters.base import Adapter
from turnspec.adapters.faults import FaultyEnd, dialect_of, fault_problems
from turnspec.adapters.registry import adapter
from turnspec.dsl.models import AgentScript, Fault, ReplyFault, Scenario, ScenarioFault, TargetSpec
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.references import replies_of
from turnspec.run.platforms import gives_keys
from turnspec.run.sabotage import acts_of, faults_by


def problems_of_faults(
    scenario: Scenario, target: TargetSpec, script: AgentScript | None, found: Adapter
) -> Iterator[Problem]:
    """Everything that stands against the faults of a scenario, and of the script behind its target."""
    turns = sum(1 for turn in scenario.plain_turns() if acts_of(turn))
    tls = (target.url or "").startswith(("wss:", "https:"))
    caller = FaultyEnd("caller", found.name, dialect_of(found), tls, turns)
    by_caller = faults_by("caller", scenario.faults)
    yield from fault_problems(by_caller, caller)
    yield from _without_key(by_caller, target, found)
    by_agent = faults_by("agent", scenario.faults)
    if script is None:
        yield from _without_double(by_agent, target)
        return
    double = found if target.agent is not None else adapter("realtime")
    yield from fault_problems(by_agent, FaultyEnd("agent", double.name, dialect_of(double), turns=turns))
    yield from problems_of_script_faults(script, double.name)


def problems_of_script_faults(script: AgentScript, protocol: str) -> tuple[Problem, ...]:
    """Everything that stands against the faults of a script that is played over a protocol."""
    end = FaultyEnd("agent", protocol, dialect_of(adapter(protocol)))
    return fault_problems(_faults_of(script), end)


def _faults_of(script: AgentScript) -> list[Fault | ReplyFault]:
    return [*script.faults, *(fault for reply, _ in replies_of(script) for fault in reply.faults)]


def _without_key(faults: list[ScenarioFault], target: TargetSpec, found: Adapter) -> Iterator[Problem]:
    if target.auth is not None or gives_keys(target, found):
        return
    for fault in faults:
        if fault.word == "wrong_auth":
            message = f"target '{target.name or 'inline target'}' is shown no key, so none can be wrong"
            hint = "write auth: {bearer: KEY} under the target, or auth_token for Twilio"
            place = fault.place.child("wrong_auth")
            yield problem_at(place, "cannot-do", message, hint=hint, key=True)


def _without_double(faults: list[ScenarioFault], target: TargetSpec) -> Iterator[Problem]:
    for fault in faults:
        message = f"nothing behind target '{target.name or 'inline target'}' is simulated"
        hint = "write by: caller, or give the target a backend: (the model's end then does it)"
        yield problem_at(fault.place.child("by"), "cannot-do", message, hint=hint, key=True)
