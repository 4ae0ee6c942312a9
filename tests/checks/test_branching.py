"""Calls that branch, from literal evidence: what is decided, and how such a call is judged."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from support_checks import (
    CONTEXT,
    as_text,
    began,
    call,
    ended,
    golden,
    over,
    plan_of,
    responded,
    said,
    scenario_of,
    spoke,
    tones,
    turns,
)
from turnspec.call import MULAW_8K, Capabilities, Capability, Identity, Snapshot
from turnspec.call.events import (
    AgentHungUp,
    CallEnded,
    CallerHungUp,
    Captured,
    Closer,
    Decided,
    Event,
    TurnJudged,
)
from turnspec.checks import CallVerdict, judge_call, judge_turn
from turnspec.checks.captures import variables
from turnspec.checks.context import Context
from turnspec.checks.decisions import Decision, decide, variable_holds
from turnspec.dsl import Matcher
from turnspec.plan import CallPlan, Setting, TargetKind, compile_call
from turnspec.results import Outcome, Status

ASK = "turn: Ask\ncaller: I lost my card"
WHICH = """\
turn: Which
choose:
  - when: {says: your PIN}
    turns: [{turn: Tell, caller: one}]
  - when: [{says: {matches: 'agents are (?P<what>[a-z]+)'}}, {does_not_say: open}]
    turns: [{turn: Wait, caller: two}, {turn: Leave, caller: {hangup: true}}]"""
AFTER = "turn: After\ncaller: bye"
MORE = """\
repeat: {until: {says: anything else}, at_most: 2}
turns: [{turn: More, caller: more}]"""


def decided(turn: int, at_ms: int, question: str, outcome: str, why: str = "") -> Event:
    """A decision in the record."""
    return Decided(at_us=at_ms * 1_000, turn=turn, question=question, outcome=outcome, why=why)


def replied(*events: Event | tuple[Event, ...], text: str = "Sorry.") -> Snapshot:
    """The caller asks until 1 s and the agent answers from 1.5 s on, in turn 1; then these events."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 1_000, ""),
        began(1, 1_000),
        responded(1_200, "r1"),
        said(text, 1_300),
        *events,
        agent=tones((1_500, 2_500)),
    )


def judged(view: Snapshot, *written: str) -> CallVerdict:
    """What judging comes to."""
    return judge_call(plan_of(turns(*written)), view, CONTEXT)


def choice(text: str, *written: str) -> Decision:
    """What is decided at the choice after this reply."""
    return decide(plan_of(turns(ASK, WHICH, *written)), 1, "choose", replied(text=text), CONTEXT)


def test_the_first_branch_of_which_all_holds_is_taken() -> None:
    """In the order of the file; what was captured in it comes along."""
    assert choice("Please tell me your PIN. All our agents are busy.") == Decision("1")
    second = choice("All our agents are busy.")

    assert (second.outcome, second.captured) == ("2", {"what": "busy"})
    assert second.why.startswith('1: The agent did not say "your PIN"')


def test_one_condition_of_a_branch_that_does_not_hold_is_enough() -> None:
    """A list is all of them, and each says why it does not hold."""
    none = choice("All our agents are busy, but we are open.")

    assert (none.outcome, none.captured) == ("none", {})
    assert [line[:2] for line in none.why.splitlines()] == ["1:", "2:"]
    assert 'The agent said "open"' in none.why.splitlines()[1]


def test_silence_is_no_branch() -> None:
    """What nobody said holds no condition on words."""
    plan = plan_of(turns(ASK, WHICH))
    view = call(began(0, 60), spoke(0, 100, 1_000), began(1, 1_000), agent=tones())

    assert decide(plan, 1, "choose", view, CONTEXT).outcome == "none"


def test_words_that_are_not_known_hold_nothing() -> None:
    """Speech was heard, but nobody gave its words: no branch is taken for that, and the reason is told."""
    plan = plan_of(turns(ASK, WHICH))
    view = call(began(0, 60), spoke(0, 100, 1_000), began(1, 1_000), agent=tones((1_500, 2_500)))
    decision = decide(plan, 1, "choose", view, CONTEXT)

    assert decision.outcome == "none"
    assert "the model's transcript has no words of it" in decision.why


