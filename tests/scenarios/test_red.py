"""The failing copy of the examples."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture
def red(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`scenarios/red.py`, which is a script."""
    spec = importlib.util.spec_from_file_location("scenarios_red", PROJECT / "red.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_made_red(red: ModuleType) -> None:
    """Each scenario of the examples has exactly one change."""
    written = (*PROJECT.glob("*.yaml"), *PROJECT.glob("cookbook/*.yaml"))
    scenarios = sorted(
        path.relative_to(PROJECT).as_posix() for path in written if "\nturns:" in path.read_text("utf-8")
    )

    assert sorted(change.scenario for change in all_changes(red)) == scenarios


def test_changes_fit_the_scripts(red: ModuleType, tmp_path: Path) -> None:
    """Every change finds what it changes, and changes one script only."""
    copy = Path(shutil.copytree(PROJECT, tmp_path / "scenarios"))
    for change in all_changes(red):
        red.apply(change, copy)

    changed = {
        path.relative_to(copy).as_posix()
        for path in copy.rglob("*.yaml")
        if path.read_text() != (PROJECT / path.relative_to(copy)).read_text()
    }
    assert changed == {change.script for change in all_changes(red)}


def test_change_that_does_not_fit_is_refused(red: ModuleType, tmp_path: Path) -> None:
    """A script that no longer has the words stops everything, naming them."""
    (tmp_path / "agents").mkdir()
    (tmp_path / red.CHANGES[0].script).write_text("agent: Nobody\n")

    with pytest.raises(SystemExit, match="two new messages"):
        red.apply(red.CHANGES[0], tmp_path)


def test_red_examples_fail_for_their_reasons(red: ModuleType, tmp_path: Path) -> None:
    """The script exits with 1, and each call failed in the turn and with the finding that it foretold."""
    command = [sys.executable, str(PROJECT / "red.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=180, check=False)
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    calls = results["calls"]

    assert done.returncode == 1, done.stdout + done.stderr
    assert {call["file"] for call in calls} == {change.scenario for change in all_changes(red)}
    for change in red.CHANGES:
        made = [call for call in calls if call["file"] == change.scenario]
        assert len(made) == (3 if change.scenario == "station.yaml" else 1)  # one over each protocol
        for call in made:
            assert (change.turn, change.finding) in failures(call)
            assert {kind for _, kind in failures(call)} == {change.finding}
    for change in red.COOKBOOK:
        made = [call for call in calls if call["file"] == change.scenario]
        found = set().union(*(failures(call) for call in made), beyond_their_limits(results, change.scenario))
        assert (change.turn, change.finding) in found, f"{change.scenario}: {sorted(found)}"


def all_changes(red: ModuleType) -> tuple[Any, ...]:
    """Those of the examples and of the cookbook."""
    return (*red.CHANGES, *red.COOKBOOK)


def beyond_their_limits(results: dict[str, Any], scenario: str) -> set[tuple[str, str]]:
    """Turn and name of each percentile of a scenario's repeated runs that is too much."""
    return {
        (distribution["where"], percentile["name"])
        for group in results["groups"]
        if group["file"] == scenario
        for distribution in group["distributions"]
        for percentile in distribution["percentiles"]
        if percentile["judged"] == "exceeded"
    }


def failures(call: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the turn and kind of everything in a call that did not hold; a broken budget by its name."""
    return {
        (turn["name"], failed)
        for turn in call["turns"]
        for failed in (
            *(found["kind"] for found in turn["findings"] if found["status"] == "failed"),
            *(measured["name"] for measured in turn["measurements"] if measured["judged"] == "exceeded"),
        )
    }
