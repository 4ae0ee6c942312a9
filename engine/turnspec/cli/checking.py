"""`turnspec check`, `plan` and `schema`: what needs no call."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from turnspec.dsl.problems import render_problem, render_problems
from turnspec.results import USAGE_EXIT
from turnspec.run.options import RunOptions


def check_command(paths: tuple[Path, ...]) -> int:
    """Print every problem of every file; 2 if there is one."""
    from turnspec.dsl.load import scenario_folders
    from turnspec.run.planning import plan_cases

    planned = plan_cases(RunOptions(paths=paths or scenario_folders(Path())))
    if planned.problems:
        print(render_problems(planned.problems))
        return USAGE_EXIT
    if not planned.cases:
        print(planned.why_none)
        return USAGE_EXIT
    print("".join(f"{render_problem(warning)}\n\n" for warning in planned.warnings), end="")
    count, warned = len(planned.cases), len(planned.warnings)
    told = f"{count} {'case' if count == 1 else 'cases'}, no problems"
    print(f"{told}, {warned} {'warning' if warned == 1 else 'warnings'}" if warned else told)
    return 0


def plan_command(paths: tuple[Path, ...], form: str, options: Mapping[str, Any]) -> int:
    """Print the plans of the selected cases; 2 if a file is wrong."""
    from turnspec.dsl.load import scenario_folders
    from turnspec.plan import as_document, as_mermaid, as_text
    from turnspec.run.planning import plan_cases

    asked = RunOptions(
        paths=paths or scenario_folders(Path()),
        target=options["target"],
        protocol=options["protocol"],
        tags=tuple(options["tags"]),
        match=options["match"],
        seed=options["seed"],
    )
    planned = plan_cases(asked)
    if planned.problems or not planned.cases:
        print(render_problems(planned.problems) if planned.problems else planned.why_none, file=sys.stderr)
        return USAGE_EXIT
    for warning in planned.warnings:
        print(render_problem(warning), file=sys.stderr)
    plans = [case.plan for case in planned.cases]
    if form == "json":
        told = json.dumps([as_document(plan) for plan in plans], indent=2, ensure_ascii=False) + "\n"
    else:
        show = as_mermaid if form == "mermaid" else as_text
        told = "\n".join(show(plan) for plan in plans)
    mask = planned.cases[0].mask or str
    print(mask(told), end="")
    return 0


def schema_command(kind: str) -> int:
    """Print a JSON Schema."""
    from turnspec.dsl import schema

    made = {
        "scenario": schema.scenario_schema,
        "agent": schema.agent_schema,
        "intents": schema.intents_schema,
        "project": schema.project_schema,
    }[kind]()
    print(json.dumps(made, indent=2, ensure_ascii=False))
    return 0
