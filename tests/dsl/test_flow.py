"""Branches, repetitions, fragments and conditions become frozen values, whichever way they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnspec.dsl import (
    REPLY_KEYS,
    Choose,
    Condition,
    Entry,
    Expect,
    Fragment,
    Matches,
    Model,
    Plain,
    Repeat,
    Scenario,
    Together,
    Turn,
    Use,
)
from turnspec.dsl.document import parse_document
from turnspec.dsl.problems import Problem
from turnspec.dsl.reader import read_model
from turnspec.dsl.spans import Place

FLOW = """
  - choose:                          # which of these the agent's next reply is; tried in order
      - when: {intent: verify_identity}
        turns: [{use: fragments/verify.yaml, with: {pin: "1234"}}]
      - when: {says: all our agents are busy}
        turns: [{caller: {hangup: true}}]
      - otherwise: fail              # or turns
  - repeat: {until: {intent: anything_else}, at_most: 3}
    turns: [{caller: no thanks}]
  - together:                        # watched at once: a call while music plays
      - expect: {calls: [{lookup: any}]}
      - expect: {says: one moment}
"""


def _read(model: type[Model], text: str) -> tuple[Model | None, list[Problem]]:
    document = parse_document(text.encode(), "x.yaml", Path())
    assert not document.problems
    return read_model(model, document.data, Place(document.table))


def _scenario(turns: str) -> Scenario:
    made, problems = _read(Scenario, f"scenario: Flow\ntarget: bank\nturns:\n{turns}")
    assert problems == []
    assert isinstance(made, Scenario)
    return made


def _first(turns: str) -> Entry:
    return _scenario(turns).turns[0]


def _kinds(turns: str) -> list[str]:
    return [problem.kind for problem in _read(Scenario, f"scenario: Flow\ntarget: bank\nturns:\n{turns}")[1]]


def _condition(text: str) -> Condition:
    turn = _first(f"  - {{when: {text}, caller: hello}}\n")
    assert isinstance(turn, Turn)
    return turn.when[0]


def test_each_block_is_known_by_its_key() -> None:
    """What an item of `turns` is, its key says; a turn has none of them."""
    choose, repeat, together = _scenario(FLOW).turns

    assert isinstance(choose, Choose)
    assert isinstance(repeat, Repeat)
    assert isinstance(together, Together)
    assert [choice.otherwise for choice in choose.choose] == [None, None, "fail"]
    assert choose.choose[0].when == (Condition(reply=Expect(intent=("verify_identity",))),)
    assert choose.choose[0].turns == (
        Use.model_validate({"use": "fragments/verify.yaml", "with": {"pin": "1234"}}),
    )
    assert (repeat.repeat.at_most, repeat.repeat.otherwise, repeat.repeat.times) == (3, "fail", None)
    assert [part.expect.says for part in together.together] == [
        (),
        (Plain.model_validate({"<plain>": "one moment"}),),
    ]


def test_a_block_knows_its_place() -> None:
    """Branches, conditions and turns inside them stand where they were written."""
    choose = _first(FLOW)
    assert isinstance(choose, Choose)
    busy = choose.choose[1]

    assert (choose.span.line, busy.span.line, busy.turns[0].span.line) == (5, 8, 9)
    assert busy.when[0].reply is not None
    assert busy.when[0].reply.says[0].span.column == 22


def test_plain_turns_are_those_of_all_branches_in_reading_order() -> None:
    """Setup, body and teardown, with what is nested; fragments are not followed."""
    text = """
  - {turn: One, caller: hello}
  - choose:
      - {when: {says: a}, turns: [{turn: Two, caller: a}, {use: more.yaml}]}
      - otherwise: [{repeat: {times: 2}, turns: [{turn: Three, caller: b}]}]
  - {turn: Four, caller: hello}
