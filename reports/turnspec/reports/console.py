"""The last lines of a run, as plain text: what did not hold and why, the verdict, where the files are."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.reports.facts import (
    READING_ORDER,
    advice_against,
    advice_lacking,
    case_names,
    error_place,
    failures,
    headline,
    heard_otherwise,
    measured,
    place,
    sentence,
    state_word,
)
from turnspec.reports.figures import times_of_run
from turnspec.reports.lateness import too_late
from turnspec.reports.repeats import entries, named_calls, rate, shown_runs
from turnspec.reports.text import first_line, lasting, length, many, one_line, shortened, visible
from turnspec.reports.writing import Written
from turnspec.results import CallResult, Finding, GroupResult, Outcome, RunResult
from turnspec.results.coverage import coverage

MOST_ADVISED = 10
_TOLD = (Outcome.FAILED, Outcome.ERROR, Outcome.FLAKY)


def summary(run: RunResult, written: Written | None = None) -> tuple[str, ...]:
    """The lines to print when a run is over; the last ones name the files, where any were written."""
    return (
        *_wrong_files(run),
        *_calls(run),
        *_advice(run),
        *_lateness(run),
        *_verdict(run),
        *_files(written),
    )


def _wrong_files(run: RunResult) -> Iterator[str]:
    for wrong in run.wrong_files:
        for problem in wrong.problems:
            yield from visible(problem).splitlines()
            yield ""


def _calls(run: RunResult) -> Iterator[str]:
    told = entries(run)
    for entry, name in zip(told, case_names(told), strict=True):
        if isinstance(entry, GroupResult):
            if entry.skipped == entry.runs:  # as of a call that was not made, the verdict counts it
                continue
            runs = many(entry.runs, "run", "runs")
            yield f"{entry.outcome.value.upper():<7} {name}  ({entry.protocol}, {runs})"
            yield from (f"  {line}" for line in _of_group(run, entry))
            yield ""
        elif entry.outcome in _TOLD and run.group_of(entry) is None:
            yield f"{entry.outcome.value.upper():<7} {name}  ({entry.protocol}, {lasting(entry.duration_us)})"
            yield from (f"  {line}" for line in _reasons(entry))
            yield ""


def _of_group(run: RunResult, group: GroupResult) -> Iterator[str]:
    """The rate, every percentile, and the first of the runs that did not hold."""
    yield f"{group.file}:{group.line}: {rate(group)}"
    for distribution in group.distributions:
        where = f" of {one_line(distribution.where)}" if distribution.where else ""
        for value in distribution.percentiles:
            state = f"limit {length(value.limit_us or 0)}, {state_word(value)}"
            yield f"{place(value.span)}: {value.name}{where}: {measured(value)}, {state}"
    for call in shown_runs(run, group):
        yield f"{one_line(call.name)}: {sentence(call)}"
    more = group.failed + group.errors - len(shown_runs(run, group))
    if more > 0:
        yield f"and {many(more, 'more run', 'more runs')}: results.json has them all"


def _reasons(call: CallResult) -> Iterator[str]:
    if call.outcome is Outcome.ERROR:
        yield f"{error_place(call)}: {first_line(call.error) or sentence(call)}"
        yield from (f"    {line}" for line in visible(call.error).strip().splitlines()[1:])
    elif not failures(call):
        yield f"{call.file}:{call.line}: {sentence(call)}"
    for number, attempt in enumerate(call.earlier, start=1):
        yield f"attempt {number}: {sentence(attempt)}"
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


def _advice(run: RunResult) -> Iterator[str]:
    """A line for each call that something advises against, and one if advice was asked for in vain."""
    against = [(name, advice) for name, call in named_calls(run) if (advice := advice_against(call))]
    for name, advice in against[:MOST_ADVISED]:
        more = f", and to {len(advice) - 1} more" if len(advice) > 1 else ""
        yield f'NOTE    {name}: the judge says no to "{shortened(advice[0].expected, 80)}"{more} (advisory)'
    yield from _more(len(against) - MOST_ADVISED)
    otherwise = [(name, words) for name, call in named_calls(run) if (words := heard_otherwise(call))]
    for name, words in otherwise[:MOST_ADVISED]:
        told, heard = (shortened(one_line(text), 80) for text in (words[0].expected, words[0].actual))
        more = f", and in {many(len(words) - 1, 'more turn', 'more turns')}" if len(words) > 1 else ""
        yield f"NOTE    {name}: heard was {heard}, told was {told}{more} (advisory)"
    yield from _more(len(otherwise) - MOST_ADVISED)
    unjudged = [(name, each) for name, call in named_calls(run) for each in advice_lacking(call)]
    for name, finding in unjudged[:1]:
        more = f" (and {len(unjudged) - 1} more)" if len(unjudged) > 1 else ""
        yield f"NOTE    {name}: {one_line(finding.message)}{more}"
    if against or otherwise or unjudged:
        yield ""


def _more(calls: int) -> Iterator[str]:
    if calls > 0:
        yield f"NOTE    and in {many(calls, 'more call', 'more calls')}"


def _lateness(run: RunResult) -> Iterator[str]:
    """One line on the calls for which the machine was too slow."""
    if told := too_late(run):
        yield f"NOTE    {told}"
        yield ""


def _verdict(run: RunResult) -> Iterator[str]:
    yield run.verdict
    if run.calls:
        total = many(len(run.conversations), "conversation", "conversations")
        if len(run.calls) != len(run.conversations):
            total += f" of {many(len(run.calls), 'run', 'runs')}"
        counts = ", ".join(
            f"{run.count(outcome)} {outcome.value}" for outcome in READING_ORDER if run.count(outcome)
        )
        heard = lasting(sum(call.duration_us for call in run.calls))
        yield f"{total}, {heard} of calls: {counts}"
        yield from times_of_run(run)
        yield from _branches(run)


def _branches(run: RunResult) -> Iterator[str]:
    """How many branches of the scenarios some call went through, and which none did."""
    covered = coverage(run)
    branches = sum(len(each.branches) for each in covered)
    missed = [f"{one_line(branch.name)} ({each.file})" for each in covered for branch in each.missed]
    if branches:
        taken = f"{branches - len(missed)} of {many(branches, 'branch', 'branches')} taken"
        yield f"{taken}; none went through: {', '.join(missed)}" if missed else taken


def _files(written: Written | None) -> Iterator[str]:
    if written is not None:
        yield ""
        yield f"Report   {written.html}"
        yield f"JUnit    {written.junit}"
        yield f"Results  {written.json}"
