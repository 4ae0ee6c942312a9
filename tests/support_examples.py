"""Copies of the example project, run from the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent.parent / "scenarios"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `turnspec run` said: its exit code, what it printed, and its `results.json`."""

    exit_code: int
    printed: str
    document: Mapping[str, Any]

    def call(self, name: str) -> Mapping[str, Any]:
        """The one call of this name."""
        (found,) = [call for call in self.document["calls"] if call["name"] == name]
        return dict(found)

    def failed_kinds(self, name: str) -> set[str]:
        """The kinds of all that failed in a call; a broken budget counts by its name."""
        call = self.call(name)
        parts = [call, *call["turns"]]
        findings = {
            found["kind"] for part in parts for found in part["findings"] if found["status"] == "failed"
        }
        budgets = {
            measured["name"]
            for part in parts
            for measured in part["measurements"]
            if measured["judged"] == "exceeded"
        }
        return findings | budgets


def copied_examples(folder: Path) -> Path:
    """Copy the example project, with all that its calls need."""
    return Path(shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__")))


def run_examples(project: Path, *arguments: str) -> Outcome:
    """Run `turnspec run` in a folder of its own."""
    output = project.parent / f"{project.name}-report"
    command = [sys.executable, "-m", "turnspec", "run", *arguments, "-o", str(output)]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        try:
            printed, _ = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            process.terminate()  # unlike a kill, this lets it stop the bridges that it started
            printed, _ = process.communicate(timeout=60)
            raise AssertionError(f"turnspec did not come to an end; it printed:\n{printed}") from None
    results = output / "results.json"
    document = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {"calls": []}
    return Outcome(process.returncode, printed, document)
