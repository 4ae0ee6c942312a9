"""Repetitions, fragments and conditions in whole calls, in virtual time."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from support_flow import REPEAT, flow
from turnspec.results import Outcome


def test_turns_are_repeated_until_the_reply_is_as_wanted(tmp_path: Path) -> None:
    """Each pass is tested after its reply; passes that are not needed are skipped."""
    call = flow(tmp_path, REPEAT % 5)

    assert (call.result.outcome, call.failures()) == (Outcome.PASSED, [])
    assert [turn.name for turn in call.result.turns if turn.began_us is not None] == [
        "Greeting",
        "More",
        "until (line 6)",
        "More (2)",
        "until (line 6) (2)",
        "More (3)",
        "until (line 6) (3)",
        "Last",
    ]
    assert call.turn("More (4)").why == '"until (line 6) (3)" held'
    assert [turn.decision for turn in call.result.turns if turn.role == "until"][:3] == [
        "again",
        "again",
        "done",
    ]


def test_a_repetition_that_does_not_come_to_its_end_fails(tmp_path: Path) -> None:
    """`at_most` reached is a finding, and the call goes on."""
    call = flow(tmp_path, REPEAT % 2)
    (finding,) = call.failures()

    assert finding.kind == "until"
    assert finding.message == "After 2 passes what `until` asks for is still not so."
    assert call.turn("until (line 6) (2)").outcome is Outcome.FAILED
    assert call.turn("Last").outcome is Outcome.PASSED


def test_otherwise_continue_accepts_a_repetition_without_its_end(tmp_path: Path) -> None:
    """Nothing fails, and the call goes on."""
    call = flow(tmp_path, REPEAT % "2, otherwise: continue")

    assert (call.result.outcome, call.failures()) == (Outcome.PASSED, [])
    assert call.turn("until (line 6) (2)").decision == "exhausted"


def test_times_repeats_without_a_condition(tmp_path: Path) -> None:
    """So many passes, named one after the other, and nothing is decided."""
    call = flow(tmp_path, "- repeat: {times: 3}\n  turns: [{turn: Again, caller: hello}]\n")

    assert call.failures() == []
    assert [turn.name for turn in call.result.turns] == ["Again", "Again (2)", "Again (3)"]
    assert call.events("decided") == []


def test_what_until_caught_is_known_after_it(tmp_path: Path) -> None:
    """A named group in the condition of a repetition is a variable for what comes after."""
    turns = """
    - repeat: {until: {says: {matches: 'there (?P<what>\\w+) else'}}, at_most: 4}
      turns: [{turn: More, caller: more}]
    - {turn: Last, caller: "yes, {{ what }}"}
    """
    call = flow(tmp_path, turns)

    assert call.failures() == []
    assert call.events("caller-texted")[-1]["text"] == "yes, anything"


def test_what_a_condition_caught_is_known_in_its_turn(tmp_path: Path) -> None:
    """A named group in a turn's own condition is a variable for what the turn says and expects."""
    turns = """
    - {turn: Ask, caller: I lost my card}
    - turn: Tell
      when: {reply: {says: {matches: 'your (?P<what>PIN)'}}}
      caller: "my {{ what }} is 1234"
      expect: {says: R-17, does_not_say: "{{ what }}"}
    """
    call = flow(tmp_path, turns)

    assert call.failures() == []
    assert call.events("caller-texted")[-1]["text"] == "my PIN is 1234"


FRAGMENT = """
fragment: Verify
parameters: [pin]
turns:
  - turn: Tell the PIN
    caller: "{{ pin }}"
    expect: {says: {matches: 'reference is (?P<reference>R-\\d+)'}}
"""


def test_a_fragment_is_used_with_its_values(tmp_path: Path) -> None:
    """The turns of the file stand in its place; what they capture is known after them."""
    (tmp_path / "verify.yaml").write_text(dedent(FRAGMENT))
    turns = """
    - {use: verify.yaml, with: {pin: "1234"}}
    - {turn: Again, caller: "I was told {{ reference }}", expect: {says: I understand}}
    """
    call = flow(tmp_path, turns)

    assert call.failures() == []
    assert [event["text"] for event in call.events("caller-texted")] == ["1234", "I was told R-17"]


def test_a_value_of_with_may_need_a_capture(tmp_path: Path) -> None:
    """It is filled in when the fragment is run; what was never captured skips its turns, by its own name."""
    (tmp_path / "verify.yaml").write_text(dedent(FRAGMENT))
    turns = """
    - turn: Code
      caller: I lost my card
      expect: {says: {matches: '%s'}}
    - {use: verify.yaml, with: {pin: "{{ code }}234"}}
    """
    held = flow(tmp_path, turns % "tell me your (?P<code>PIN)")
    assert held.events("caller-texted")[-1]["text"] == "PIN234"

    missed = flow(tmp_path, turns % "tell me (?P<code>[0-9])")
    assert missed.turn("Tell the PIN").why == "it needs 'code', which no earlier turn captured"


CONDITIONS = """
- turn: Ask
  caller: I lost my card
  expect: {says: {matches: 'your (?P<what>\\w+)'}}
- turn: Asked for the PIN
  when: {what: PIN}
  caller: "1234"
- turn: Asked for something else
  unless: {what: PIN}
  caller: look
- turn: Thanked
  when: [{reply: {says: thank you}}, {what: {one_of: [PIN, number]}}]
  caller: hello
- turn: Not thanked
  when: {reply: {says: thank you}}
  caller: hello
"""


def test_conditions_on_captures_and_replies_are_decided_in_the_call(tmp_path: Path) -> None:
    """What does not hold skips the turn, which fails nothing and says why."""
    call = flow(tmp_path, CONDITIONS)

    assert (call.result.outcome, call.failures()) == (Outcome.PASSED, [])
    assert call.outcomes() == ["passed", "passed", "skipped", "passed", "skipped"]
    assert call.turn("Asked for something else").why == "what `unless` asks for is so"
    assert call.turn("Not thanked").why == 'The agent did not say "thank you"; it said "I understand."'


def test_conditions_on_variables_are_decided_before_the_call(tmp_path: Path) -> None:
    """What only the scenario's own values decide is no question to the call."""
    turns = """
    - {turn: Gold, when: {plan: gold}, caller: hello}
    - {turn: Silver, when: {plan: silver}, caller: hello}
    """
    call = flow(tmp_path, turns, "variables: {plan: silver}\n")

    assert call.outcomes() == ["skipped", "passed"]
    assert call.turn("Gold").why == "'plan' is not what `when` asks for"
    assert call.events("decided") == []


def test_a_block_is_run_under_its_condition_whole_or_not_at_all(tmp_path: Path) -> None:
    """The condition of a repetition is asked once, before it."""
    turns = """
    - {turn: Ask, caller: I lost my card}
    - when: {reply: {says: %s}}
      repeat: {times: 2}
      turns: [{turn: Tell, caller: "1234"}]
    - {turn: Last, caller: bye}
    """
    run, skipped = flow(tmp_path, turns % "PIN"), flow(tmp_path, turns % "nothing")

    assert run.outcomes() == ["passed", "passed", "passed", "passed", "passed"]
    assert skipped.outcomes() == ["passed", "skipped", "skipped", "skipped", "passed"]
    assert skipped.failures() == []
    assert len(skipped.events("decided")) == 1
