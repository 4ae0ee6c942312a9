"""What is warned of, word by word; UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from turnspec.dsl.problems import render_problem
from turnspec.run.checking import check

GOLDEN = Path(__file__).parents[1] / "golden" / "warnings"
SCENARIOS = sorted(path.stem for path in GOLDEN.glob("*.yaml") if path.stem != "turnspec")


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_warning_has_its_text(name: str) -> None:
    """Message, place, source line, carets and advice are those of the golden file; nothing is refused."""
    found = check([GOLDEN / f"{name}.yaml"], use_cache=False)
    told = "\n\n".join(map(render_problem, found.warnings)) + "\n"
    expected = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(told, encoding="utf-8")

    assert found.problems == ()
    assert told == expected.read_text(encoding="utf-8")


def test_what_is_used_is_not_warned_of() -> None:
    """Turns that may be left out, branches that differ, and names in conditions are in order."""
    assert check([GOLDEN / "nothing-to-warn-of.yaml"], use_cache=False).warnings == ()
