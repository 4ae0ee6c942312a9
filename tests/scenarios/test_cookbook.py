"""The cookbook holds, all of it in one command, on the virtual clock."""

from __future__ import annotations

import json
from pathlib import Path

from support_docs import REPOSITORY, Block, steps
from support_projects import turnspec_here

COOKBOOK = REPOSITORY / "scenarios" / "cookbook"
PAGE = REPOSITORY / "docs" / "how-to" / "cookbook.md"


def scenarios() -> dict[str, str]:
    """Every scenario of the cookbook, by its path from the example project."""
    files = {path: path.read_text("utf-8") for path in sorted(COOKBOOK.glob("*.yaml"))}
    return {f"cookbook/{path.name}": text for path, text in files.items() if text.startswith("scenario:")}


def test_the_cookbook_holds(tmp_path: Path) -> None:
    """One command runs every recipe; all of them hold, in virtual time."""
    ran = turnspec_here(tmp_path, "run", str(COOKBOOK), "-o", str(tmp_path / "out"))
    calls = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["calls"]

    assert ran.code == 0, ran.told
    assert {call["file"] for call in calls} == set(scenarios())
    assert {call["clock"] for call in calls} == {"virtual"}
    assert {call["outcome"] for call in calls} == {"passed"}


def test_every_recipe_is_on_the_page() -> None:
    """The page shows every recipe as it is, all of it."""
    shown = {
        step.options["title"].removeprefix("scenarios/"): step.text
        for step in steps(PAGE)
        if isinstance(step, Block) and step.options.get("title", "").removeprefix("scenarios/") in scenarios()
    }

    assert shown == scenarios()
