"""The conductor where a call may go on in several ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_line import MS, Line
from support_plans import TEXT, Plans, plan_of, setting
from turnspec.call import MULAW_8K, actions
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    AgentHungUp,
    AgentSpeechBegan,
    AgentSpeechEnded,
    AgentTransferred,
    CallUp,
    Decided,
    Event,
    FunctionCalled,
    FunctionReturned,
    PlaybackDrained,
    PlaybackFlushed,
    Side,
    TurnJudged,
)
from turnspec.plan import CallPlan, Edge, StepGraph, TargetKind
from turnspec.plan.graph import Decide, Listen

CHOICE = """
- turn: Which
  choose:
    - when: {says: hello}
      turns: [{turn: First, caller: {dtmf: "1"}}]
    - when: {says: goodbye}
      turns: [{turn: Second, caller: {dtmf: "2"}}, {turn: Third}]
- {turn: After, caller: {dtmf: "9"}}
"""


def replied(line: Line, at_us: int = 0) -> list[actions.Action]:
    """A reply of a second, and its end."""
    return line.speech(at_us, at_us + 1_000 * MS) + line.wait(at_us + 1_800 * MS)


def test_a_choice_is_decided_when_its_reply_is_over(tmp_path: Path) -> None:
    """The turn ends after the decision, and the branch goes on at once."""
    line = Line(plan_of(tmp_path, CHOICE))
    assert line.feed(CallUp(at_us=0)) == [actions.BeginTurn(0, 0)]

    (asked,) = replied(line)
    assert asked == actions.Decide(0, "choose")
    assert line.decide(asked, "2") == [
        actions.EndTurn(0, "replied"),
        actions.BeginTurn(2, 1_800 * MS),
        actions.SendDigits(2, "2", 150 * MS),
    ]


def test_a_choice_that_nothing_fits_goes_on_after_the_block(tmp_path: Path) -> None:
    """No branch is run; the next entry is."""
    line = Line(plan_of(tmp_path, CHOICE), "none")
    line.feed(CallUp(at_us=0))

    assert replied(line)[1:3] == [actions.EndTurn(0, "replied"), actions.BeginTurn(4, 1_800 * MS)]


def test_a_branch_ends_where_the_others_do(tmp_path: Path) -> None:
    """After the last turn of a branch comes what follows the block, not the next branch."""
    line = Line(plan_of(tmp_path, CHOICE), "1")
    line.feed(CallUp(at_us=0))
    replied(line)
    line.feed(ActionDone(at_us=1_800 * MS, turn=1, end_us=1_800 * MS))

    assert replied(line, 2_000 * MS)[:2] == [actions.EndTurn(1, "replied"), actions.BeginTurn(4, 3_800 * MS)]


def test_a_branch_that_only_listens_takes_the_next_reply(tmp_path: Path) -> None:
    """The reply that the branch was chosen by is spent."""
    turns = "- turn: Which\n  choose: [{when: {says: hello}, turns: [{turn: Next, patience: 3 s}]}]\n"
    line = Line(plan_of(tmp_path, turns), "1")
    line.feed(CallUp(at_us=0))

    assert replied(line)[1:] == [actions.EndTurn(0, "replied"), actions.BeginTurn(1, 1_800 * MS)]
    assert line.wait(4_799 * MS) == []
    assert line.wait(4_800 * MS)[0] == actions.EndTurn(1, "no-reply")


def test_nothing_is_decided_where_there_was_no_reply(tmp_path: Path) -> None:
    """A choice without a reply ends the call as any turn."""
    line = Line(plan_of(tmp_path, CHOICE))
    line.feed(CallUp(at_us=0))

    assert line.wait(15_000 * MS) == [actions.EndTurn(0, "no-reply"), actions.HangUp("finished")]


REPEAT = """
- repeat: {until: {says: enough}, at_most: 3}
  turns: [{turn: More, caller: {dtmf: "5"}}]
