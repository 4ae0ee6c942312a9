"""What a model judged, read from derived evidence: advisory, unless a gate is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from support_checks import (
    CONTEXT,
    INTENTS,
    Replied,
    as_text,
    began,
    call,
    ended,
    golden,
    over,
    plan_of,
    responded,
    said,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.derived import Derived, DerivedState
from turnspec.checks import Context, judge_call, judge_turn
from turnspec.checks.open_questions import open_questions
from turnspec.checks.questions import INTENT, JUDGE, Question
from turnspec.results import Finding, Outcome, Status
from turnspec.speech.engines import engine
from turnspec.speech.intents import Intents

ASKS = "turn: Report\ncaller: I lost my card\n"
KIND = "the agent is kind"
REPLY = "Your card is blocked, reference R-1042."
SILENCE = call(began(0, 60), spoke(0, 100, 1_000), over(0, 16_000, "no-reply"), ended(16_020), agent=tones())
UNHEARD = call(began(0, 60), spoke(0, 100, 1_000), over(0, 3_000), ended(4_000), agent=tones((1_500, 2_500)))
EMBEDDED = Intents(
    {name: INTENTS.all[name] for name in ("card_blocked",)}, engine("endpoint", "text-embedding-3-small")
)


def answer(
    verdict: str = "", reason: str = "", *, state: DerivedState = DerivedState.OK, text: str = KIND
) -> Derived:
    """What the model said of turn 0, or why it said nothing."""
    ok = state is DerivedState.OK
    given = {"verdict": verdict, "reason": reason} if ok else {}
    return Derived(JUDGE, 0, text, "judge", "gpt-4o-mini", "k1", state, {}, given, "" if ok else reason)


YES = answer("yes", "It says what was done and gives a reference.")
NO = answer("no", "It shows no sympathy for the loss.")
UNCLEAR = answer("unclear", "One sentence is too little to tell.")
FAILED = answer("", "the endpoint did not answer within 20 s", state=DerivedState.FAILED)
REFUSED = answer("", "the model refused: I cannot help with that", state=DerivedState.REFUSED)

ADVISORY: Final = f"{{judge: {KIND}}}"
GATE: Final = f"{{judge: {{question: {KIND}, gate: true}}}}"
CASES: Final[dict[str, tuple[str, Snapshot, tuple[Derived, ...], Status]]] = {
    "judge-held": (ADVISORY, Replied().view(), (YES,), Status.PASSED),
    "judge-advisory": (ADVISORY, Replied().view(), (NO,), Status.NOTE),
    "judge-unclear": (ADVISORY, Replied().view(), (UNCLEAR,), Status.NOTE),
    "judge-unanswered": (ADVISORY, Replied().view(), (FAILED,), Status.NOTE),
    "judge-silence": (ADVISORY, SILENCE, (), Status.NOTE),
    "judge-unheard": (ADVISORY, UNHEARD, (), Status.NOTE),
    "judge-gate-held": (GATE, Replied().view(), (YES,), Status.PASSED),
    "judge": (GATE, Replied().view(), (NO,), Status.FAILED),
    "judge-gate-unclear": (GATE, Replied().view(), (UNCLEAR,), Status.NOT_EXERCISED),
    "judge-gate-unanswered": (GATE, Replied().view(), (FAILED,), Status.NOT_EXERCISED),
    "judge-gate-refused": (GATE, Replied().view(), (REFUSED,), Status.NOT_EXERCISED),
    "judge-gate-silence": (GATE, SILENCE, (), Status.FAILED),
    "judge-gate-unheard": (GATE, UNHEARD, (), Status.NOT_EXERCISED),
    "judge-gate-unasked": (GATE, Replied().view(), (), Status.NOT_EXERCISED),
    "judge-no-verdict": (GATE, Replied().view(), (answer("perhaps"),), Status.NOT_EXERCISED),
}


def findings(expect: str, view: Snapshot, context: Context, kind: str) -> list[Finding]:
    """The findings of one kind in a call of one turn."""
    verdict = judge_call(plan_of(turns(f"{ASKS}expect: {expect}")), view, context)
    return [finding for finding in verdict.turns[0].findings if finding.kind == kind]


@pytest.mark.parametrize("name", CASES)
def test_a_judgement_can_be_understood_alone(name: str) -> None:
    """What was asked, what the model said and why, whether it could fail the turn, and who judged."""
    expect, view, derived, status = CASES[name]
    found = findings(expect, view, replace(CONTEXT, derived=derived), "judge")
    text = "\n".join(map(as_text, found))

    assert [each.status for each in found] == [status]
    assert text == golden(name, text)


@pytest.mark.parametrize("name", CASES)
def test_only_a_gate_can_fail_a_turn(name: str) -> None:
    """An advisory judgement never does, whatever came of it."""
    expect, view, derived, status = CASES[name]
    verdict = judge_call(plan_of(turns(f"{ASKS}expect: {expect}")), view, replace(CONTEXT, derived=derived))
    others = [finding for finding in verdict.turns[0].findings if finding.kind != "judge"]

    if not any(finding.fails for finding in others):
        failing = status in {Status.FAILED, Status.NOT_EXERCISED}
        assert (verdict.turns[0].outcome is Outcome.FAILED) is failing


@pytest.mark.parametrize(
    ("written", "project", "status"),
    [
        (KIND, True, Status.FAILED),
        (KIND, False, Status.NOTE),
        (f"{{question: {KIND}, gate: false}}", True, Status.NOTE),
        (f"{{question: {KIND}, gate: true}}", False, Status.FAILED),
    ],
)
def test_a_question_knows_better_than_the_project(written: str, *, project: bool, status: Status) -> None:
    """`gate` of the project is for questions that do not say."""
    context = replace(CONTEXT, derived=(NO,), judge_gates=project)

    assert [
        each.status for each in findings(f"{{judge: {written}}}", Replied().view(), context, "judge")
    ] == [status]


def test_what_is_asked_is_the_filled_in_sentence_with_all_words_so_far() -> None:
    """Turns count from 1; later turns are not told, nor turns that nobody judges."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000, "hello"),
        responded(1_200, "r1"),
        said("Who is there?", 1_300, 500, response="r1", item="i1"),
        over(0, 2_000),
        began(1, 2_000),
        spoke(1, 2_100, 3_000, "it is Bo"),
        responded(3_200, "r2"),
        said("Welcome Bo.", 3_300, 500, response="r2", item="i2"),
        over(1, 4_000),
        began(2, 4_000),
        spoke(2, 4_100, 5_000, "bye"),
        responded(5_200, "r3"),
        said("Goodbye.", 5_300, 500, response="r3", item="i3"),
        over(2, 6_000),
        ended(6_500),
        agent=tones((1_300, 1_800), (3_300, 3_800), (5_300, 5_800)),
    )
    written = turns(
        "caller: hello",
        'caller: it is Bo\nexpect: {judge: ["greets {{ name }}", is short]}',
        "caller: bye\nexpect: {says: goodbye}",
    ).replace("turns:", "variables: {name: Bo}\nturns:")
    so_far = (
        (1, "caller", "hello"),
        (1, "agent", "Who is there?"),
        (2, "caller", "it is Bo"),
        (2, "agent", "Welcome Bo."),
    )

    assert open_questions(plan_of(written), view, CONTEXT) == (
        Question(JUDGE, 1, "greets Bo", so_far),
        Question(JUDGE, 1, "is short", so_far),
    )


