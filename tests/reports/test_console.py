"""The last lines of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support_golden import assert_golden
from support_results import INFO, PASSED_RUN, RUNS
from turnspec.reports import Written, summary
from turnspec.results import CallResult, Finding, RunResult, Status

LATE = Finding("late-engine", Status.NOTE, "turnspec itself was late.")


@pytest.mark.parametrize("name", RUNS)
def test_golden(name: str) -> None:
    """Every literal run is told as somebody found right."""
    written = Written(Path("out/junit.xml"), Path("out/report.html"), Path("out/results.json"))

    assert_golden(f"reports/{name}.txt", "\n".join(summary(RUNS[name], written)) + "\n")


def test_no_files_no_lines_about_them() -> None:
    """Where nothing was written, nothing is said of files."""
    assert summary(PASSED_RUN) == ("The conversation held.", "1 conversation, 12 s of calls: 1 passed")


def advised(*findings: Finding) -> CallResult:
    """A call that held, with what was found in its first turn."""
    (call,) = PASSED_RUN.calls
    return replace(call, turns=(replace(call.turns[0], findings=findings), *call.turns[1:]))


def judgement(question: str, actual: str = "no", status: Status = Status.NOTE) -> Finding:
    """What a judge said of a reply."""
    return Finding("judge", status, "Advisory.", question, actual, 0)


def test_advice_against_a_call_is_a_line() -> None:
    """A judgement that fails nothing is easily overlooked; its first sentence is told, and how many more."""
    against = advised(judgement("it is kind", "yes"), judgement("it is\nshort"), judgement("it is calm"))
    told = summary(RunResult(INFO, (against,)))

    assert told[:3] == (
        'NOTE    Opening hours: the judge says no to "it is short", and to 1 more (advisory)',
        "",
        "The conversation held.",
    )


@pytest.mark.parametrize(
    "finding",
    [
        judgement("it is kind", "yes"),
        judgement("it is kind", "unclear"),
        judgement("it is kind", "no", Status.FAILED),
        replace(judgement("no one"), kind="score"),
    ],
)
def test_what_advises_nothing_has_no_line(finding: Finding) -> None:
    """A gate that said no is told as what failed."""
    assert not [line for line in summary(RunResult(INFO, (advised(finding),))) if line.startswith("NOTE")]


def test_much_advice_is_cut() -> None:
    """A hundred lines would hide what failed."""
    against = advised(judgement("it is kind"))
    told = summary(RunResult(INFO, tuple(replace(against, line=line) for line in range(1, 14))))

    assert len([line for line in told if line.startswith("NOTE")]) == 11
    assert "NOTE    and in 3 more calls" in told


def test_a_judge_without_answers_is_told_once() -> None:
    """A wrong key would else never be noticed: nothing fails of it."""
    silent = replace(
        judgement("it is kind", "not judged"), message="Advisory: it could not be judged: no key."
    )
    told = summary(RunResult(INFO, (advised(silent, silent),)))

    assert told[:2] == ("NOTE    Opening hours: Advisory: it could not be judged: no key. (and 1 more)", "")


def test_one_late_call_is_told_of_alone() -> None:
    """Of a single call that the machine was too slow for, the line speaks of one call."""
    (call,) = PASSED_RUN.calls
    late = replace(call, findings=(LATE,), lateness_us=81_000)

    assert summary(RunResult(INFO, (late,)))[0] == (
        f"NOTE    {late.name}: turnspec itself was up to 81 ms late; do not trust the times of that call"
    )


def test_late_engine_is_a_line() -> None:
    """Where the machine was too slow for calls, the latest is named before the verdict."""
    (call,) = PASSED_RUN.calls
    late = replace(call, name="Slow", findings=(LATE,), lateness_us=81_000)
    later = replace(call, name="Slower", findings=(LATE,), lateness_us=120_000)

    assert summary(RunResult(INFO, (call, late, later)))[0] == (
        "NOTE    Slower: turnspec itself was up to 120 ms late, and 1 more call; "
        "do not trust the times of those calls"
    )


def compared(actual: str) -> Finding:
    """Words that are told, and what was heard."""
    return Finding("verify", Status.NOTE, "Advisory: it was not seen.", '"it is deleted"', actual, 0)


def test_words_that_were_heard_otherwise_are_a_line() -> None:
    """A transcript that lies fails nothing by itself: the first is told, and in how many turns more."""
    told = summary(RunResult(INFO, (advised(compared('"it is saved"'), compared("no words")),)))

    assert told[0] == (
        'NOTE    Opening hours: heard was "it is saved", told was "it is deleted", '
        "and in 1 more turn (advisory)"
    )


def test_words_that_could_not_be_compared_are_told_once() -> None:
    """An engine that fails would else never be noticed."""
    told = summary(RunResult(INFO, (advised(compared("not compared"), compared("not compared")),)))

    assert told[:2] == ("NOTE    Opening hours: Advisory: it was not seen. (and 1 more)", "")