- {turn: After, caller: {dtmf: "9"}}
"""


def test_a_repetition_is_tested_after_each_pass_and_takes_no_reply_for_it(tmp_path: Path) -> None:
    """The test is no turn: nothing begins or ends with it, and the next pass acts at once."""
    line = Line(plan_of(tmp_path, REPEAT))
    line.feed(CallUp(at_us=0))
    line.feed(ActionDone(at_us=0, turn=0, end_us=0))

    told = replied(line)
    assert told == [actions.EndTurn(0, "replied"), actions.Decide(1, "until")]
    assert line.decide(actions.Decide(1, "until"), "again") == [
        actions.BeginTurn(2, 1_800 * MS),
        actions.SendDigits(2, "5", 150 * MS),
    ]


def test_a_repetition_that_is_done_leaves_its_other_passes_out(tmp_path: Path) -> None:
    """After `done` comes what follows the block."""
    line = Line(plan_of(tmp_path, REPEAT), "done")
    line.feed(CallUp(at_us=0))
    line.feed(ActionDone(at_us=0, turn=0, end_us=0))

    assert actions.SendDigits(6, "9", 150 * MS) in replied(line)


CONDITION = """
- {turn: Greeting}
- {turn: Maybe, when: {reply: {says: hello}}, caller: {dtmf: "1"}}
- {turn: After, caller: {dtmf: "9"}}
"""


def test_a_turn_that_is_skipped_never_begins(tmp_path: Path) -> None:
    """The decision comes before the turn, and leads past it."""
    plan = plan_of(tmp_path, CONDITION)
    run, skip = Line(plan, "run"), Line(plan, "skip")
    run.feed(CallUp(at_us=0))
    skip.feed(CallUp(at_us=0))

    asked = [actions.EndTurn(0, "replied"), actions.Decide(1, "condition")]
    assert replied(run)[:3] == [*asked, actions.BeginTurn(1, 1_800 * MS)]
    assert replied(skip)[:3] == [*asked, actions.BeginTurn(2, 1_800 * MS)]


def test_a_line_that_ends_at_a_decision_before_a_turn_ends_the_call(tmp_path: Path) -> None:
    """The turn was not begun, so it does not end either."""
    line = Line(plan_of(tmp_path, CONDITION))
    line.feed(CallUp(at_us=0))
    replied(line)

    assert line.feed(AgentHungUp(at_us=2_000 * MS)) == []
    assert line.feed(Decided(at_us=2_000 * MS, turn=1, question="condition", outcome="run")) == []
    assert line.state.hung_up


TEARDOWN = """
teardown: [{turn: Clean, caller: {dtmf: "0"}}]
"""


def test_no_reply_leads_to_the_teardown(tmp_path: Path) -> None:
    """The caller gives the conversation up, not the line."""
    turns = "- {turn: Greeting}\n- {turn: Later, caller: {dtmf: '1'}}\n"
    line = Line(plan_of(tmp_path, turns, head=TEARDOWN))
    line.feed(CallUp(at_us=0))

    assert line.wait(15_000 * MS) == [
        actions.EndTurn(0, "no-reply"),
        actions.BeginTurn(2, 15_000 * MS),
        actions.SendDigits(2, "0", 150 * MS),
    ]
    line.feed(ActionDone(at_us=15_000 * MS, turn=2, end_us=15_000 * MS))
    assert line.wait(30_000 * MS) == [actions.EndTurn(2, "no-reply"), actions.HangUp("finished")]


def test_a_failed_turn_that_ends_the_call_leads_to_the_teardown(tmp_path: Path) -> None:
    """`on_failure: end_call` ends the conversation, and the line is cleaned up."""
    line = Line(
        plan_of(tmp_path, "- turn: Greeting\n- turn: Later\n", head=TEARDOWN + "on_failure: end_call\n")
    )
    line.feed(CallUp(at_us=0))
    line.speech(0, 1_000 * MS)
    (ending,) = line.wait(1_800 * MS)
    assert ending == actions.EndTurn(0, "replied", judge=True)
    line.feed(TurnJudged(at_us=1_800 * MS, turn=0, passed=False))

    assert line.end(ending)[0] == actions.BeginTurn(2, 1_800 * MS)


def test_a_repetition_without_its_end_leads_to_the_teardown_where_failures_end(
    tmp_path: Path,
) -> None:
    """What is exhausted has failed."""
    plan = plan_of(tmp_path, REPEAT, head=TEARDOWN + "on_failure: end_call\n")
    targets = {edge.condition: edge.target for edge in plan.graph.edges if edge.source == "turn 6 until"}

    assert targets == {"done": "turn 7 dtmf 1", "exhausted": "turn 8 dtmf 1"}


def test_neither_a_hang_up_nor_the_limit_leads_to_the_teardown(tmp_path: Path) -> None:
    """Nobody is left to clean up with, or no time."""
    plan = plan_of(tmp_path, "- turn: Greeting\n", head=TEARDOWN + "limits: {call: 10 s}\n")
    gone, late = Line(plan), Line(plan)
    gone.feed(CallUp(at_us=0))
    late.feed(CallUp(at_us=0))
    late.feed(AgentAudio(at_us=0, format=MULAW_8K, size=800_000))
    late.feed(AgentSpeechBegan(at_us=30 * MS, began_us=0))

    assert gone.feed(AgentHungUp(at_us=100 * MS)) == [actions.EndTurn(0, "hung-up")]
    assert late.wait(10_000 * MS) == [actions.EndTurn(0, "cut"), actions.HangUp("call-limit")]


FUNCTIONS = "functions: {lookup: {}}\n"
TOGETHER = """
- turn: Both
  patience: 5 s
  together:
    - expect: {calls: [{lookup: any}]}
    - expect: {says: hello}