@pytest.mark.parametrize("view", [SILENCE, UNHEARD])
def test_nothing_is_asked_where_there_are_no_words(view: Snapshot) -> None:
    """A model is not paid for what cannot be judged."""
    plan = plan_of(turns(f"{ASKS}expect: {{judge: {KIND}, intent: card_blocked}}"))

    assert open_questions(plan, view, Context(intents=EMBEDDED)) == ()


def test_a_secret_in_a_question_stays_here() -> None:
    """The model gets the sentence with the secret blacked out, and its answer is found all the same."""

    def mask(text: str) -> str:
        return text.replace("4821", "***")

    expect = "{judge: it reads back 4821}"
    context = replace(CONTEXT, mask=mask, derived=(answer("no", "It does not.", text="it reads back ***"),))
    asked = open_questions(plan_of(turns(f"{ASKS}expect: {expect}")), Replied().view(), context)
    found = findings(expect, Replied().view(), context, "judge")

    assert [question.text for question in asked] == ["it reads back ***"]
    assert [(each.status, each.expected) for each in found] == [(Status.NOTE, "it reads back ***")]


def test_while_the_call_is_up_nothing_is_judged_yet() -> None:
    """Neither a gate nor an endpoint's intent fails a turn before anybody could be asked."""
    view = Snapshot(
        tuple(event for event in Replied().view().events if event.kind not in {"call-ended", "hung-up"})
    )
    up = Snapshot(view.events[:-2])
    plan = plan_of(turns(f"{ASKS}expect: {{judge: {{question: {KIND}, gate: true}}, intent: greeting}}"))
    turn = judge_turn(plan, 0, up, Context(intents=EMBEDDED))

    assert [finding.kind for finding in turn.findings if finding.kind in {"judge", "intent"}] == []


def likened(**scores: float) -> Derived:
    """What an endpoint's embeddings came to for the reply."""
    given = {name: {"score": score, "why": "like 'your card is blocked'"} for name, score in scores.items()}
    model = "text-embedding-3-small"
    return Derived(INTENT, 0, REPLY, "endpoint", model, "k2", DerivedState.OK, {}, {"scores": given})


NOT_ASKED = Derived(
    INTENT,
    0,
    REPLY,
    "endpoint",
    "m",
    "k2",
    DerivedState.FAILED,
    {},
    {},
    "the endpoint cannot be reached: refused",
)


def test_an_endpoint_is_asked_about_each_reply_with_an_intent() -> None:
    """Once a reply, whatever its intents; an engine at hand needs no question."""
    plan = plan_of(turns(f"{ASKS}expect: {{intent: [card_blocked, greeting]}}"))

    assert open_questions(plan, Replied().view(), Context(intents=EMBEDDED)) == (Question(INTENT, 0, REPLY),)
    assert open_questions(plan, Replied().view(), CONTEXT) == ()


@pytest.mark.parametrize(
    ("name", "intent", "derived", "status"),
    [
        ("intent-endpoint", "greeting", (likened(card_blocked=0.3, greeting=0.61),), Status.FAILED),
        ("intent-endpoint-held", "greeting", (likened(greeting=0.91),), Status.PASSED),
        ("intent-endpoint-unanswered", "greeting", (NOT_ASKED,), Status.NOT_EXERCISED),
        ("intent-endpoint-by-rule", "card_blocked", (NOT_ASKED,), Status.PASSED),
    ],
)
def test_intents_of_an_endpoint_are_read_from_its_answers(
    name: str, intent: str, derived: tuple[Derived, ...], status: Status
) -> None:
    """With the runner-up and the engine; without an answer it is not exercised, unless a rule holds."""
    context = Context(intents=EMBEDDED, derived=derived)
    found = findings(f"{{intent: {intent}}}", Replied().view(), context, "intent")
    text = "\n".join(map(as_text, found))

    assert [each.status for each in found] == [status]
    assert text == golden(name, text)
