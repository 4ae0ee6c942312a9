"""A run in one sentence and one number, from the outcomes of its calls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from turnspec.dsl import Span
from turnspec.results import (
    CallResult,
    Finding,
    Measurement,
    Outcome,
    RunInfo,
    RunResult,
    State,
    Status,
    TurnResult,
    WrongFile,
)

INFO = RunInfo("run", "2030-01-01T00:00:00+00:00", "2030-01-01T00:00:01+00:00")
P, F, E, S, FL = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.SKIPPED, Outcome.FLAKY


def run(*outcomes: Outcome, interrupted: bool = False, wrong: int = 0) -> RunResult:
    """A run whose calls came out so."""
    calls = tuple(
        CallResult(f"call {number}", "a.yaml", 1, "desk", "twilio", "virtual", outcome)
        for number, outcome in enumerate(outcomes)
    )
    files = tuple(WrongFile(f"{number}.yaml", ("error",)) for number in range(wrong))
    return RunResult(INFO, calls, files, interrupted=interrupted)


@pytest.mark.parametrize(
    ("result", "code", "verdict"),
    [
        (run(P), 0, "The conversation held."),
        (run(P, P, P), 0, "All 3 conversations held."),
        (run(P, FL), 0, "All 2 conversations held, 1 of them only after a failure."),
        (run(P, S), 0, "The conversation held; 1 was skipped."),
        (run(P, P, S, S), 0, "All 2 conversations held; 2 were skipped."),
        (run(S), 0, "1 conversation was skipped."),
        (run(S, S), 0, "2 conversations were skipped."),
        (run(F), 1, "The conversation did not hold."),
        (run(P, F, P), 1, "1 of 3 conversations did not hold."),
        (run(F, F, S), 1, "2 of 3 conversations did not hold."),
        (run(E), 3, "The conversation could not be judged."),
        (run(P, E), 3, "1 of 2 conversations could not be judged."),
        (run(F, E, P), 3, "1 of 3 conversations did not hold; 1 could not be judged."),
        (run(), 2, "Nothing was called: no scenario was selected."),
        (RunResult(INFO, refused="no such target"), 2, "Nothing was called: an option was refused."),
        (run(wrong=1), 2, "Nothing was called: 1 file is wrong."),
        (run(wrong=3), 2, "Nothing was called: 3 files are wrong."),
        (run(interrupted=True), 130, "Interrupted before anything was called."),
        (run(P, interrupted=True), 130, "Interrupted; of the calls made, the conversation held."),
        (
            run(P, F, interrupted=True),
            130,
            "Interrupted; of the calls made, 1 of 2 conversations did not hold.",
        ),
        (run(F, E, interrupted=True), 130, None),
    ],
)
def test_a_run_in_a_sentence_and_a_number(result: RunResult, code: int, verdict: str | None) -> None:
    """Exit codes together: interrupted before the harness's trouble before the agent's."""
    assert result.exit_code == code
    assert verdict is None or result.verdict == verdict


@pytest.mark.parametrize("outcomes", [(), (P,), (F,), (E,), (S, S), (P, F, E, S, FL)])
def test_the_verdict_is_one_sentence(outcomes: tuple[Outcome, ...]) -> None:
    """It does not begin small, ends with its only full stop, and has no line break."""
    for result in (run(*outcomes), run(*outcomes, interrupted=True)):
        assert not result.verdict[0].islower()
        assert result.verdict.endswith(".")
        assert result.verdict.count(".") == 1
        assert "\n" not in result.verdict


def test_a_wrong_file_is_an_error_and_not_a_crash() -> None:
    """As an outcome it stands with the errors of a run; its exit code says that nothing was called."""
    assert (run(wrong=1).outcome, run(wrong=1).exit_code) == (Outcome.ERROR, 2)


def test_calls_are_counted_by_outcome() -> None:
    """Every call is in one count."""
    result = run(P, F, P, S)

    assert [result.count(outcome) for outcome in (P, F, E, S, FL)] == [2, 1, 0, 1, 0]
    assert sum(result.count(outcome) for outcome in Outcome) == len(result.calls)


def test_a_call_has_its_turns_findings_before_its_own() -> None:
    """In the order of the conversation; the same for what was measured."""
    turns = tuple(
        TurnResult(
            number,
            f"turn {number}",
            P,
            0,
            1,
            "replied",
            findings=(Finding(f"turn-{number}", Status.PASSED, "It held."),),
            measurements=(Measurement(f"of turn {number}", State.MEASURED, 5),),
        )
        for number in range(2)
    )
    call = CallResult(
        "call",
        "a.yaml",
        1,
        "desk",
        "twilio",
        "virtual",
        F,
        turns=turns,
        findings=(Finding("unexpected-hangup", Status.FAILED, "It hung up."),),
        measurements=(Measurement("connect", State.MEASURED, 1),),
    )

    assert [finding.kind for finding in call.all_findings] == ["turn-0", "turn-1", "unexpected-hangup"]
    assert [measured.name for measured in call.all_measurements] == ["of turn 0", "of turn 1", "connect"]


def test_an_attempt_keeps_the_place_of_its_own_trouble() -> None:
    """Where the harness could not go on is told of the attempt in which that was, and of no other."""
    (call,) = run(E).calls
    broke = replace(call, error="no voice", error_span=Span("a.yaml", 7, 5, 9))
    refused = replace(call, error="nothing listens", attempts=(broke.as_attempt,))
    held = replace(call, outcome=FL, attempts=(*refused.attempts, refused.as_attempt))

    assert [each.error_span for each in held.earlier] == [broke.error_span, None]
    assert replace(broke, attempts=(refused.as_attempt,)).earlier[0].error_span is None
