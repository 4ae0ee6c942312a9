"""`turnspec run`: select, call, report."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from turnspec.cli.embedding import EmbeddedRecordings
from turnspec.cli.progress import progress_for
from turnspec.cli.writable import unwritable
from turnspec.dsl.load import scenario_folders
from turnspec.dsl.problems import render_problem
from turnspec.reports import Written, summary, write_reports
from turnspec.results import INTERRUPTED_EXIT, USAGE_EXIT, RunResult
from turnspec.run.interrupts import interrupts_noted, terminated_as_interrupted
from turnspec.run.logs import set_up_logs
from turnspec.run.options import DEFAULT_OUTPUT, Devices, RunOptions
from turnspec.run.planning import Planned, plan_cases
from turnspec.run.whole import carry_out

INTERNAL_ERROR_EXIT = 3


def run_command(options: Mapping[str, Any]) -> int:
    """Run what was asked for; returns the exit code."""
    set_up_logs(debug=options["debug"])
    try:
        with terminated_as_interrupted():
            return _run(options)
    except KeyboardInterrupt:
        print("interrupted before the reports were written", file=sys.stderr)
        return INTERRUPTED_EXIT
    except Exception as error:  # noqa: BLE001 - the last resort: never a traceback, unless asked for
        if options["debug"]:
            traceback.print_exc()
        print(
            f"turnspec itself failed: {type(error).__name__}: {error}\n"
            "  help: run it again with --debug and report what it prints",
            file=sys.stderr,
        )
        return INTERNAL_ERROR_EXIT


def _run(options: Mapping[str, Any]) -> int:
    started = datetime.now(UTC)
    asked = _asked(options)
    if refusal := unwritable(asked.output, (options["junit"], options["html"], options["json"])):
        print(f"the reports could not be written: {refusal}", file=sys.stderr)
        return USAGE_EXIT
    planned = _planned(asked)
    if planned.why_none and not planned.problems:
        print(planned.why_none, file=sys.stderr)
    for warning in planned.warnings:
        print(render_problem(warning), file=sys.stderr)
    with progress_for(len(planned.cases), quiet=options["quiet"], verbose=options["verbose"]) as progress:
        run = carry_out(planned, asked, progress, started)
    with interrupts_noted():  # the calls are made: to stop now would only lose what they came to
        return _report(run, asked, options)


def _planned(asked: RunOptions) -> Planned:
    try:
        return plan_cases(asked)
    except KeyboardInterrupt:
        return Planned(interrupted=True)


def _report(run: RunResult, asked: RunOptions, options: Mapping[str, Any]) -> int:
    try:
        told, code = summary(run, _write(run, asked, options)), run.exit_code
    except OSError as error:
        print(f"the reports could not be written: {error}", file=sys.stderr)
        told, code = summary(run), max(run.exit_code, INTERNAL_ERROR_EXIT)
    quiet = options["quiet"] and code == 0
    print(run.verdict if quiet else "\n".join(told))
    return code


def _asked(options: Mapping[str, Any]) -> RunOptions:
    return RunOptions(
        paths=tuple(options["paths"]) or scenario_folders(Path()),
        output=options["output"] or DEFAULT_OUTPUT,
        target=options["target"],
        protocol=options["protocol"],
        clock=options["clock"],
        tags=tuple(options["tags"]),
        match=options["match"],
        workers=options["workers"],
        seed=options["seed"],
        fail_fast=options["fail_fast"],
        force=options["force"],
        fail_on_flaky=options["fail_on_flaky"],
        cache=not options["no_cache"],
        devices=Devices(options["listen"], options["microphone"], options["speaker"]),
        speech=options["speech"],
        transcription=options["transcription"],
        voice_activity=options["voice_activity"],
        debug=options["debug"],
    )


def _write(run: RunResult, asked: RunOptions, options: Mapping[str, Any]) -> Written:
    return write_reports(
        run,
        asked.output,
        EmbeddedRecordings(asked.output, options["embed"]),
        flavor=options["junit_flavor"],
        junit=options["junit"],
        html=options["html"],
        json=options["json"],
    )
