"""A whole run: what was planned is called, and all of it becomes one value."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from turnspec.checks.figures import figures_of_run
from turnspec.dsl.problems import Problem, render_problem
from turnspec.results import CallResult, RunInfo, RunResult, WrongFile
from turnspec.run.case import Case
from turnspec.run.manifest import begin
from turnspec.run.options import RunOptions
from turnspec.run.planning import Planned
from turnspec.run.progress import Progress
from turnspec.run.runner import make_calls
from turnspec.run.transcription import Recognizer
from turnspec.run.unset import unset_variables
from turnspec.run.voices.ready import make_ready

RUN_ID_FORMAT = "%Y%m%dT%H%M%SZ"


class Unwatched:
    """Progress that nobody watches."""

    def started(self, name: str) -> None:
        """Nothing."""

    def finished(self, result: CallResult) -> None:
        """Nothing."""


def carry_out(planned: Planned, options: RunOptions, progress: Progress, started: datetime) -> RunResult:
    """Make every planned call, or none where a file is wrong; `started` is when planning began."""
    problems = planned.problems or unset_variables(planned.cases)
    if problems:
        return RunResult(_info(started, options), wrong_files=_wrong_files(problems))
    if not planned.cases:
        refused = planned.why_none if planned.refused else ""
        return RunResult(_info(started, options), interrupted=planned.interrupted, refused=refused)
    begin(planned, options, _info(started, options))
    try:
        make_ready(planned.cases)
    except KeyboardInterrupt:
        return RunResult(_info(started, options), interrupted=True)
    try:
        calls = make_calls(planned.cases, options, progress, planned.limit_s, planned.groups)
    finally:
        for recognizer in _recognizers(planned.cases):
            recognizer.close()
    return RunResult(
        _info(started, options),
        calls.results,
        interrupted=calls.interrupted,
        groups=calls.groups,
        flaky_fails=options.fail_on_flaky,
        figures=figures_of_run(calls.results),
    )


def _info(started: datetime, options: RunOptions) -> RunInfo:
    return RunInfo(
        run_id=started.strftime(RUN_ID_FORMAT),
        started=started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        host=platform.node(),
        python=platform.python_version(),
        version=version("turnspec"),
        seed=options.seed,
    )


def _wrong_files(problems: Iterable[Problem]) -> tuple[WrongFile, ...]:
    by_file: dict[str, list[str]] = {}
    for problem in problems:
        by_file.setdefault(problem.span.file, []).append(render_problem(problem))
    return tuple(WrongFile(file, tuple(rendered)) for file, rendered in by_file.items())


def _recognizers(cases: Sequence[Case]) -> Iterator[Recognizer]:
    """Who makes out words in these calls, each once."""
    all_of_them = (each for case in cases for each in (case.recognizer, case.agents_recognizer))
    yield from {id(each): each for each in all_of_them if each is not None}.values()
