"""Turns that are run in some settings only."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_plans import TELEPHONE, TEXT, compiled, plan_of, setting
from turnspec.call import Capability
from turnspec.dsl import CAPABILITIES
from turnspec.plan import as_document, as_mermaid, as_text

KEYS = """
- turn: Greeting
  expect: {says: hello}
- turn: Keys
  when: {supports: dtmf}
  caller: {dtmf: "1"}
  expect: {says: {matches: "number (?P<number>.+)"}}
- turn: Goodbye
  caller: {hangup: true}
"""
WRITING = setting(TEXT, protocol="realtime")


def test_words_of_the_language_are_those_of_adapters() -> None:
    """What `supports` knows is what adapters can declare."""
    assert set(CAPABILITIES) == set(Capability)


@pytest.mark.parametrize(
    ("condition", "runs_over"),
    [
        ("when: {supports: dtmf}", "twilio"),
        ("unless: {supports: dtmf}", "realtime"),
        ("when: {supports: [audio, dtmf]}", "twilio"),
        ("when: [{supports: audio}, {supports: text}]", ""),
        ("unless: [{supports: audio}, {supports: text}]", "twilio realtime"),
        ("when: {supports: text}, unless: {supports: functions}", ""),
        ("when: {supports: audio}, unless: {supports: text}", "twilio"),
    ],
)
def test_a_turn_is_run_where_its_condition_holds(tmp_path: Path, condition: str, runs_over: str) -> None:
    """`when` wants all of its conditions, `unless` is against all of them together."""
    turns = f"- {{turn: Always}}\n- {{turn: Sometimes, {condition}, caller: {{silence: 1 s}}}}"

    plans = [plan_of(tmp_path, turns, where) for where in (setting(), WRITING)]

    assert [plan.turns[0].skipped for plan in plans] == ["", ""]
    assert [plan.protocol for plan in plans if not plan.turns[1].skipped] == runs_over.split()


def test_a_skipped_turn_has_no_steps_and_is_refused_nothing(tmp_path: Path) -> None:
    """What the setting cannot do stands in nobody's way there."""
    plan = plan_of(tmp_path, KEYS, WRITING)

    assert [step.id for step in plan.graph.steps if step.turn == 1] == []
    assert plan.turns[1].skipped == "realtime does not support dtmf here"
    assert plan_of(tmp_path, KEYS).turns[1].skipped == ""


def test_neighbours_of_a_skipped_turn_are_neighbours(tmp_path: Path) -> None:
    """A turn takes its reply, interrupts and is interrupted as if what is skipped were not written."""
    telling = """
    - {turn: Speak, caller: {silence: 1 s}}
    - {turn: Text, when: {supports: text}, caller: {text: hello}}
    - {turn: Hear, expect: {says: hello}}
    - {turn: Text again, when: {supports: text}, caller: {text: hello}}
    - {turn: Cut in, caller: {audio: clip.wav, text: stop, interrupt: {after: 0 s}}, expect: {stops: true}}
    """
    plan = plan_of(tmp_path, telling)

    assert [turn.takes_reply for turn in plan.turns] == [False, False, True, False, True]
    assert [turn.interrupted for turn in plan.turns] == [False, False, True, False, False]
    assert plan.predecessors(4) == (plan.turns[2],)
    assert plan.followers(0) == (plan.turns[2],)
    assert (plan.predecessors(0), plan.followers(4)) == ((), ())


def test_a_greeting_is_asked_for_by_the_first_turn_that_is_run(tmp_path: Path) -> None:
    """Over a protocol that must ask, the first turn that is run decides."""
    turns = "- {when: {supports: dtmf}, caller: {dtmf: '1'}}\n- {expect: {says: hello}}"
    connect = plan_of(tmp_path, turns, WRITING).graph.start

    assert getattr(connect, "greets") is True  # noqa: B009 # a step of another class has none


def test_budgets_of_a_skipped_turn_hold_nobody(tmp_path: Path) -> None:
    """A limit of the call that is written on a skipped turn is not one."""
    turns = (
        "- {expect: {says: hello}}\n- {when: {supports: dtmf}, caller: {dtmf: '1'}, budget: {connect: 1 s}}"
    )

    assert set(plan_of(tmp_path, turns, WRITING).limits) == set()
    assert set(plan_of(tmp_path, turns, setting(TELEPHONE)).limits) == {"connect"}


def test_a_name_that_only_a_skipped_turn_binds_is_a_problem(tmp_path: Path) -> None:
    """A turn that is run cannot use what nothing captures there; one that is skipped too may."""
    using = KEYS + '- {turn: Use, caller: {text: "{{ number }}"}}\n'
    guarded = KEYS.replace("- turn: Goodbye\n  caller: {hangup: true}\n", "") + (
        "- {turn: Use, when: {supports: dtmf}, caller: {dtmf: '{{ number }}'}}\n"
    )
    using = using.replace("- turn: Goodbye\n  caller: {hangup: true}\n", "")

    (problem,) = compiled(tmp_path, using, WRITING).problems
    assert problem.kind == "undefined-name"
    assert problem.message == (
        "nothing gives 'number' a value here: 'Keys' is skipped, because realtime does not support dtmf here"
    )
    assert problem.source_line.startswith("  - {turn: Use")
    assert compiled(tmp_path, guarded, WRITING).problems == ()
    assert compiled(tmp_path, guarded).problems == ()


def test_a_name_that_another_turn_binds_too_is_none(tmp_path: Path) -> None:
    """Where a turn for each protocol captures the name, it has a value on each."""
    turns = """
    - {when: {supports: dtmf}, caller: {dtmf: "1"}, expect: {says: {matches: "(?P<number>.+)"}}}
    - {unless: {supports: dtmf}, caller: {text: hello}, expect: {says: {matches: "(?P<number>.+)"}}}
    - {caller: {silence: 1 s}, expect: {says: "{{ number }}"}}
    """

    assert compiled(tmp_path, turns, WRITING).problems == ()
    assert compiled(tmp_path, turns).problems == ()


def test_a_printed_plan_tells_what_is_skipped(tmp_path: Path) -> None:
    """Text, Mermaid and JSON say which turn is skipped and why, each in its place."""
    plan = plan_of(tmp_path, KEYS, WRITING)
    told = "2. Keys: skipped, because realtime does not support dtmf here"
    lines = as_text(plan).splitlines()

    assert [line.strip() for line in lines if line.startswith("  ") and line.strip()[0].isdigit()] == [
        "1. Greeting",
        told,
        "3. Goodbye",
    ]
    assert f"    %% {told}" in as_mermaid(plan).splitlines()
    assert as_document(plan)["skipped"] == [
        {"turn": 1, "name": "Keys", "why": "realtime does not support dtmf here"}
    ]
