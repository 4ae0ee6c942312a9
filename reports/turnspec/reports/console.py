"""The last lines of a run, as plain text: what did not hold and why, the verdict, where the files are."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.reports.facts import READING_ORDER, case_names, failures, headline, place, sentence
from turnspec.reports.text import first_line, lasting, many, one_line, visible
from turnspec.reports.writing import Written
from turnspec.results import CallResult, Finding, Outcome, RunResult

_TOLD = (Outcome.FAILED, Outcome.ERROR, Outcome.FLAKY)


def summary(run: RunResult, written: Written | None = None) -> tuple[str, ...]:
    """The lines to print when a run is over; the last ones name the files, where any were written."""
    return (*_wrong_files(run), *_calls(run), *_verdict(run), *_files(written))


def _wrong_files(run: RunResult) -> Iterator[str]:
    for wrong in run.wrong_files:
        for problem in wrong.problems:
            yield from visible(problem).splitlines()
            yield ""


def _calls(run: RunResult) -> Iterator[str]:
    for call, name in zip(run.calls, case_names(run.calls), strict=True):
        if call.outcome in _TOLD:
            yield f"{call.outcome.value.upper():<7} {name}  ({call.protocol}, {lasting(call.duration_us)})"
            yield from (f"  {line}" for line in _reasons(call))
            yield ""


def _reasons(call: CallResult) -> Iterator[str]:
    if call.outcome is Outcome.ERROR:
        yield f"{call.file}:{call.line}: {first_line(call.error) or sentence(call)}"
        yield from (f"    {line}" for line in visible(call.error).strip().splitlines()[1:])
    elif not failures(call):
        yield f"{call.file}:{call.line}: {sentence(call)}"
    for finding in failures(call):
        yield from _told(call, finding)


def _told(call: CallResult, finding: Finding) -> Iterator[str]:
    where = place(finding.span) or f"{call.file}:{call.line}"
    yield f"{where}: {headline(finding)}"
    if finding.expected:
        yield f"    expected: {one_line(finding.expected)}"
    if finding.actual:
        yield f"    actual:   {one_line(finding.actual)}"
    yield from (f"    {one_line(detail)}" for detail in finding.details)


def _verdict(run: RunResult) -> Iterator[str]:
    yield run.verdict
    if run.calls:
        counts = ", ".join(
            f"{run.count(outcome)} {outcome.value}" for outcome in READING_ORDER if run.count(outcome)
        )
        heard = lasting(sum(call.duration_us for call in run.calls))
        yield f"{many(len(run.calls), 'conversation', 'conversations')}, {heard} of calls: {counts}"


def _files(written: Written | None) -> Iterator[str]:
    if written is not None:
        yield ""
        yield f"Report   {written.html}"
        yield f"JUnit    {written.junit}"
        yield f"Results  {written.json}"
