"""Blocks of turns written out: which turns there are, what follows what, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

import pytest

from support_plans import AGENT, TELEPHONE, TEXT, compiled, plan_of, setting
from turnspec.call import Source
from turnspec.checks.decisions import variable_holds
from turnspec.dsl.load import load
from turnspec.dsl.problems import render_problems
from turnspec.plan import (
    CallPlan,
    Compiled,
    Setting,
    TargetKind,
    as_document,
    as_mermaid,
    as_text,
    compile_call,
)
from turnspec.plan.scope import scoped, variables_for

CHOICE = """
- turn: Which
  choose:
    - {when: {says: hello}, turns: [{turn: One}, {turn: Two}]}
    - {when: {says: goodbye}, turns: []}
    - otherwise: [{turn: Three}]
- turn: After
"""


def names(plan: CallPlan) -> list[str]:
    """What its turns are called."""
    return [turn.name for turn in plan.turns]


def follows(plan: CallPlan, name: str) -> list[str]:
    """What may come after a turn."""
    index = names(plan).index(name)
    return [turn.name for turn in plan.followers(index)]


def with_fragments(
    folder: Path, turns: str, fragments: dict[str, str], where: Setting | None = None
) -> Compiled:
    """The compiler's answer for turns that use fragments of these files."""
    for name, text in fragments.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(dedent(text))
    (folder / "agent.yaml").write_text(AGENT)
    (folder / "turnspec.yaml").write_text("version: 1\n")
    text = "scenario: Talk\ntarget: {agent: agent.yaml, protocol: twilio}\nvariables: {pin: '9', who: Bo}\n"
    (folder / "talk.yaml").write_text(text + "turns:\n" + indent(dedent(turns), "  "))
    loaded = load([folder])
    assert not loaded.problems, render_problems(loaded.problems)
    return compile_call(loaded.scenarios[0], replace(where or setting(), fragments=loaded.fragments))


def test_branches_lie_behind_one_another_and_lead_past_one_another(tmp_path: Path) -> None:
    """Every turn has a number of its own in the order of the file; each leads to what really follows."""
    plan = plan_of(tmp_path, CHOICE)

    assert names(plan) == ["Which", "One", "Two", "Three", "After"]
    assert [turn.branch for turn in plan.turns][1:] == [
        ("Which: 1",),
        ("Which: 1",),
        ("Which: otherwise",),
        (),
    ]
    assert plan.turns[0].leads == {"1": 1, "2": 4, "otherwise": 3}
    assert follows(plan, "Which") == ["One", "Three", "After"]
    assert follows(plan, "One") == ["Two"]
    assert follows(plan, "Two") == ["After"]
    assert [turn.name for turn in plan.predecessors(4)] == ["Which", "Two", "Three"]


def test_without_otherwise_none_goes_on_after_the_block(tmp_path: Path) -> None:
    """`otherwise: fail` is the same as no `otherwise`."""
    said = CHOICE.replace("otherwise: [{turn: Three}]", "otherwise: fail")
    plans = [plan_of(tmp_path, said), plan_of(tmp_path, said.replace("    - otherwise: fail\n", ""))]

    assert [plan.turns[0].leads for plan in plans] == [{"1": 1, "2": 3, "none": 3}] * 2


def test_blocks_without_a_name_are_called_by_their_line(tmp_path: Path) -> None:
    """Turns have their number, passes theirs behind it, also where they lie in one another."""
    turns = """
    - choose: [{when: {says: hello}, turns: [{caller: {dtmf: "1"}}]}]
    - repeat: {until: {says: enough}, at_most: 2}
      turns:
        - repeat: {times: 2}
          turns: [{turn: Again, caller: {dtmf: "1"}}]
    - together: [{expect: {says: hello}}, {expect: {says: you}}]
    """
    assert names(plan_of(tmp_path, turns)) == [
        "choose (line 5)",
        "turn 2",
        "Again",
        "Again (1.2)",
        "until (line 6)",
        "Again (2.1)",
        "Again (2.2)",
        "until (line 6) (2)",
        "together (line 10)",
    ]


def test_the_last_pass_is_exhausted_and_the_others_go_on(tmp_path: Path) -> None:
    """Every pass may be the last one."""
    plan = plan_of(tmp_path, "- repeat: {until: {says: no}, at_most: 2}\n  turns: [{turn: A}]\n- turn: B\n")

    assert [turn.leads for turn in plan.turns] == [
        {"done": 1},
        {"done": 4, "again": 2},
        {"done": 3},
        {"done": 4, "exhausted": 4},
        {"done": None},
    ]


