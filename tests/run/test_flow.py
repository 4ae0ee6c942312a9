"""Branches in whole calls, by words, by functions and by keypad, in virtual time."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from support_flow import AGENT, CHOICE, REPEAT, flow
from support_talk import plan_talk, talk
from turnspec.results import Outcome
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases
from turnspec.run.runner import make_calls
from turnspec.run.whole import Unwatched


def test_the_reply_takes_the_branch_that_it_is_one_for(tmp_path: Path) -> None:
    """The choice takes the reply, its branch goes on after it, the others are skipped and fail nothing."""
    call = flow(tmp_path, CHOICE % ("I lost my card", "- otherwise: fail"))

    assert (call.result.outcome, call.failures()) == (Outcome.PASSED, [])
    assert call.outcomes() == ["passed", "passed", "passed", "skipped", "passed"]
    assert call.said("Which") == "Please tell me your PIN."
    assert call.turn("Which").decision == "1"
    assert call.turn("Which").role == "choose"
    assert call.turn("Tell").branch == ("Which: 1",)
    assert call.turn("Give up").why == '"Which" went on with branch 1'


def test_a_branch_may_end_the_call(tmp_path: Path) -> None:
    """Where the branch that is taken hangs up, what stands after it is not missed."""
    call = flow(
        tmp_path, CHOICE % ("give me somebody", "- otherwise: fail"), "teardown: [{caller: goodbye}]\n"
    )

    assert (call.result.outcome, call.failures()) == (Outcome.PASSED, [])
    assert call.outcomes() == ["passed", "passed", "skipped", "passed", "skipped", "skipped"]
    assert call.turn("After").why == 'the caller hung up in turn "Give up"'


@pytest.mark.parametrize("otherwise", ["- otherwise: fail", ""])
def test_a_reply_that_no_branch_is_for_fails_and_the_call_goes_on(tmp_path: Path, otherwise: str) -> None:
    """The finding says what each branch wanted and what was there; the next turn is still run."""
    call = flow(tmp_path, CHOICE % ("good morning", otherwise))
    (finding,) = call.failures()

    assert finding.kind == "choose"
    assert finding.actual == '"I understand."'
    assert [line[:2] for line in finding.details] == ["1:", "2:"]
    assert call.outcomes() == ["passed", "failed", "skipped", "skipped", "passed"]
    assert call.turn("Tell").why == 'no branch of "Which" was taken'


def test_a_reply_that_no_branch_is_for_ends_the_call_where_failures_do(tmp_path: Path) -> None:
    """With `on_failure: end_call` the choice is judged at once, and the teardown is all that follows."""
    head = "on_failure: end_call\nteardown: [{turn: Clean, caller: bye}]\n"
    call = flow(tmp_path, CHOICE % ("good morning", "- otherwise: fail"), head)

    assert call.kinds() == ["choose"]
    assert call.outcomes() == ["passed", "failed", "skipped", "skipped", "skipped", "passed"]
    assert call.turn("After").why.startswith('the checks of a turn failed in turn "Which"')


def test_both_clocks_take_the_same_way(tmp_path: Path) -> None:
    """What is decided does not depend on the clock."""
    turns = """
    - {turn: Ask, caller: farewell}
    - choose: [{when: {says: understand}, turns: []}, {otherwise: [{turn: Never, caller: hello}]}]
    - {turn: Maybe, when: {reply: {says: PIN}}, caller: hello}
    """
    plan_talk(tmp_path, turns, AGENT, protocol="realtime")
    path = tmp_path / "talk.yaml"
    options = RunOptions(paths=(path,), output=tmp_path / "out", clock="virtual,wall")
    calls = list(make_calls(plan_cases(options).cases, options, Unwatched()).results)

    ways = [[(turn.name, turn.outcome, turn.decision) for turn in call.turns] for call in calls]
    assert [call.clock for call in calls] == ["virtual", "wall"]
    assert ways[0] == ways[1]
    assert {decision for _, _, decision in ways[0]} == {"", "1", "skip"}


def test_otherwise_takes_every_other_reply(tmp_path: Path) -> None:
    """Its turns go on where no branch before it holds."""
    otherwise = "- otherwise: [{turn: Any, caller: look, expect: {calls: [lookup]}}]"
    call = flow(tmp_path, CHOICE % ("good morning", otherwise))

    assert (call.result.outcome, call.failures()) == (Outcome.PASSED, [])
    assert call.turn("Which").decision == "otherwise"
    assert call.turn("Any").branch == ("Which: otherwise",)


def test_a_group_of_the_chosen_branch_becomes_a_variable(tmp_path: Path) -> None:
    """What a branch's pattern caught can be used after it; a branch that was not taken binds nothing."""
    turns = """
    - {turn: Ask, caller: I lost my card}
    - turn: Which
      choose:
        - when: {says: {matches: 'all our (?P<who>agents)'}}
          turns: []
        - when: {says: {matches: 'tell me your (?P<what>PIN)'}}
          turns: [{turn: Say it, caller: "my {{ what }} is 1234", expect: {says: R-17}}]
    """
    call = flow(tmp_path, turns)

    assert call.failures() == []
    assert [event["name"] for event in call.events("captured")] == ["what"]
    assert [event["text"] for event in call.events("caller-texted")] == ["I lost my card", "my PIN is 1234"]


