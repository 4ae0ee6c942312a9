"""What every report says about a call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_result_turns import response
from support_results import BROKEN, FLAKY, SKIPPED, lost_card, opening_hours
from turnspec.reports.facts import (
    as_finding,
    case_names,
    failures,
    headline,
    joined_keys,
    measured,
    recording_path,
    sentence,
    state_word,
    verdict,
)
from turnspec.results import CallResult, Finding, Measurement, Moment, Outcome, State, Status


def test_failures_are_in_the_order_of_the_call() -> None:
    """Turn by turn, findings before budgets, and the call's own last."""
    assert [(failure.turn, failure.kind) for failure in failures(lost_card())] == [
        (1, "calls"),
        (1, "does_not_say"),
        (1, "response"),
        (3, "stops"),
        (3, "barge_in"),
        (None, "unexpected-hangup"),
    ]


def test_budget_is_told_once() -> None:
    """A budget that a finding tells of is not told a second time."""
    late = response(1, 2_000_000, 0)
    told = Finding("response", Status.FAILED, "The agent answered late", turn=1)
    turn = replace(lost_card().turns[1], findings=(told,), measurements=(late,))

    assert failures(replace(lost_card(), turns=(turn,), findings=())) == (told,)


def test_a_turn_in_which_nothing_was_tried_is_told_once() -> None:
    """That nothing of it was measured follows from that; what took too long all the same does not."""
    told = Finding("interrupt", Status.NOT_EXERCISED, "Its reply was over", turn=3)
    unmeasured = Measurement("barge_in", State.NOT_EXERCISED, limit_us=300_000, required=True, turn=3)
    late = response(3, 2_000_000, 0)
    turn = replace(lost_card().turns[3], findings=(told,), measurements=(unmeasured, late))
    found = failures(replace(lost_card(), turns=(turn,), findings=()))

    assert [failure.kind for failure in found] == ["interrupt", "response"]


@pytest.mark.parametrize(
    ("value", "said", "state"),
    [
        (response(0, 640_000, 0), "640 ms ± 10 ms", "within limit"),
        (response(0, 640_000, 0, 635_000), "640 ms ± 10 ms", "marginal"),
        (response(0, 640_000, 0, 600_000), "640 ms ± 10 ms", "exceeded"),
        (Measurement("gap", State.NOT_EXERCISED, None, limit_us=1), "not exercised", "not exercised"),
        (Measurement("gap", State.NOT_APPLICABLE), "n/a", "n/a"),
        (Measurement("turn", State.CENSORED, 900_000, limit_us=10**6), "at least 900 ms", "censored"),
        (Measurement("speech", State.MEASURED, 0), "0 ms", "measured"),
    ],
)
def test_measured_time_has_its_state(value: Measurement, said: str, state: str) -> None:
    """A time is shown with its error bar and its state, and what is missing never as 0 ms."""
    assert (said, state) == (measured(value), state_word(value))


def test_unmeasured_budget_says_why() -> None:
    """A budget that had to be measured and was not fails, with the reason."""
    value = Measurement(
        "barge_in", State.NOT_EXERCISED, None, 0, 300_000, required=True, why="nothing was flushed"
    )

    told = as_finding(value)
    assert told.status is Status.NOT_EXERCISED
    assert told.message == "barge_in could not be held against its limit: nothing was flushed"
    assert headline(told) == told.message


def test_sentence_tells_the_outcome_and_its_reason() -> None:
    """Each outcome has its sentence."""
    assert sentence(lost_card()) == (
        "Turn 2 “Report the loss”: block_card was called with another argument: last4 (and 5 more)"
    )
    assert sentence(opening_hours()) == "Both turns held; the slowest response took 812 ms."
    assert sentence(BROKEN) == (
        "Could not be judged: the target's process ended with status 1 before the call was over"
    )
    assert sentence(SKIPPED) == "Skipped: realtime carries no digits"
    assert sentence(FLAKY) == "Passed, but only after it had failed."
    assert sentence(replace(FLAKY, outcome=Outcome.FAILED)) == "Failed, and no check says why."
    assert sentence(replace(BROKEN, error="")) == "Could not be judged: the harness or the line broke"
    assert sentence(replace(FLAKY, outcome=Outcome.SKIPPED)) == "Skipped: it was not run"


def test_a_call_that_was_not_made_says_why() -> None:
    """In every report: a build that stopped early is not a riddle."""
    note = Finding("skipped", Status.NOTE, "It was not called: the run was interrupted.")
    call = replace(FLAKY, outcome=Outcome.SKIPPED, findings=(note,))

    assert sentence(call) == "Skipped: it was not called: the run was interrupted."


def test_verdict_names_the_turns() -> None:
    """Where the failures are listed anyway, the verdict says where they are."""
    call = lost_card()

    assert verdict(call) == "Turns 2 and 4 did not hold: 6 checks failed."
    assert verdict(replace(call, turns=())) == "The call as a whole did not hold."
    assert verdict(replace(call, turns=call.turns[:2], findings=())) == (
        "Turn 2 “Report the loss” did not hold: 3 checks failed."
    )
    assert verdict(opening_hours()) == sentence(opening_hours())


def test_protocol_names_a_call_only_where_needed() -> None:
    """The same scenario over two protocols has two names; over one it keeps its own."""
    call = opening_hours()
    over = [replace(call, protocol="twilio"), replace(call, protocol="realtime")]

    assert case_names(over) == ("Opening hours (twilio)", "Opening hours (realtime)")
    assert case_names(over[:1]) == ("Opening hours",)
    assert case_names([call, call]) == (
        "Opening hours (realtime) (bank)",
        "Opening hours (realtime) (bank) #2",
    )
    assert case_names([call, replace(call, file="other.yaml")]) == ("Opening hours", "Opening hours")
    assert case_names([replace(call, name="")]) == ("unnamed",)


NAMES = st.sampled_from(["a", "a #2", "a (t)", "", " a "])


@given(st.lists(st.tuples(NAMES, st.sampled_from("tr"), st.sampled_from(["x", "y"]), st.sampled_from("fg"))))
def test_names_are_never_shared(parts: list[tuple[str, str, str, str]]) -> None:
    """No two cases of a file have one name: readers of JUnit drop duplicates."""
    calls = [
        CallResult(name, file, 1, target, protocol, "virtual", Outcome.PASSED)
        for name, protocol, target, file in parts
    ]
    names = [(call.file, name) for call, name in zip(calls, case_names(calls), strict=True)]

    assert len(names) == len(set(names))


def test_recording_lies_below_the_output_folder() -> None:
    """A recording named beside its evidence or from the output folder leads to the same place."""
    assert recording_path(lost_card()) == "calls/lost-card-1/call.flac"
    assert recording_path(opening_hours()) == "calls/opening-hours-1/call.flac"
    assert recording_path(replace(lost_card(), folder=None)) == "call.flac"
    assert recording_path(BROKEN) is None


def test_keys_pressed_in_a_row_are_one_moment() -> None:
    """Digits within a second of one another are one moment; other moments stay as they are."""
    at = [0, 150_000, 300_000, 2_000_000]
    digits = [Moment(at_us, "digit", label) for at_us, label in zip(at, "48#1", strict=True)]
    flush = Moment(2_100_000, "flush", "gone")

    assert joined_keys([*digits, flush]) == (Moment(0, "digit", "4 8 #"), digits[3], flush)