@pytest.mark.parametrize(
    ("following", "takes"),
    [
        ("- {turn: B}", False),
        ("- {turn: B, caller: {dtmf: '2'}}", True),
        ("- choose: [{when: {says: hello}, turns: []}]", False),
        ("- together: [{expect: {says: hello}}, {expect: {says: you}}]", False),
        ("- repeat: {times: 2}\n  turns: [{turn: B}]", False),
        ("- repeat: {times: 2}\n  turns: [{turn: B, caller: {dtmf: '2'}}]", True),
        ("- {turn: B, when: {reply: {says: hello}}}", True),
        ("- {turn: B, when: {code: {at_least: 3}}}\n- {turn: C}", False),
        ("- {turn: B, when: {code: {at_least: 3}}}\n- {turn: C, caller: {dtmf: '2'}}", True),
        ("- {turn: B, when: {code: {at_least: 3}}}", True),
        ("- when: {code: {at_least: 3}}\n  repeat: {times: 2}\n  turns: [{turn: B}]\n- {turn: C}", False),
        ("- when: {reply: {says: a}}\n  repeat: {times: 2}\n  turns: [{turn: B}]\n- {turn: C}", True),
    ],
)
def test_a_turn_takes_no_reply_where_whatever_follows_takes_it(
    tmp_path: Path, following: str, *, takes: bool
) -> None:
    """It is left to a choice or a listening turn, if one comes on every way and nobody asks before."""
    capture = "- {turn: First, expect: {says: {matches: '(?P<code>[0-9]+)'}}}\n"
    plan = plan_of(tmp_path, f"{capture}- {{turn: A, caller: {{dtmf: '1'}}}}\n{following}\n")

    assert plan.turns[1].takes_reply is takes


def test_the_last_turn_of_a_pass_takes_the_reply_that_is_asked_about(tmp_path: Path) -> None:
    """`until` takes no reply: it looks at the one that the turn before it took."""
    plan = plan_of(
        tmp_path,
        "- repeat: {until: {says: no}, at_most: 2}\n  turns: [{turn: A, caller: {dtmf: '1'}}]\n- {turn: B}\n",
    )

    assert [turn.takes_reply for turn in plan.turns] == [True, False, True, False, True]


CUT_IN = "{turn: Cut in, caller: {audio: clip.wav, interrupt: {after: 1 s}}}"


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        (f"- {{turn: A}}\n- repeat: {{times: 1}}\n  turns: [{CUT_IN}]", ""),
        (f"- choose:\n    - when: {{says: a}}\n      turns: [{{turn: A}}]\n- {CUT_IN}", ""),
        (
            f"- choose:\n    - when: {{says: a}}\n      turns: [{CUT_IN}]",
            "the branch is chosen when the reply is over, so there is nothing to interrupt",
        ),
        (
            f"- choose:\n    - when: {{says: a}}\n      turns: []\n- {CUT_IN}",
            "the branch is chosen when the reply is over, so there is nothing to interrupt",
        ),
        (
            f"- repeat: {{until: {{says: a}}, at_most: 2}}\n  turns: [{{turn: A}}]\n- {CUT_IN}",
            "'until (line 4)' is decided when the reply is over, so there is nothing to interrupt",
        ),
        (
            "- {turn: A}\n" + f"- {CUT_IN}".replace("turn: Cut in", "turn: Cut in, when: {reply: {says: a}}"),
            "whether this turn is run is decided when the reply is over, so there is nothing to interrupt",
        ),
        (
            f"- {{turn: A}}\n- {{turn: B, when: {{reply: {{says: a}}}}}}\n- {CUT_IN}",
            "where 'B' is not run, no reply is left to interrupt",
        ),
    ],
)
def test_an_interruption_needs_a_reply_that_goes_on_on_every_way(
    tmp_path: Path, turns: str, why: str
) -> None:
    """Where a decision lies between, the reply is over: that is refused before any call."""
    made = compiled(tmp_path, turns)

    assert [problem.message for problem in made.problems] == ([why] if why else [])
    if made.plan is not None:
        before = made.plan.predecessors(len(made.plan.turns) - 1)
        assert [turn.interrupted for turn in before if turn.role == "turn"] == [True]