setup: [{turn: Zero, expect: {says: hello}}]
teardown: [{turn: Five, caller: bye}]
"""

    assert [turn.name for turn in _scenario(text).plain_turns()] == [
        "Zero",
        "One",
        "Two",
        "Three",
        "Four",
        "Five",
    ]


def test_a_condition_asks_the_call_a_variable_or_the_reply() -> None:
    """Keys that are none of ours are variables; `variables` has those that read like one of ours."""
    assert _condition("{supports: dtmf}").supports == ("dtmf",)
    assert _condition('{last4: "4821"}').variables == {"last4": Plain.model_validate({"<plain>": "4821"})}
    assert _condition('{variables: {reply: "4821", supports: x}}').variables.keys() == {"reply", "supports"}
    mixed = _condition("{supports: [dtmf, audio], level: {matches: g.ld}, reply: {says: hello}}")
    assert mixed.supports == ("dtmf", "audio")
    assert isinstance(mixed.variables["level"], Matches)
    assert mixed.reply == Expect(says=(Plain.model_validate({"<plain>": "hello"}),))


@pytest.mark.parametrize("written", ["{intent: sales}", "{reply: {intent: sales}}"])
def test_where_a_reply_is_chosen_its_keys_stand_alone(written: str) -> None:
    """In `choose` and `until` a key of a reply is about the reply, with or without `reply`."""
    choose = _first(f"  - choose: [{{when: {written}, turns: []}}]\n")
    repeat = _first(f"  - {{repeat: {{until: {written}, at_most: 2}}, turns: [{{caller: a}}]}}\n")
    assert isinstance(choose, Choose)
    assert isinstance(repeat, Repeat)

    for conditions in (choose.choose[0].when, repeat.repeat.until):
        assert [each.reply for each in conditions] == [Expect(intent=("sales",))]
        assert not conditions[0].variables
    # Elsewhere it is a variable of that name.
    assert _condition("{intent: sales}").reply is None


def test_a_variable_of_that_name_can_be_asked_for() -> None:
    """`variables` tells a variable from a key of the reply."""
    choose = _first("  - choose: [{when: {variables: {intent: sales}, says: hello}, turns: []}]\n")
    assert isinstance(choose, Choose)
    condition = choose.choose[0].when[0]

    assert list(condition.variables) == ["intent"]
    assert condition.reply is not None
    assert condition.reply.intent == ()


def test_only_what_is_known_of_a_reply_can_be_asked() -> None:
    """Each key of an expectation is one that a condition may ask, or is refused."""
    allowed = {
        key
        for key in sorted(Expect.keys())
        if "bad-condition" not in _kinds(f"  - {{when: {{reply: {{{key}: x}}}}}}\n")
    }

    assert allowed == set(REPLY_KEYS) & Expect.keys()
    assert _kinds("  - choose: [{when: {stops: true}, turns: []}]\n") == ["bad-condition"]


@pytest.mark.parametrize(
    ("turns", "kinds"),
    [
        ("  - choose: [{when: {says: a}, turns: []}, {otherwise: []}]\n", []),
        ("  - choose: [{otherwise: [{caller: a}]}]\n", []),
        ("  - choose: [{when: {says: a}}]\n", ["missing-key"]),
        ("  - choose: [{when: {says: a}, turns: }]\n", ["missing-key"]),
        ("  - choose: [{otherwise: fail}, {when: {says: a}, turns: []}]\n", ["bad-branch"]),
        ("  - {repeat: {times: 100}, turns: [{caller: a}]}\n", []),
        ("  - {repeat: {times: 101}, turns: [{caller: a}]}\n", ["bad-value"]),
        ("  - {repeat: {times: true}, turns: [{caller: a}]}\n", ["wrong-type"]),
        ("  - {repeat: {times: 2}, turns: []}\n", ["bad-value"]),
        ("  - {together: [{expect: {says: a}}]}\n", ["bad-value"]),
        ("  - {use: a.yaml, choose: [{otherwise: fail}]}\n", ["clash"]),
        ("  - {caller: a, save: [x]}\n", ["wrong-type"]),
    ],
)
def test_shapes(turns: str, kinds: list[str]) -> None:
    """What goes together is read; what does not is one problem, not many."""
    assert _kinds(turns) == kinds


@pytest.mark.parametrize(
    ("written", "defaults", "bound"),
    [
        ("", {}, {"pin": "1"}),
        ("parameters: [pin, tries]", {}, {"pin": "1"}),
        ("parameters: {pin: , tries: 3}", {"tries": 3}, {"pin": "1", "tries": 3}),
        ("parameters: {pin: '0', tries: 3}", {"pin": "0", "tries": 3}, {"pin": "1", "tries": 3}),
    ],
)
def test_parameters_have_defaults_or_none(written: str, defaults: object, bound: object) -> None:
    """A list has names only; in a mapping what stands behind the colon is the default."""
    made, problems = _read(Fragment, f"fragment: Verify\n{written}\nturns: [{{caller: a}}]\n")

    assert problems == []
    assert isinstance(made, Fragment)
    assert made.defaults == defaults
    assert made.bound({"pin": "1"}) == bound


@pytest.mark.parametrize("name", ["two words", "1st", "a-b", "a.b", ""])
def test_a_parameter_is_a_name_that_templates_can_use(name: str) -> None:
    """In a list and in a mapping, whatever a template could not name is refused where it stands."""
    for written in (f'["{name}"]', f'{{"{name}": 1}}'):
        document = parse_document(
            f"fragment: Verify\nparameters: {written}\nturns: [{{caller: a}}]\n".encode(), "x.yaml", Path()
        )
        _, problems = read_model(Fragment, document.data, Place(document.table))
        kinds = [problem.kind for problem in (*document.problems, *problems)]

        assert kinds in (["bad-name"], ["missing-key"])
