"""`turnspec check`, `plan` and `schema`: what needs no call."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from turnspec.dsl.problems import render_problem, render_problems
from turnspec.results import USAGE_EXIT


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
    from turnspec.run.options import RunOptions
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
    plans = planned.plans
    if form == "json":
        told = json.dumps([as_document(plan) for plan in plans], indent=2, ensure_ascii=False) + "\n"
    else:
        show = as_mermaid if form == "mermaid" else as_text
        told = "\n".join(show(plan) for plan in plans)
    mask = planned.cases[0].mask or str
    print(mask(told), end="")
    return 0


def schema_command(kind: str | None, *, write: bool) -> int:
    """Print a JSON Schema, or put all of them where the comment line of a file looks for them."""
    from turnspec.dsl.schema import KINDS, schema_of

    made = {each: json.dumps(schema_of(each), indent=2, ensure_ascii=False) + "\n" for each in KINDS}
    if not write:
        print(made[kind] if kind else f"name a kind of file: {', '.join(KINDS)}", end="" if kind else "\n")
        return 0 if kind else USAGE_EXIT
    return _written({each: text for each, text in made.items() if kind in (None, each)})


def _written(schemas: Mapping[str, str]) -> int:
    from turnspec.dsl.load import project_of

    root, _ = project_of((Path(),))
    folder = root / ".turnspec"
    try:
        folder.mkdir(exist_ok=True)
        for kind, text in schemas.items():
            (folder / f"{kind}.schema.json").write_text(text, encoding="utf-8")
            print(folder / f"{kind}.schema.json")
    except OSError as error:
        print(f"the schemas could not be written: {error}", file=sys.stderr)
        return USAGE_EXIT
    return 0
