"""Somebody may stop reading what is printed: the reports are written all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support_docs import REPOSITORY


def test_a_reader_who_goes_loses_no_report(tmp_path: Path) -> None:
    """As with `turnspec run | head -n 1`: no complaint, the run's own exit code, all reports."""
    scenario = REPOSITORY / "scenarios" / "cookbook" / "account-lookup.yaml"
    command = [sys.executable, "-m", "turnspec", "run", str(scenario), "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.readline()
        ran.stdout.close()
        complaints = ran.stderr.read()

    assert (ran.returncode, complaints) == (0, b"")
    assert {path.name for path in (tmp_path / "out").glob("*.*")} == {
        "report.html",
        "junit.xml",
        "results.json",
        "run.json",
    }
