"""The failing copy of the examples."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

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
    scenarios = sorted(path.name for path in PROJECT.glob("*.yaml") if path.name != "turnspec.yaml")

    assert sorted(change.scenario for change in red.CHANGES) == scenarios


def test_changes_fit_the_scripts(red: ModuleType, tmp_path: Path) -> None:
    """Every change finds what it changes, and changes one script only."""
    copy = Path(shutil.copytree(PROJECT, tmp_path / "scenarios"))
    for change in red.CHANGES:
        red.apply(change, copy)

    changed = {
        path.relative_to(copy).as_posix()
        for path in copy.rglob("*.yaml")
        if path.read_text() != (PROJECT / path.relative_to(copy)).read_text()
    }
    assert changed == {change.script for change in red.CHANGES}


def test_change_that_does_not_fit_is_refused(red: ModuleType, tmp_path: Path) -> None:
    """A script that no longer has the words stops everything, naming them."""
    (tmp_path / "agents").mkdir()
    (tmp_path / red.CHANGES[0].script).write_text("agent: Nobody\n")

    with pytest.raises(SystemExit, match="two new messages"):
        red.apply(red.CHANGES[0], tmp_path)