"""


def test_what_is_watched_together_is_waited_for_within_patience(tmp_path: Path) -> None:
    """The reply is over, but a function that is to be called may still be; patience ends that."""
    line = Line(plan_of(tmp_path, TOGETHER, head=FUNCTIONS))
    line.feed(CallUp(at_us=0))

    assert replied(line) == []
    assert line.wait(4_999 * MS) == []
    assert line.wait(5_000 * MS) == [actions.EndTurn(0, "replied")]


def test_what_was_seen_is_not_waited_for(tmp_path: Path) -> None:
    """Once the function was called the turn ends with the reply."""
    line = Line(plan_of(tmp_path, TOGETHER, head=FUNCTIONS))
    line.feed(CallUp(at_us=0))
    line.feed(FunctionCalled(at_us=100 * MS, side=Side.AGENT, call_id="c", name="lookup", arguments="{}"))
    line.feed(FunctionReturned(at_us=200 * MS, side=Side.AGENT, call_id="c", output="{}"))

    assert replied(line, 300 * MS) == [actions.EndTurn(0, "replied")]
    assert not line.state.facts.has_seen((("call", "lookup"), ("call", "lookup")))


def test_what_was_seen_in_an_earlier_turn_does_not_count(tmp_path: Path) -> None:
    """A turn begins with nothing seen."""
    line = Line(plan_of(tmp_path, "- {turn: First}\n" + TOGETHER, head=FUNCTIONS))
    line.feed(CallUp(at_us=0))
    line.feed(AgentTransferred(at_us=500 * MS, target="x"))
    replied(line, 500 * MS)

    assert line.state.facts.seen == ()


def test_a_decision_in_a_turn_may_listen_again(tmp_path: Path) -> None:
    """A question of any kind goes on by its answer; what listens afresh takes what comes from then on."""
    plan = plan_of(tmp_path, "- {turn: Greeting, patience: 4 s}\n- {turn: After, caller: {dtmf: '9'}}\n")
    line = Line(_with_question(plan), "filler")
    line.feed(CallUp(at_us=0))

    assert replied(line) == [actions.Decide(0, "filler")]
    assert line.wait(5_799 * MS) == []
    assert line.wait(5_800 * MS)[0] == actions.EndTurn(0, "no-reply")
    once = Line(_with_question(plan), "reply")
    once.feed(CallUp(at_us=0))
    assert replied(once)[1] == actions.EndTurn(0, "replied")


def _with_question(plan: CallPlan) -> CallPlan:
    """The plan with a question after its first reply, which may lead to another one."""
    listen = plan.graph.step("turn 1 listen")
    assert isinstance(listen, Listen)
    ask = Decide(id="ask", turn=0, question="filler")
    again = replace(listen, id="again", afresh=True)
    edges = [edge for edge in plan.graph.edges if (edge.source, edge.condition) != (listen.id, "done")]
    edges += [Edge(listen.id, "ask"), Edge("ask", "again", "filler"), Edge("ask", "turn 1 check")]
    edges += [Edge("again", "turn 1 check"), Edge("again", "turn 1 check", "no reply")]
    return replace(plan, graph=StepGraph((*plan.graph.steps[:-1], ask, again, plan.graph.end), tuple(edges)))


EVERYTHING = """
- turn: Which
  patience: 3 s
  choose:
    - when: {says: hello}
      turns:
        - {turn: Say it, caller: {dtmf: "1"}}
        - {turn: Cut in, caller: {audio: clip.wav, interrupt: {after: 1 s}}}
    - otherwise:
        - repeat: {until: {says: enough}, at_most: 2}
          turns: [{turn: More, caller: {audio: clip.wav}}]