def test_a_pass_is_the_last_one_where_no_more_are_allowed() -> None:
    """The same answer goes on in one pass and is exhausted in the last."""
    plan = plan_of(turns(MORE))
    first = call(began(0, 60), spoke(0, 100, 1_000), responded(1_200, "r1"), said("Hm.", 1_300))
    done = call(began(0, 60), spoke(0, 100, 1_000), responded(1_200, "r1"), said("Anything else?", 1_300))

    assert decide(plan, 1, "until", first, CONTEXT).outcome == "again"
    assert decide(plan, 3, "until", first, CONTEXT).outcome == "exhausted"
    assert decide(plan, 1, "until", done, CONTEXT) == Decision("done")


CONDITIONAL = "turn: Maybe\n{}\ncaller: hello"


@pytest.mark.parametrize(
    ("condition", "outcome", "why"),
    [
        ("when: {reply: {says: sorry}}", "run", ""),
        ("when: {reply: {says: hello}}", "skip", 'The agent did not say "hello"; it said "Sorry."'),
        ("when: {code: '17'}", "run", ""),
        ("when: {code: {equals: '18'}}", "skip", 'code is "17", not "18"'),
        ("when: {code: {one_of: ['17', '18']}}", "run", ""),
        (
            "when: [{code: '17'}, {reply: {says: hello}}]",
            "skip",
            'The agent did not say "hello"; it said "Sorry."',
        ),
        ("unless: {reply: {says: sorry}}", "skip", "what `unless` asks for is so"),
        ("unless: [{reply: {says: sorry}}, {code: '18'}]", "run", ""),
        ("when: {other: absent}", "run", ""),
        ("when: {other: any}", "skip", "other is missing; expected any value"),
    ],
)
def test_a_turn_is_run_where_its_conditions_hold(condition: str, outcome: str, why: str) -> None:
    """On the last reply and on what was captured; `when` wants all, `unless` is against all together."""
    catch = "turn: Catch\nexpect: {says: {matches: '(?P<code>[0-9]+)(?P<other>x)?'}}"
    plan = plan_of(turns(ASK, catch, CONDITIONAL.format(condition)))
    view = replied(Captured(at_us=1_400_000, turn=1, name="code", value="17"), over(1, 3_300))

    assert (got := decide(plan, 2, "condition", view, CONTEXT)).outcome == outcome
    assert got.why == why


def test_nobody_has_replied_before_the_first_turn() -> None:
    """A condition on the reply does not hold where there was none."""
    plan = plan_of(turns(CONDITIONAL.format("when: {reply: {says: hello}}")))

    assert decide(plan, 0, "condition", call(), CONTEXT) == Decision("skip", "the agent has not replied yet")


def test_secrets_in_conditions_are_found_in_masked_evidence() -> None:
    """A branch that asks for a secret holds where the record has its mask."""
    written = turns(ASK, "turn: Which\nchoose: [{when: {says: 'code {{ code }}'}, turns: []}]")
    plan = plan_of(f"{written}variables: {{code: hunter2}}\n")
    masking = Context(intents=CONTEXT.intents, mask=lambda text: text.replace("hunter2", "***"))

    assert decide(plan, 1, "choose", replied(text="Your code ***."), masking).outcome == "1"
    assert decide(plan, 1, "choose", replied(text="Your code 77."), masking).outcome == "none"


def matcher_of(condition: str) -> Matcher:
    """The matcher of a condition on a variable."""
    turn = next(scenario_of(turns(CONDITIONAL.format(condition))).plain_turns())
    return next(iter(turn.when[0].variables.values()))


@pytest.mark.parametrize(
    ("condition", "known", "holds"),
    [
        ("when: {plan: gold}", {"plan": "gold"}, True),
        ("when: {plan: gold}", {"plan": "silver"}, False),
        ("when: {plan: gold}", {}, False),
        ("when: {plan: absent}", {}, True),
        ("when: {plan: '{{ best }}'}", {"plan": "gold", "best": "gold"}, True),
        ("when: {plan: '{{ best }}'}", {"plan": "gold"}, None),
    ],
)
def test_a_variable_is_held_against_its_matcher(condition: str, known: dict[str, Any], holds: object) -> None:
    """What has no value is missing; a matcher that cannot be filled in yet decides nothing."""
    assert variable_holds("plan", matcher_of(condition), known) is holds


