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


def check_command(paths: tuple[Path, ...], form: str, options: Mapping[str, Any]) -> int:
    """Print everything that is wrong with every file; 2 if there is something."""
    from turnspec.cli.findings import as_github, as_json, as_told
    from turnspec.dsl.load import scenario_folders
    from turnspec.run.checking import check

    asked = paths or scenario_folders(Path())
    found = check(asked, workers=options["workers"], use_cache=not options["no_cache"])
    show = {"text": as_told, "json": as_json, "github": as_github}[form]
    print(show(found, asked), end="")
    refused = found.problems or not found.scenarios or (options["strict"] and found.warnings)
    return USAGE_EXIT if refused else 0


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
        force=options["force"],
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
