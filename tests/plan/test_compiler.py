"""The compiler: which steps a scenario becomes, and what a setting refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support_plans import TELEPHONE, TEXT, compiled, plan_of, setting
from turnspec.call import Capability
from turnspec.dsl.problems import render_problem, render_problems
from turnspec.plan import CallPlan, TargetKind, as_document, as_mermaid, as_text, graph

TURNS = """
- turn: Greeting
  expect: {says: welcome}
- turn: Menu
  caller: {audio: clip.wav, text: hello}
- turn: Cut in
  caller: {audio: clip.wav, text: stop, interrupt: {after: 1 s}}
  expect: {stops: true}
  budget: {barge_in: 300 ms}
- turn: Key
  caller: [{dtmf: "1#"}, {silence: 1 s}]
- turn: Bye
  caller: {hangup: true}
"""


SPOKEN = replace(TEXT, can=TEXT.can | {Capability.AUDIO, Capability.INTERRUPT})


def _kinds(plan: CallPlan) -> list[str]:
    return [step.id for step in plan.graph.steps]


def test_what_is_said_is_written_where_only_text_is_taken(tmp_path: Path) -> None:
    """A voice that is installed changes nothing for a target that hears nothing; elsewhere it is heard."""
    turns = "- caller: hello\n"
    written, spoken = (plan_of(tmp_path, turns, replace(setting(can), speaks=True)) for can in (TEXT, SPOKEN))

    assert isinstance(written.graph.steps[1], graph.SendText)
    assert isinstance(spoken.graph.steps[1], graph.Speak)


def test_steps_follow_the_turns(tmp_path: Path) -> None:
    """Every turn becomes its actions, a listen where it takes a reply, and a check."""
    assert _kinds(plan_of(tmp_path, TURNS)) == [
        "connect",
        "turn 1 listen",
        "turn 1 check",
        "turn 2 speak 1",
        "turn 2 listen",
        "turn 2 check",
        "turn 3 interrupt 1",
        "turn 3 listen",
        "turn 3 check",
        "turn 4 dtmf 1",
        "turn 4 wait 2",
        "turn 4 listen",
        "turn 4 check",
        "turn 5 hang up 1",
        "turn 5 check",
        "watch",
        "end",
    ]


def test_a_turn_without_expectations_leaves_its_reply_to_a_listening_turn(tmp_path: Path) -> None:
    """One turn, one reply: the turn that only listens takes it."""
    plan = plan_of(tmp_path, "- caller: {audio: clip.wav}\n- turn: Listen\n")

    assert [turn.takes_reply for turn in plan.turns] == [False, True]


def test_the_nearest_budget_wins_and_says_whether_it_must_be_measured(tmp_path: Path) -> None:
    """A turn's own budget is required; one inherited from the scenario is not."""
    head = "budgets: {response: 2 s, gap: 700 ms, call: 60 s}\n"
    plan = plan_of(tmp_path, "- caller: {audio: clip.wav}\n  budget: {response: 800 ms}\n", head=head)

    limits = {name: (limit.us, limit.required) for name, limit in plan.turns[0].limits.items()}
    assert limits == {"response": (800_000, True), "gap": (700_000, False)}
    assert {name: limit.us for name, limit in plan.limits.items()} == {"call": 60_000_000}


def test_patience_is_as_long_as_the_longest_expectation(tmp_path: Path) -> None:
    """Fifteen seconds, or longer where an expectation needs longer."""
    plan = plan_of(tmp_path, "- expect: {silent: 40 s, says: hello}\n- expect: {says: hello}\n")

    assert [turn.patience_us for turn in plan.turns] == [40_000_000, 15_000_000]