- when: {reply: {says: hello}}
  repeat: {times: 2}
  turns: [{turn: Under condition, caller: {dtmf: "2"}}]
- together: [{expect: {calls: [lookup]}}, {expect: {says: hello}}]
  patience: 3 s
"""
KINDS = st.sampled_from(
    ["audio", "began", "ended", "drained", "flushed", "spoke", "done", "called", "hung up", "decided", "wait"]
)
OUTCOMES = st.sampled_from(
    ["1", "2", "otherwise", "none", "done", "again", "exhausted", "run", "skip", "filler", "nonsense", ""]
)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """The same flow on two kinds of targets, with a teardown and without."""
    folder = tmp_path_factory.mktemp("plans")
    return Plans(
        plan_of(folder, EVERYTHING, where, head=head + FUNCTIONS)
        for where in (setting(), setting(kind=TargetKind.BACKEND))
        for head in ("", TEARDOWN)
    )


@settings(deadline=None)
@given(
    st.lists(st.tuples(KINDS, st.integers(1, 3_000), OUTCOMES), max_size=50),
    st.lists(OUTCOMES, max_size=12),
    st.integers(0, 3),
)
def test_whatever_is_decided_turns_begin_once_in_order_and_the_call_ends(
    plans: Plans, story: list[tuple[str, int, str]], answers: list[str], which: int
) -> None:
    """No order of events, no answer that was not asked for, and none at all, breaks a call that branches."""
    line = Line(plans[which], *answers)
    told = line.feed(CallUp(at_us=0))
    for kind, gap_ms, outcome in story:
        told += line.wait(line.now_us + gap_ms * MS)
        told += _happen(line, kind, outcome)
    told += line.wait(line.now_us + 400_000 * MS)

    begun = [action.turn for action in told if isinstance(action, actions.BeginTurn)]
    ended = [action.turn for action in told if isinstance(action, actions.EndTurn)]
    assert begun == sorted(set(begun))
    assert ended == sorted(set(ended))
    assert set(begun) <= set(ended)
    assert line.state.hung_up


def _happen(line: Line, kind: str, outcome: str) -> list[actions.Action]:
    now, turn = line.now_us, line.state.step.turn or 0
    if kind == "spoke":
        return line.spoke(turn, now, now + 500 * MS)
    happened: dict[str, Event] = {
        "audio": AgentAudio(at_us=now, format=MULAW_8K, size=160),
        "began": AgentSpeechBegan(at_us=now, began_us=now),
        "ended": AgentSpeechEnded(at_us=now, ended_us=now),
        "drained": PlaybackDrained(at_us=now),
        "flushed": PlaybackFlushed(at_us=now, unplayed_us=1),
        "done": ActionDone(at_us=now, turn=turn, end_us=now),
        "called": FunctionCalled(at_us=now, side=Side.MODEL, call_id="c", name="lookup", arguments="{}"),
        "hung up": AgentHungUp(at_us=now),
        "decided": Decided(at_us=now, turn=turn, question=_question(line), outcome=outcome),
    }
    return line.feed(happened.get(kind))


def _question(line: Line) -> str:
    step = line.state.step
    return step.question if isinstance(step, Decide) else "choose"


def test_a_text_call_decides_in_the_moment_of_its_reply(tmp_path: Path) -> None:
    """Over Realtime a choice before any caller asks the agent to begin."""
    turns = "- turn: Which\n  choose: [{when: {says: hello}, turns: []}]\n"
    plan = plan_of(tmp_path, turns, setting(TEXT, TargetKind.BARE, "realtime"))

    assert actions.RequestReply() in Line(plan).feed(CallUp(at_us=0))
