"""`turnspec report`: the reports of a run once more, from what is on disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from turnspec.cli.embedding import EmbeddedRecordings
from turnspec.cli.writable import unwritable
from turnspec.reports import summary, write_reports
from turnspec.results import USAGE_EXIT
from turnspec.run.manifest import SavedError
from turnspec.run.saved import Saved, read_run

UNWRITTEN_EXIT = 3


def report_command(folder: Path, options: Mapping[str, Any]) -> int:
    """Write the reports of the run in `folder`; 0 once they are written, with `--check-again` as `run`."""
    try:
        saved = read_run(folder, check_again=options["check_again"])
    except SavedError as error:
        print(error, file=sys.stderr)
        return USAGE_EXIT
    for note in saved.notes:
        print(f"note: {note}", file=sys.stderr)
    if refusal := unwritable(options["output"] or folder, [options[name] for name in _REPORTS]):
        print(f"the reports could not be written: {refusal}", file=sys.stderr)
        return USAGE_EXIT
    return _report(saved, folder, options)


_REPORTS = ("junit", "html", "json")


def _report(saved: Saved, folder: Path, options: Mapping[str, Any]) -> int:
    beside = options["output"] or folder
    try:
        written = write_reports(
            saved.run,
            folder,
            EmbeddedRecordings(folder, options["embed"]),
            flavor=options["junit_flavor"],
            junit=options["junit"] or beside / "junit.xml",
            html=options["html"] or beside / "report.html",
            json=options["json"] or beside / "results.json",
        )
    except OSError as error:
        print(f"the reports could not be written: {error}", file=sys.stderr)
        return UNWRITTEN_EXIT
    print(saved.run.verdict if options["quiet"] else "\n".join(summary(saved.run, written)))
    return saved.run.exit_code if options["check_again"] else 0