def test_a_branch_that_listens_takes_the_next_reply(tmp_path: Path) -> None:
    """After the choice the reply is spent: a branch that only listens waits for another one."""
    turns = """
    - turn: Greeting
      choose:
        - when: {says: welcome}
          turns: [{turn: Next, expect: {says: welcome}, patience: 2 s}]
    """
    call = flow(tmp_path, turns)

    assert call.kinds() == ["no-reply", "says"]
    assert call.turn("Greeting").outcome is Outcome.PASSED


def test_no_reply_to_choose_by_ends_the_call(tmp_path: Path) -> None:
    """A choice is a turn: nothing within patience fails and ends the call, and nothing is chosen."""
    turns = """
    - turn: Which
      patience: 2 s
      choose: [{when: {says: welcome}, turns: [{turn: Never, caller: hello}]}]
    """
    call = talk(tmp_path, turns, "agent: Nobody\notherwise: {say: Yes.}\n", protocol="realtime")

    assert call.kinds() == ["no-reply"]
    assert call.events("decided") == []
    assert call.outcomes() == ["failed", "skipped"]
    assert call.turn("Never").why == 'the agent gave no reply in turn "Which"'


def test_a_call_that_branches_is_judged_the_same_again(tmp_path: Path) -> None:
    """The decisions are in the record: the same files give the same bytes, and the same verdict."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    turns = REPEAT % 4 + CHOICE % ("I lost my card", "- otherwise: fail")
    calls = [flow(tmp_path / name, turns) for name in ("a", "b")]

    records = [(call.output / str(call.result.folder) / "events.jsonl").read_bytes() for call in calls]
    assert records[0] == records[1]
    assert calls[0].result.turns == calls[1].result.turns


MENU = """
agent: Mailbox
greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
responses:
  first:
    when: {pattern: '^1$'}
    say: First message. Received yesterday from an unknown caller.
    audio: audio/agent/mailbox-first.flac
  delete: {when: {pattern: '^7$'}, say: Message deleted., audio: audio/agent/deleted.flac}
  none:
    when: {pattern: '^1$', turns: 4..}
    priority: 9
    say: No more messages.
    audio: audio/agent/no-more.flac
otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""


PRESSING = """
fragment: Delete
parameters: [key]
turns: [{turn: Delete, caller: {dtmf: "{{ key }}"}}]
"""


def test_a_menu_is_walked_by_keypad_over_twilio(tmp_path: Path) -> None:
    """On a telephone, by sound alone: messages are deleted until none is left."""
    turns = """
    - {turn: Greeting, expect: {says: hello}}
    - repeat: {until: {says: no more messages}, at_most: %s}
      turns:
        - turn: Next
          caller: {dtmf: "1"}
        - turn: Which
          when: {reply: {says: first message}}
          caller: {dtmf: "7"}
          expect: {says: message deleted}
        - turn: Ask again
          caller: {dtmf: "1"}
    - {turn: Last, caller: {audio: audio/caller/five-five.flac}, expect: {says: did not understand}}
    """
    held = talk(tmp_path, turns % "3", MENU)

    assert held.failures() == []
    assert [event["digit"] for event in held.events("caller-pressed")] == ["1", "7", "1", "1", "1"]
    assert held.turn("Which (2)").outcome is Outcome.SKIPPED
    assert talk(tmp_path, turns % "1", MENU).kinds() == ["until"]


def test_a_branch_by_keypad_is_taken_over_twilio(tmp_path: Path) -> None:
    """The choice takes the reply to the key, and the fragment in its branch presses another one."""
    (tmp_path / "delete.yaml").write_text(dedent(PRESSING))
    turns = """
    - {turn: Greeting, expect: {says: hello}}
    - {turn: Next, caller: {dtmf: "1"}}
    - turn: Which
      choose:
        - when: {says: %s}
          turns:
            - {use: delete.yaml, with: {key: "{{ key }}"}}
            - turn: Talk over
              caller: {audio: audio/caller/five-five.flac, interrupt: {after: 200 ms}}
        - otherwise: [{caller: {hangup: true}}]
    """
    first = talk(tmp_path, turns % "first message", MENU, head="variables: {key: '7'}\n")
    other = talk(tmp_path, turns % "no more", MENU, head="variables: {key: '7'}\n")

    assert first.failures() == []
    assert first.turn("Delete").how == "interrupted"
    assert first.said("Talk over") == "I did not understand your response."
    assert other.failures() == []
    assert other.turn("Which").decision == "otherwise"
    assert [event["digit"] for event in other.events("caller-pressed")] == ["1"]
