"""A run as it is on disk: its results, or what its evidence comes to where it was killed before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from turnspec.call.evidence import EVENTS_FILE
from turnspec.checks.figures import figures_of_run
from turnspec.results import CallResult, Finding, GroupResult, Outcome, RunInfo, RunResult, Status
from turnspec.results.document import DocumentError, from_document
from turnspec.run.attempts import attempt_of, with_earlier
from turnspec.run.case import Case
from turnspec.run.manifest import Manifest, PlannedCall, SavedError, read_manifest
from turnspec.run.options import RunOptions
from turnspec.run.planning import Planned, plan_cases
from turnspec.run.progress import light
from turnspec.run.saved_call import (
    SavedCall,
    judged,
    lateness_unknown,
    planned_from,
    read_call,
    saved_slugs,
    told,
)
from turnspec.run.transcription.kept import kept_words

RESULTS_FILE: Final = "results.json"


@dataclass(frozen=True, slots=True)
class Saved:
    """A run, and what has to be told about how it was read."""

    run: RunResult
    notes: tuple[str, ...] = ()


def read_run(folder: Path, *, check_again: bool = False) -> Saved:
    """The run that is in an output folder; `check_again` judges every call of it anew, from its evidence.

    Raises:
        SavedError: There is no run, or it is of a newer format, or it cannot be judged again.
    """
    _refuse_others(folder)
    manifest = read_manifest(folder)
    results, note = _results(folder)
    is_of_run = results is not None and (manifest is None or results.info.started == manifest.info.started)
    if results is not None and is_of_run and not check_again:
        return Saved(results, note)
    if manifest is None:
        if check_again:
            raise SavedError(f"{folder} has no run.json, so nothing says by which files its calls are judged")
        return Saved(_by_evidence(folder), (*note, *_why_by_evidence(folder)))
    again = _Again(folder, manifest, results if is_of_run else None)
    if check_again and again.why_not:
        raise SavedError(f"{folder} cannot be judged again: {again.why_not}\n  help: {_NO_WAY}")
    return Saved(again.run(), (*note, *again.notes()))


def _refuse_others(folder: Path) -> None:
    if not folder.is_dir():
        raise SavedError(f"{folder} {'is a file' if folder.exists() else 'does not exist'}: {_NAME_IT}")
    if (folder / EVENTS_FILE).is_file():
        above = folder.resolve().parent.parent
        raise SavedError(f"{folder} is the folder of one call: name that of its run, {above}")


_NO_WAY: Final = "calls are judged by what they were made from; restore it, or run them again"
_NAME_IT: Final = "name the output folder of a run (`turnspec run -o`), such as turnspec-report"


def _results(folder: Path) -> tuple[RunResult | None, tuple[str, ...]]:
    path = folder / RESULTS_FILE
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None, ()
    except (ValueError, RecursionError):
        return None, (f"{path} is cut off or damaged; the evidence of the calls counts instead",)
    except OSError as error:
        raise SavedError(f"{path} cannot be read ({error.strerror})") from error
    try:
        return from_document(document), ()
    except DocumentError as error:
        raise SavedError(f"{path}: {error}") from error


def _why_by_evidence(folder: Path) -> Iterator[str]:
    yield f"{folder} has neither results nor run.json: its calls are shown by their evidence, unjudged"


def _by_evidence(folder: Path) -> RunResult:
    """The calls of a folder of which nothing else is known."""
    calls = tuple(_shown(folder, slug) for slug in saved_slugs(folder))
    if not calls:
        raise SavedError(f"there is no run in {folder}: {_NAME_IT}")
    return RunResult(_info(folder, RunInfo("", "", "")), calls, interrupted=True)


def _shown(folder: Path, slug: str) -> CallResult:
    try:
        call = read_call(folder, slug)
    except SavedError as error:
        return _unreadable(planned_from(slug, {}), str(error))
    assert call is not None, "its record was there a moment ago"
    return told(planned_from(slug, call.header), call, "Nothing says by which files it is judged.")


def _info(folder: Path, info: RunInfo) -> RunInfo:
    """When a run that was killed was seen alive last."""
    last = max((path.stat().st_mtime for path in folder.glob("calls/*/*")), default=0.0)
    finished = datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds")
    return replace(info, finished=finished, version=info.version or version("turnspec"))


class _Again:
    """The calls of a run, judged by the files that it was planned from, if they are what they were."""

    def __init__(self, folder: Path, manifest: Manifest, results: RunResult | None) -> None:
        self._folder = folder
        self._manifest = manifest
        self._results = results
        self._root = (folder / manifest.project).resolve()
        self._planned = Planned()
        self.why_not = self._changed()
        if not self.why_not:
            self.why_not = self._plan()
        self._cases = {case.slug: case for case in self._planned.cases}

    def _changed(self) -> str:
        names = {name for call in self._manifest.calls for name in self._manifest.changed(self._root, call)}
        if not names:
            return ""
        listed = ", ".join(sorted(names)[:5]) + (" and others" if len(names) > 5 else "")
        return f"files have changed since, or are gone: {listed}"

    def _plan(self) -> str:
        """Plan the calls once more; why that cannot be done, if it cannot."""
        asked = self._manifest.asked
        options = RunOptions(
            paths=tuple(self._root / path for path in asked["paths"]),
            output=self._folder,
            target=asked["target"],
            protocol=asked["protocol"],
            clock=asked["clock"],
            tags=tuple(asked["tags"]),
            match=asked["match"],
            seed=asked["seed"],
            force=asked["force"],
            again=True,
            speech=asked["speech"],
            transcription=asked["transcription"],
            transcriber=kept_words(self._folder),
            voice_activity=asked["voice_activity"],
        )
        self._planned = plan_cases(options)
        if self._planned.problems or self._planned.why_none:
            wrong = [*(problem.message for problem in self._planned.problems), self._planned.why_none]
            return f"the files cannot be planned here: {wrong[0].splitlines()[0]}"
        slugs = {case.slug for case in self._planned.cases}
        missing = [call.name for call in self._manifest.calls if call.slug not in slugs]
        return f"the files do not lead to the same calls: '{missing[0]}' is missing" if missing else ""

    def notes(self) -> Iterator[str]:
        """What has to be told."""
        if self._results is None:
            yield "this run was cut off before its reports were written: they are made from its evidence"
            if self.why_not:
                yield f"its calls are shown unjudged: {self.why_not}"

    def run(self) -> RunResult:
        """The whole of it."""
        made = {number: self._call(planned) for number, planned in enumerate(self._manifest.calls)}
        results = tuple(made.values())
        if self._results is not None:
            run = replace(self._results, calls=results)
        else:
            run = RunResult(_info(self._folder, self._manifest.info), results, interrupted=True)
        return replace(run, groups=self._groups(made), figures=figures_of_run(results))

    def _groups(self, made: Mapping[int, CallResult]) -> tuple[GroupResult, ...]:
        return tuple(group.result(made) for group in self._planned.groups)

    def _call(self, planned: PlannedCall) -> CallResult:
        before = self._before(planned)
        try:
            saved = [call for slug in planned.slugs if (call := read_call(self._folder, slug)) is not None]
        except SavedError as error:
            return _unreadable(planned, str(error))
        if not saved:
            return before or _never_called(planned)
        if self.why_not:
            return told(planned, saved[-1], f"It cannot be judged now: {self.why_not}.")
        case = self._cases[planned.slug]
        attempts = [self._judged(case, planned.slugs.index(each.slug) + 1, each, before) for each in saved]
        return light(reduce(lambda earlier, result: with_earlier(result, earlier), attempts))

    def _judged(self, case: Case, number: int, call: SavedCall, before: CallResult | None) -> CallResult:
        lateness_us = before.lateness_us if before is not None else lateness_unknown(case.clock)
        result = judged(attempt_of(case, number), call, lateness_us)
        return replace(result, process_output=before.process_output) if before is not None else result

    def _before(self, planned: PlannedCall) -> CallResult | None:
        """What the run itself had found."""
        calls = self._results.calls if self._results is not None else ()
        folders = {f"calls/{slug}" for slug in planned.slugs}
        found = (call for call in calls if call.folder in folders or call.name == planned.name)
        return next(found, None)


def _never_called(planned: PlannedCall) -> CallResult:
    why = "It was not called: the run was cut off before."
    return _without_evidence(planned, Outcome.SKIPPED, findings=(Finding("skipped", Status.NOTE, why),))


def _unreadable(planned: PlannedCall, why: str) -> CallResult:
    return _without_evidence(
        planned, Outcome.ERROR, error=f"what was kept of this call cannot be read: {why}"
    )


def _without_evidence(planned: PlannedCall, outcome: Outcome, **more: Any) -> CallResult:
    return CallResult(
        name=planned.name,
        file=planned.file,
        line=planned.line,
        target=planned.target,
        protocol=planned.protocol,
        clock=planned.clock,
        outcome=outcome,
        tags=planned.tags,
        description=planned.description,
        row=dict(planned.row),
        **more,
    )