def test_a_turn_before_an_interruption_in_every_branch_is_left_when_its_reply_is_heard(
    tmp_path: Path,
) -> None:
    """Whichever branch was taken, its last turn is the one that is talked over."""
    turns = f"""
    - turn: Which
      choose:
        - {{when: {{says: a}}, turns: [{{turn: A}}]}}
        - {{when: {{says: b}}, turns: [{{turn: B}}]}}
    - {CUT_IN}
    """
    plan = plan_of(tmp_path, turns)

    assert [turn.interrupted for turn in plan.turns] == [False, True, True, False]


@pytest.mark.parametrize(
    ("turns", "refused"),
    [
        ("- {turn: A, caller: {hangup: true}}\n- {turn: B}", True),
        ("- choose: [{when: {says: a}, turns: [{caller: {hangup: true}}]}]\n- {turn: B}", False),
        ("- choose: [{otherwise: [{caller: {hangup: true}}]}]\n- {turn: B}", True),
    ],
)
def test_a_turn_that_no_way_leads_to_is_refused(tmp_path: Path, turns: str, *, refused: bool) -> None:
    """One branch may hang up; where all do, nothing can come after."""
    assert [problem.kind for problem in compiled(tmp_path, turns).problems] == ["after-hangup"] * refused


def test_teardown_may_follow_a_hang_up(tmp_path: Path) -> None:
    """It is for calls that are still up."""
    plan = plan_of(
        tmp_path, "- {caller: {hangup: true}}\n", head="teardown: [{turn: Clean}]\nsetup: [{turn: Prepare}]\n"
    )

    assert [turn.part for turn in plan.turns] == ["setup", "body", "teardown"]
    assert plan.teardown == 2


def test_what_a_branch_asks_must_be_told_by_somebody(tmp_path: Path) -> None:
    """A condition on words that nobody gives an account of is refused, as the expectation is."""
    bare = setting(TELEPHONE, TargetKind.BARE)
    made = compiled(
        tmp_path,
        "- choose: [{when: {says: a}, turns: []}]\n- {turn: B, when: {reply: {calls: [f]}}}\n",
        bare,
        head="functions: {f: {}}\n",
    )

    assert Source.WORDS not in bare.capabilities.gives
    assert [problem.kind for problem in made.problems] == ["no-source", "no-source"]


@pytest.mark.parametrize(
    ("condition", "skipped"),
    [
        ("when: {plan: gold}", "'plan' is not what `when` asks for"),
        ("when: {plan: silver}", ""),
        ("when: [{plan: silver}, {size: {at_least: 3}}]", "'size' is not what `when` asks for"),
        ("unless: {plan: silver}", "'plan' is what `unless` asks for"),
        ("unless: [{plan: silver}, {size: 3}]", ""),
        ("when: {plan: {one_of: [silver, gold]}}", ""),
    ],
)
def test_conditions_on_known_variables_are_decided_here(tmp_path: Path, condition: str, skipped: str) -> None:
    """What is known before the call is no question to it."""
    where = replace(setting(), holds=variable_holds)
    head = "variables: {plan: silver, size: 2}\n"
    plan = plan_of(tmp_path, f"- {{turn: A, {condition}}}\n- {{turn: B}}\n", where, head)

    assert plan.turns[0].skipped == skipped
    assert not plan.turns[0].is_conditional


def test_the_row_of_examples_goes_before_the_scenarios_variables(tmp_path: Path) -> None:
    """A condition sees the row's value."""
    where = replace(setting(), holds=variable_holds, row={"plan": "gold"})
    plan = plan_of(
        tmp_path, "- {turn: A, when: {plan: gold}}\n- {turn: B}\n", where, "variables: {plan: silver}\n"
    )

    assert plan.turns[0].skipped == ""
    assert plan.variables["plan"] == "gold"


def test_a_block_that_is_not_run_here_has_no_turns_here(tmp_path: Path) -> None:
    """All turns of it are skipped, with its reason."""
    turns = """
    - when: {supports: text}
      repeat: {until: {says: a}, at_most: 2}
      turns: [{turn: A}]
    - {turn: B}
    """
    plan = plan_of(tmp_path, turns)

    assert [bool(turn.skipped) for turn in plan.turns] == [True, True, True, True, False]
    assert {turn.skipped for turn in plan.turns} == {"twilio does not support text here", ""}
    assert [step.turn for step in plan.graph.steps if step.turn is not None] == [4, 4]