@pytest.mark.parametrize(
    ("turns", "where", "kind", "at"),
    [
        ("- caller: {text: hello}\n", setting(), "cannot-do", "talk.yaml:4:13"),
        (
            '- caller: {dtmf: "1"}\n',
            setting(TEXT, TargetKind.BARE, "realtime"),
            "cannot-do",
            "talk.yaml:4:13",
        ),
        ("- caller: {say: hello}\n", setting(), "no-voice", "talk.yaml:4:13"),
        ("- expect: {says: hi}\n", setting(TELEPHONE, TargetKind.BARE), "no-source", "talk.yaml:4:14"),
        (
            "- expect: {does_not_call: any}\n",
            setting(TELEPHONE, TargetKind.BARE),
            "no-source",
            "talk.yaml:4:14",
        ),
        ("- caller: {audio: clip.wav, interrupt: {}}\n", setting(), "nothing-to-interrupt", "talk.yaml:4:13"),
        (
            "- turn: Greeting\n- caller: {say: stop, interrupt: {}}\n",
            setting(SPOKEN, TargetKind.BARE, "realtime"),
            "no-voice",
            "talk.yaml:5:13",
        ),
        (
            "- caller: {audio: clip.wav, backchannel: {}}\n",
            setting(),
            "nothing-to-interrupt",
            "talk.yaml:4:13",
        ),
        (
            "- turn: Greeting\n- caller: [{dtmf: '1'}, {audio: clip.wav, backchannel: {}}]\n",
            setting(),
            "late-interrupt",
            "talk.yaml:5:27",
        ),
        ("- expect: {stops: true}\n", setting(), "nobody-talks-over", "talk.yaml:4:14"),
        ("- expect: {keeps_speaking: false}\n", setting(), "nobody-talks-over", "talk.yaml:4:14"),
        (
            "- expect: {plays: clip.wav}\n",
            setting(TEXT, TargetKind.BARE, "realtime"),
            "cannot-do",
            "talk.yaml:4:14",
        ),
        (
            "- filler: one moment\n",
            setting(TELEPHONE, TargetKind.BARE),
            "no-source",
            "talk.yaml:4:5",
        ),
        ("- caller: [{hangup: true}, {dtmf: '1'}]\n", setting(), "after-hangup", "talk.yaml:4:30"),
        ("- caller: {hangup: true}\n- turn: Late\n", setting(), "after-hangup", "talk.yaml:5:5"),
        ("- expect: {hangup: true}\n- turn: Late\n", setting(), "after-hangup", "talk.yaml:5:5"),
    ],
)
def test_what_the_setting_cannot_do_is_refused_where_it_is_written(
    tmp_path: Path, turns: str, where: object, kind: str, at: str
) -> None:
    """Each refusal names what is lacking, at its line and column, and what to do instead."""
    made = compiled(tmp_path, turns, where)  # type: ignore[arg-type] # parametrized

    assert made.plan is None
    assert [(problem.kind, str(problem.span)) for problem in made.problems] == [(kind, at)]
    assert made.problems[0].help, render_problems(made.problems)


def test_a_gap_that_would_end_the_reply_is_warned_of_where_it_is_written(tmp_path: Path) -> None:
    """On a telephone no pause inside a reply is longer than what ends it; Realtime says when one is over."""
    turns = "- turn: Greeting\n- caller: {audio: clip.wav}\n  budget: {gap: 900 ms}\n"
    head = "budgets: {gap: 2 s}\nreply_ends_after: 850 ms\n"

    made = compiled(tmp_path, turns, head=head)
    fits = compiled(tmp_path, turns, head=head.replace("850 ms", "2 s"))
    told = compiled(tmp_path, "- turn: Greeting\n", setting(TEXT, TargetKind.BARE, "realtime"), head)

    assert made.plan is not None
    assert [(problem.kind, str(problem.span)) for problem in made.warnings] == [
        ("gap-ends-reply", "talk.yaml:3:16"),
        ("gap-ends-reply", "talk.yaml:8:19"),
    ]
    assert render_problem(made.warnings[0]).startswith("warning[gap-ends-reply]: after 850 ms of silence")
    assert fits.warnings == ()
    assert "gap-ends-reply" not in {problem.kind for problem in told.warnings}


def test_a_say_is_sent_as_text_where_there_is_no_voice_but_text(tmp_path: Path) -> None:
    """On Realtime without a synthesiser, `say` becomes text."""
    plan = plan_of(tmp_path, "- caller: {say: hello}\n", setting(TEXT, TargetKind.BARE, "realtime"))

    assert plan.utterances == ()
    assert "send 'hello'" in as_text(plan)


def test_a_plan_reads_as_text(tmp_path: Path) -> None:
    """The text form names each turn, what is done in it, and what leads elsewhere."""
    text = as_text(plan_of(tmp_path, TURNS))

    assert "  3. Cut in\n     after 1 s of its speech, say 'stop'\n" in text
    assert "if missed: check stops, budget barge_in" in text
    assert "press 1#" in text


def test_a_plan_draws_as_mermaid(tmp_path: Path) -> None:
    """Every step is a node and every edge is drawn with its condition."""
    plan = plan_of(tmp_path, TURNS)
    drawn = as_mermaid(plan)

    assert drawn.startswith("flowchart TD\n")
    assert drawn.count("-->") == len(plan.graph.edges)
    assert '|"no reply"|' in drawn


def test_a_plan_is_data(tmp_path: Path) -> None:
    """The JSON form has every step with its place, and every edge."""
    plan = plan_of(tmp_path, TURNS)
    document = as_document(plan)

    assert [step["id"] for step in document["steps"]] == _kinds(plan)
    assert document["steps"][1]["line"] == 5
    assert {"from": "connect", "to": "turn 1 listen", "when": "done"} in document["edges"]


def test_functions_that_can_give_nothing_back_are_refused(tmp_path: Path) -> None:
    """A template of a function without an outcome is found before anybody calls it."""
    functions = (
        "functions: {f: {returns: {a: '{{ 1 / no }}'}}, g: {returns_in_turn: [{b: '{{ 2 / no }}'}]}}\n"
    )
    made = compiled(tmp_path, "- turn: Greeting\n", head=functions + "variables: {no: 0}\n")

    found = [(problem.kind, str(problem.span)) for problem in made.problems]
    assert found == [("bad-template", "talk.yaml:3:30"), ("bad-template", "talk.yaml:3:74")]
