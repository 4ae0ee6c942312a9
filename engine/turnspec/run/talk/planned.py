"""The one call of a talk: a target as its project describes it, and no turns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from turnspec.call import Capability
from turnspec.dsl.document import parse_document
from turnspec.dsl.load import PROJECT_FILE, Loaded, load, project_of
from turnspec.dsl.models import Place, Scenario
from turnspec.dsl.problems import Problem, render_problems
from turnspec.dsl.reader import read_model
from turnspec.plan import CallPlan, Edge, StepGraph
from turnspec.plan.graph import End, Watch
from turnspec.run.case import WALL, Case
from turnspec.run.options import Devices, RunOptions
from turnspec.run.planning import audio_problem, plan_loaded
from turnspec.run.unset import unset_variables

NAME: Final = "Talk"
LONGEST_US: Final = 1_800_000_000


class CannotTalk(ValueError):  # noqa: N818 # named after the fact
    """What stands against a talk, as people are told it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to talk to, and over what; `folder` is in the project."""

    target: str
    folder: Path
    protocol: str | None = None
    devices: Devices = field(default_factory=Devices)


@dataclass(frozen=True, slots=True)
class Planned:
    """The call, and the project that it is of."""

    case: Case
    loaded: Loaded

    @property
    def over(self) -> str:
        """The option of `turnspec run` for this protocol, where the target is not called over it alone."""
        spoken = self.case.target.protocol or ("realtime",)
        return "" if spoken == (self.case.plan.protocol,) else f" --protocol {self.case.plan.protocol}"


def planned(wanted: Wanted) -> Planned:
    """Read the project and compile the call.

    Raises:
        CannotTalk: There is no project, no such target, or something is wrong with them.
    """
    root, file = project_of([wanted.folder])
    if file is None:
        raise CannotTalk(f"there is no {PROJECT_FILE} in {root} or above, so no target has a name")
    loaded = load([file], check_audio=audio_problem)
    _refuse(loaded.problems)
    scenario = _scenario(root, wanted.target)
    options = RunOptions(
        paths=(file,),
        target=wanted.target,
        protocol=wanted.protocol,
        clock=WALL,
        devices=replace(wanted.devices, listens=True, talks=True),
    )
    found = plan_loaded(replace(loaded, scenarios=(scenario,)), options)
    _refuse(found.problems)
    if found.why_none:
        raise CannotTalk(found.why_none)
    _refuse(tuple(unset_variables(found.cases)))
    case = found.cases[0]
    if not {Capability.AUDIO} <= case.plan.capabilities.can:
        raise CannotTalk(f"target '{wanted.target}' over {case.plan.protocol} carries no audio")
    return Planned(
        replace(case, plan=_open(case.plan, limited=loaded.project.limits.call is not None)), loaded
    )


def _refuse(problems: tuple[Problem, ...]) -> None:
    if problems:
        raise CannotTalk(render_problems(problems))


def _scenario(root: Path, target: str) -> Scenario:
    """A scenario in which the caller only listens: the project tells all else."""
    text = f"scenario: {NAME}\ntarget: {target!r}\nturns: [{{turn: Listen, expect: {{silent: 1 s}}}}]\n"
    document = parse_document(text.encode(), "talk", root)
    made, problems = read_model(Scenario, document.data, Place(document.table), root)
    assert made is not None, render_problems(tuple(problems))
    return made


def _open(plan: CallPlan, *, limited: bool) -> CallPlan:
    """The same call without its turns: the line stays up until somebody ends it."""
    limit_us = plan.call_limit_us if limited else LONGEST_US
    steps = (plan.graph.start, Watch(id="call", duration_us=2 * limit_us), End(id="end"))
    edges = (Edge(plan.graph.start.id, "call"), Edge("call", "end"))
    return replace(plan, graph=StepGraph(steps, edges), limits={}, call_limit_us=limit_us)
