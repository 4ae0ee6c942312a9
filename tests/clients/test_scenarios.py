"""Whole runs for programs: the command line's own, silently."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support_twilio import AUDIO
from turnspec.clients import run_scenarios
from turnspec.results import CallResult, Outcome
from turnspec.results.document import to_document

PROJECT = AUDIO.parent
ROVER = PROJECT / "rover.yaml"


class Watching:
    """Progress that is written down."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, name: str) -> None:
        """Note a beginning."""
        self.told.append(f"started {name}")

    def finished(self, result: CallResult) -> None:
        """Note an end."""
        self.told.append(f"{result.outcome} {result.name}")


def test_it_gives_what_the_command_line_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result is that of `turnspec run` in all but its dates; nothing is printed, no report written."""
    run = run_scenarios(ROVER, output=tmp_path / "program", seed=3)
    command = [sys.executable, "-m", "turnspec", "run", str(ROVER), "--seed", "3", "-q"]
    subprocess.run([*command, "-o", str(tmp_path / "command")], check=True, capture_output=True)
    document = json.loads((tmp_path / "command" / "results.json").read_text())

    ours = json.loads(json.dumps(to_document(run)))
    assert run.outcome is Outcome.PASSED
    assert ours["calls"] == document["calls"]
    assert ours["info"]["seed"] == document["info"]["seed"] == 3
    assert capsys.readouterr() == ("", "")
    assert {path.name for path in (tmp_path / "program").iterdir()} == {"calls", "run.json"}


def test_it_tells_who_watches(tmp_path: Path) -> None:
    """Every call is announced and told of when it is over."""
    watching = Watching()
    run_scenarios([ROVER], output=tmp_path, progress=watching)

    name = "A vague order moves nothing"
    assert watching.told == [f"started {name}", f"passed {name}"]


def test_wrong_files_are_values_too(tmp_path: Path) -> None:
    """Nothing is called; the result names each file with its problems."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("scenario: Wrong\ntarget: nobody\nturns: []\n")
    run = run_scenarios(str(wrong), output=tmp_path / "out")

    assert (run.exit_code, run.calls) == (2, ())
    assert [refused.file for refused in run.wrong_files] == ["wrong.yaml"]
    assert not (tmp_path / "out").exists()


def test_a_selection_that_chooses_nothing(tmp_path: Path) -> None:
    """A run without calls says so, and does not pass."""
    run = run_scenarios(ROVER, output=tmp_path, match="no such case")

    assert (run.exit_code, run.verdict) == (2, "Nothing was called: no scenario was selected.")