def test_what_a_turns_own_condition_caught_is_known_in_it() -> None:
    """It was caught before the turn began; what the turn itself catches is known only after it."""
    plan = plan_of(turns(ASK, CONDITIONAL.format("when: {reply: {says: {matches: '(?P<a>x)'}}}"), AFTER))
    before, within = (Captured(at_us=1_000_000, turn=1, name=name, value="v") for name in ("a", "b"))
    view = call(
        began(0, 60), over(0, 1_000), before, began(1, 1_000), within, over(1, 2_000), began(2, 2_000)
    )

    assert [set(variables(plan, index, view)) for index in range(3)] == [set(), {"a"}, {"a", "b"}]


def test_turns_of_other_branches_are_skipped_and_fail_nothing() -> None:
    """They were not to be run: the result says which branch was taken instead."""
    view = replied(
        decided(1, 3_300, "choose", "1"),
        over(1, 3_300),
        began(2, 3_300),
        spoke(2, 3_400, 4_000),
        responded(4_100, "r2"),
        said("Thanks.", 4_200, response="r2", item="i2"),
        over(2, 5_000),
        began(5, 5_000),
        responded(5_100, "r3"),
        said("Bye.", 5_200, response="r3", item="i3"),
        over(5, 6_000),
        ended(7_000),
        text="Your PIN?",
    )
    verdict = judged(view, ASK, WHICH, AFTER)

    assert verdict.outcome is Outcome.PASSED
    assert [turn.outcome.value for turn in verdict.turns] == ["passed"] * 3 + ["skipped"] * 2 + ["passed"]
    assert verdict.turns[3].why == '"Which" went on with branch 1'
    assert [turn.branch for turn in verdict.turns[2:5]] == [("Which: 1",), ("Which: 2",), ("Which: 2",)]
    assert [turn.decision for turn in verdict.turns] == ["", "1", "", "", "", ""]


def test_turns_that_the_call_should_have_come_to_still_count() -> None:
    """Of the branch that was taken, and of what follows: not of the other branch."""
    view = replied(decided(1, 3_300, "choose", "2"), over(1, 3_300), _hung_up(3_400), text="Agents are busy.")
    verdict = judged(view, ASK, WHICH, AFTER)
    (missed,) = [finding for finding in verdict.findings if finding.kind == "skipped"]

    assert missed.message.startswith("3 turns were not begun, because the agent hung up")
    assert missed.expected == "5 turns"
    assert verdict.turns[2].why == '"Which" went on with branch 2'


def _hung_up(at_ms: int) -> tuple[Event, ...]:
    at_us = at_ms * 1_000
    return AgentHungUp(at_us=at_us), CallEnded(at_us=at_us + 1_000, by=Closer.AGENT)


def test_a_branch_that_hangs_up_as_it_is_to_leaves_nothing_missed() -> None:
    """The end of the call was wanted, so what stands after the block is not missed."""
    hang_up = CallerHungUp(at_us=6_000_000)
    view = replied(
        decided(1, 3_300, "choose", "2"),
        over(1, 3_300),
        began(3, 3_300),
        spoke(3, 3_400, 4_000),
        responded(4_100, "r2"),
        said("Wait.", 4_200, response="r2", item="i2"),
        over(3, 5_900),
        began(4, 6_000),
        (hang_up, over(4, 6_000, "quiet"), CallEnded(at_us=6_001_000, by=Closer.CALLER)),
        text="Agents are busy.",
    )
    verdict = judged(view, ASK, WHICH, AFTER)

    assert verdict.outcome is Outcome.PASSED
    assert verdict.turns[5].why == 'the caller hung up in turn "Leave"'


