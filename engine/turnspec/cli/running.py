"""`turnspec run`: select, call, report."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from turnspec.cli.progress import progress_for
from turnspec.reports import Written, summary, write_reports
from turnspec.results import CallResult, Outcome, RunResult
from turnspec.run.options import DEFAULT_OUTPUT, RunOptions
from turnspec.run.planning import plan_cases
from turnspec.run.whole import carry_out

INTERNAL_ERROR_EXIT = 3


def run_command(options: Mapping[str, Any]) -> int:
    """Run what was asked for; returns the exit code."""
    if not options["debug"]:
        # Libraries log failures with tracebacks where nobody listens; what matters is in the evidence.
        logging.getLogger().addHandler(logging.NullHandler())
    try:
        return _run(options)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted before anything was called\n")
        return 130
    except Exception as error:  # noqa: BLE001 - the last resort: never a traceback, unless asked for
        if options["debug"]:
            traceback.print_exc()
        else:
            sys.stderr.write(
                f"turnspec itself failed: {type(error).__name__}: {error}\n"
                "  help: run it again with --debug and report what it prints\n"
            )
        return INTERNAL_ERROR_EXIT


def _run(options: Mapping[str, Any]) -> int:
    started = datetime.now(UTC)
    asked = _asked(options)
    planned = plan_cases(asked)
    if planned.why_none and not planned.problems:
        print(planned.why_none, file=sys.stderr)
    with progress_for(len(planned.cases), quiet=options["quiet"]) as progress:
        run = carry_out(planned, asked, progress, started)
    written = _write(run, asked, options)
    told = summary(run, written)
    quiet = options["quiet"] and run.exit_code == 0
    print(run.verdict if quiet else "\n".join(told))
    return run.exit_code


def _asked(options: Mapping[str, Any]) -> RunOptions:
    return RunOptions(
        paths=tuple(options["paths"]) or RunOptions().paths,
        output=options["output"] or DEFAULT_OUTPUT,
        target=options["target"],
        protocol=options["protocol"],
        clock=options["clock"],
        tags=tuple(options["tags"]),
        match=options["match"],
        workers=options["workers"],
        seed=options["seed"],
        fail_fast=options["fail_fast"],
    )


def _write(run: RunResult, asked: RunOptions, options: Mapping[str, Any]) -> Written:
    return write_reports(
        run,
        asked.output,
        _Recordings(asked.output, options["embed"]),
        flavor=options["junit_flavor"],
        junit=options["junit"],
        html=options["html"],
        json=options["json"],
    )


class _Recordings:
    """Makes MP3 of the recordings that the page is to carry, and of no others."""

    def __init__(self, folder: Path, which: str) -> None:
        self._folder = folder
        self._which = which

    def __call__(self, call: CallResult) -> bytes | None:
        """The MP3 of a call's recording, or None where the page links to the file."""
        wanted = self._which == "all" or (self._which == "failures" and call.outcome is not Outcome.PASSED)
        if not wanted or call.recording is None:
            return None
        from turnspec.audio.embedding import mp3_of

        return mp3_of(self._folder / call.recording)