def test_a_repetition_of_nothing_is_not_decided(tmp_path: Path) -> None:
    """Where none of its turns is run here, it is not tested either."""
    turns = """
    - repeat: {until: {says: a}, at_most: 2}
      turns: [{turn: A, when: {supports: text}}]
    - {turn: B}
    """
    plan = plan_of(tmp_path, turns)

    assert [turn.name for turn in plan.active] == ["B"]


FRAGMENT = """
fragment: Press
parameters: {pin: , who: Al}
turns:
  - {turn: Press, caller: {dtmf: "{{ pin }}"}}
  - {turn: Silent, caller: {silence: 1 s}}
"""


def test_the_turns_of_a_fragment_stand_in_its_place(tmp_path: Path) -> None:
    """With the values that it was given, and defaults for the rest."""
    made = with_fragments(
        tmp_path,
        "- {use: parts/press.yaml, with: {pin: '42'}}\n- {turn: B}\n",
        {"parts/press.yaml": FRAGMENT},
    )
    assert made.plan is not None
    plan = made.plan

    assert names(plan) == ["Press", "Silent", "B"]
    assert plan.turns[0].frames == ({"who": "Al", "pin": "42"},)
    assert next(getattr(step, "digits", "") for step in plan.graph.steps if step.turn == 0) == "42"
    assert variables_for(plan, 0, {}) == {"pin": "42", "who": "Al"}
    assert variables_for(plan, 0, {"who": "Cy"})["who"] == "Cy"
    assert variables_for(plan, 2, {}) == {"pin": "9", "who": "Bo"}


def test_fragments_use_fragments(tmp_path: Path) -> None:
    """A value for the inner one is worked out by the outer one's."""
    outer = "fragment: Outer\nparameters: [code]\nturns: [{use: press.yaml, with: {pin: '{{ code }}1'}}]\n"
    files = {"parts/press.yaml": FRAGMENT, "parts/outer.yaml": outer}
    made = with_fragments(tmp_path, "- {use: parts/outer.yaml, with: {code: '7'}}\n", files)
    assert made.plan is not None

    assert variables_for(made.plan, 0, {})["pin"] == "71"


def test_a_value_that_needs_a_capture_has_none_before_it() -> None:
    """It hides the name outside, too: nothing is taken for something else."""
    frames = ({"pin": "{{ code }}"},)

    assert scoped({"pin": "9"}, frames, {}) == {}
    assert scoped({"pin": "9"}, frames, {"code": "4"}) == {"pin": "4", "code": "4"}


def test_there_are_at_most_500_turns(tmp_path: Path) -> None:
    """More are a problem at the block that makes them, not a plan that never ends."""
    many = "- repeat: {times: 100}\n  turns:\n    - repeat: {times: 5}\n      turns: [{turn: A}]\n"
    more = many.replace("times: 5", "times: 100")

    assert compiled(tmp_path, many).plan is not None
    (problem,) = compiled(tmp_path, more).problems
    assert (problem.kind, problem.span.line) == ("too-many-turns", 4)


def test_a_plan_that_branches_can_be_shown(tmp_path: Path) -> None:
    """Every way out of a decision is told, in words, as a picture and as data."""
    plan = plan_of(tmp_path, CHOICE + "- repeat: {until: {says: no}, at_most: 2}\n  turns: [{turn: A}]\n")
    text, picture, document = as_text(plan), as_mermaid(plan), as_document(plan)

    assert "     choose the branch by this reply\n" in text
    assert "if otherwise: listen to the reply, for at most 15 s (Three)" in text
    assert '|"otherwise"|' in picture
    assert '|"again"|' in picture
    assert '    subgraph t0["' in picture
    assert picture.count("subgraph ") == picture.count("\n    end\n")
    edges = {(edge["from"], edge["when"]): edge["to"] for edge in document["edges"]}
    assert edges["turn 1 check", "2"] == "turn 5 listen"
    assert edges["turn 7 until", "again"] == "turn 8 listen"
    assert edges["turn 9 until", "exhausted"] == "watch"


def test_a_choice_can_be_the_first_turn_over_realtime(tmp_path: Path) -> None:
    """It listens, so the agent is asked to begin."""
    plan = plan_of(tmp_path, CHOICE, setting(TEXT, protocol="realtime"))

    assert getattr(plan.graph.start, "greets", None) is True