def test_a_pass_that_was_not_needed_is_skipped() -> None:
    """After `done` the other passes are no turns of this call."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("Anything else?", 1_300),
        over(0, 3_300),
        decided(1, 3_300, "until", "done"),
        began(4, 3_300),
        spoke(4, 3_400, 4_000),
        responded(4_100, "r2"),
        said("Bye.", 4_200, response="r2", item="i2"),
        over(4, 6_000),
        ended(7_000),
        agent=tones((1_500, 2_500), (4_500, 5_000)),
    )
    verdict = judged(view, MORE, AFTER)
    test = verdict.turns[1]

    assert verdict.outcome is Outcome.PASSED
    assert (test.role, test.how, test.began_us, test.decision) == ("until", "decided", 3_300_000, "done")
    assert verdict.turns[2].why == '"until (line 4)" held'
    assert verdict.turns[3].outcome is Outcome.SKIPPED


def test_a_turn_that_its_condition_skipped_says_why() -> None:
    """It fails nothing."""
    view = replied(over(1, 3_300), decided(2, 3_300, "condition", "skip", "code is missing"), ended(4_000))
    verdict = judged(view, ASK, "turn: Listen", CONDITIONAL.format("when: {reply: {says: hello}}"))

    assert verdict.outcome is Outcome.PASSED
    assert (verdict.turns[2].outcome, verdict.turns[2].why) == (Outcome.SKIPPED, "code is missing")
    assert verdict.turns[2].decision == "skip"


def test_a_call_that_ends_between_a_decision_and_its_turn_misses_the_turn() -> None:
    """It was to be run."""
    view = replied(over(1, 3_300), decided(2, 3_300, "condition", "run"), _hung_up(3_300))
    verdict = judged(view, ASK, "turn: Listen", CONDITIONAL.format("when: {reply: {says: sorry}}"))

    assert verdict.outcome is Outcome.FAILED
    assert verdict.turns[2].why == 'the agent hung up in turn "Listen"'


def test_the_teardown_is_not_missed_but_what_it_follows_is() -> None:
    """After a turn that ends the call the teardown is run; the turns between are missed."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 16_000, "no-reply"),
        began(2, 16_000),
        spoke(2, 16_100, 16_900),
        responded(17_000, "r1"),
        said("Bye.", 17_100),
        over(2, 18_500),
        ended(19_000),
        agent=tones((17_500, 18_000)),
    )
    verdict = judge_call(
        plan_of(turns(ASK, AFTER) + "teardown: [{turn: Clean, caller: goodbye}]\n"), view, CONTEXT
    )

    assert [turn.outcome.value for turn in verdict.turns] == ["failed", "skipped", "passed"]
    assert verdict.turns[1].why == 'the agent gave no reply in turn "Ask"'
    assert [turn.part for turn in verdict.turns] == ["body", "body", "teardown"]


