"""Setup, teardown and turns that are watched together, in whole calls in virtual time."""

from __future__ import annotations

from pathlib import Path

from support_flow import flow
from turnspec.results import Outcome

PARTS = """
setup: [{turn: Prepare, caller: hello}]
teardown: [{turn: Clean, caller: bye, expect: {says: I understand}}]
"""


def test_setup_comes_first_and_teardown_last(tmp_path: Path) -> None:
    """They are turns, and judged as such."""
    call = flow(tmp_path, "- {turn: Body, caller: look}\n", PARTS)

    assert call.failures() == []
    assert [(turn.name, turn.part) for turn in call.result.turns] == [
        ("Prepare", "setup"),
        ("Body", "body"),
        ("Clean", "teardown"),
    ]


def test_teardown_is_run_after_a_turn_that_ends_the_call(tmp_path: Path) -> None:
    """No reply ends the conversation, not the line: what is left is skipped, and the teardown is run."""
    turns = "- {turn: Body, caller: hush, patience: 20 s}\n- {turn: Later, caller: hello}\n"
    call = flow(tmp_path, turns, PARTS)

    assert call.kinds() == ["no-reply"]
    assert call.outcomes() == ["passed", "failed", "skipped", "passed"]
    assert call.turn("Later").why == 'the agent gave no reply in turn "Body"'


def test_a_teardown_that_hangs_up_hides_no_turn_that_was_missed(tmp_path: Path) -> None:
    """The end that it makes is its own: what the caller gave up before counts as not begun."""
    turns = "- {turn: Body, caller: hush, patience: 20 s}\n- {turn: Later, caller: hello}\n"
    call = flow(tmp_path, turns, "teardown: [{turn: Clean, caller: {hangup: true}}]\n")
    (missed,) = [finding for finding in call.result.findings if finding.kind == "skipped"]

    assert call.outcomes() == ["failed", "skipped", "passed"]
    assert call.turn("Later").why == 'the agent gave no reply in turn "Body"'
    assert missed.message.startswith("1 turn was not begun")


def test_teardown_is_run_after_a_failed_turn_that_ends_the_call(tmp_path: Path) -> None:
    """With `on_failure: end_call` a failed turn leads to the teardown."""
    turns = "- {turn: Body, caller: hello, expect: {says: goodbye}}\n- {turn: Later, caller: hello}\n"
    call = flow(tmp_path, turns, PARTS + "on_failure: end_call\n")

    assert call.kinds() == ["says"]
    assert call.outcomes() == ["passed", "failed", "skipped", "passed"]


def test_teardown_is_not_missed_where_the_agent_hung_up(tmp_path: Path) -> None:
    """It is for calls that are still up."""
    call = flow(tmp_path, "- {turn: Body, caller: leave me, expect: {hangup: true}}\n", PARTS)

    assert call.failures() == []
    assert call.turn("Clean").why == "the call was over by then"


def test_teardown_is_judged(tmp_path: Path) -> None:
    """What it expects must be so."""
    call = flow(tmp_path, "- {turn: Body, caller: look}\n", PARTS.replace("I understand", "farewell"))

    assert call.kinds() == ["says"]
    assert call.turn("Clean").outcome is Outcome.FAILED


TOGETHER = """
- turn: Ask
  caller: look
- turn: Both
  together:
    - {turn: Looked up, expect: {calls: [{lookup: {number: "%s"}}]}}
    - {turn: Told, expect: {says: found it}, budget: {function_call: 5 s}}
"""


def test_what_is_watched_together_is_one_reply(tmp_path: Path) -> None:
    """Every part has its own verdict over the same turn."""
    call = flow(tmp_path, TOGETHER % "7")

    assert call.failures() == []
    assert {finding.kind for finding in call.turn("Both").findings if not finding.fails} >= {"calls", "says"}
    assert call.measured("Both", "function_call").limit_us == 5_000_000


def test_a_part_that_does_not_hold_is_named(tmp_path: Path) -> None:
    """The finding begins with the part's name, and stands where the part is written."""
    call = flow(tmp_path, TOGETHER % "8")
    (finding,) = call.failures()

    assert finding.kind == "calls"
    assert finding.message.startswith("Looked up: ")
    assert finding.span is not None
    assert finding.span.path[:4] == ("turns", 1, "together", 0)