def test_an_end_that_a_failed_turn_brought_about_is_told_by_its_name() -> None:
    """Though the teardown was the last turn."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        TurnJudged(at_us=3_300_000, turn=0, passed=False),
        over(0, 3_300),
        began(2, 3_300),
        over(2, 6_000),
        ended(7_000),
        agent=tones((1_500, 2_500), (4_000, 5_000)),
    )
    written = turns(ASK, AFTER) + "teardown: [{turn: Clean}]\non_failure: end_call\n"
    verdict = judge_call(plan_of(written), view, CONTEXT)

    assert (
        verdict.turns[1].why
        == 'the checks of a turn failed in turn "Ask", and `on_failure` ends the call then'
    )


def test_a_choice_is_judged_while_the_call_goes_on() -> None:
    """With `on_failure: end_call` a reply that no branch is for ends the call."""
    plan = plan_of(turns(ASK, WHICH))
    none, first = (replied(decided(1, 3_300, "choose", outcome)) for outcome in ("none", "1"))

    assert judge_turn(plan, 1, none, CONTEXT).outcome is Outcome.FAILED
    assert judge_turn(plan, 1, first, CONTEXT).outcome is Outcome.PASSED


def test_nothing_is_decided_again() -> None:
    """The record says which branch was taken, whatever one would decide today."""
    view = replied(decided(1, 3_300, "choose", "1"), over(1, 3_300), _hung_up(3_400), text="Agents are busy.")
    verdict = judged(view, ASK, WHICH)

    assert verdict.turns[1].decision == "1"
    assert [finding.status for finding in verdict.turns[1].findings if finding.kind == "choose"] == [
        Status.PASSED
    ]


TOGETHER = """\
turn: Both
together:
  - {turn: Refused, expect: {says: sorry}}
  - {expect: {does_not_say: busy}, budget: {response: 300 ms}}"""


def test_each_part_of_together_has_its_own_verdict() -> None:
    """Over the same reply; the name of a part stands before what is said of it."""
    verdict = judged(replied(over(1, 3_300), ended(4_000), text="We are busy."), ASK, TOGETHER)
    failed = [finding for finding in verdict.turns[1].findings if finding.fails]

    assert [(finding.kind, finding.message.startswith("Refused: ")) for finding in failed] == [
        ("says", True),
        ("does_not_say", False),
        ("response", False),
    ]


WHY = """\
1: The agent did not say "your PIN"; it said "Sorry."
2: The agent did not say /agents are (?P<what>[a-z]+)/; it said "Sorry."
"""
FINDINGS: dict[str, tuple[str, tuple[str, ...], Snapshot]] = {
    "choose": (
        "choose",
        (ASK, WHICH),
        replied(decided(1, 3_300, "choose", "none", WHY), over(1, 3_300), ended(4_000)),
    ),
    "choose-held": (
        "choose",
        (ASK, WHICH),
        replied(decided(1, 3_300, "choose", "2", WHY.splitlines()[0]), over(1, 3_300)),
    ),
    "until": (
        "until",
        (MORE,),
        call(
            began(0, 60),
            over(0, 900),
            decided(3, 3_300, "until", "exhausted", 'The agent did not say "anything else".'),
        ),
    ),
    "until-held": ("until", (MORE,), call(began(0, 60), over(0, 900), decided(1, 3_300, "until", "done"))),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_what_is_found_can_be_understood_alone(name: str) -> None:
    """What each branch wanted and what was there; after how many passes it still was not so."""
    kind, written, view = FINDINGS[name]
    found = [each for turn in judged(view, *written).turns for each in turn.findings if each.kind == kind]
    text = "\n".join(map(as_text, found))

    assert text == golden(name, text)
    assert text


def test_otherwise_continue_finds_nothing() -> None:
    """A repetition that may end without its end is no finding."""
    more = MORE.replace("at_most: 2", "at_most: 2, otherwise: continue")
    view = call(began(0, 60), over(0, 900), decided(3, 3_300, "until", "exhausted", "no"))

    assert judged(view, more).turns[3].findings == ()


def test_what_a_target_cannot_do_speaks_against_a_condition() -> None:
    """Conditions on the protocol are decided when the plan is made, for branches as for turns."""
    capabilities = Capabilities(can=frozenset({Capability.AUDIO, Capability.TEXT}), caller_format=MULAW_8K)
    where = Setting("bank", "twilio", TargetKind.BACKEND, capabilities, Identity("seed"), speaks=True)
    written = dedent(
        turns(ASK, "when: {supports: dtmf}\nchoose: [{when: {says: a}, turns: [{turn: A}]}]", AFTER)
    )
    plan: CallPlan | None = compile_call(scenario_of(written), where).plan

    assert plan is not None
    assert [turn.name for turn in plan.active] == ["Ask", "After"]


def test_a_choice_behind_a_taken_reply_says_whose_reply_that_was() -> None:
    """Where a turn with `expect` took the reply, the choice that waits for another one tells so."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_100, "r1"),
        said("Your card is blocked.", 1_200),
        over(0, 3_000),
        began(1, 3_000),
        over(1, 18_000, "no-reply"),
        ended(18_500),
        agent=tones((1_600, 2_400)),
    )
    choice = "turn: Which\nchoose: [{when: {says: blocked}, turns: []}]"
    taken = ASK + "\nexpect: {says: blocked}"
    (found,) = [one for one in judged(view, taken, choice).turns[1].findings if one.kind == "no-reply"]

    assert found.details[-1] == (
        'the reply before belongs to "Ask"; without `expect` there, `choose` takes that one'
    )
