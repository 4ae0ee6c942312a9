"""Branches, repetitions, fragments, conditions, setup and teardown in whole calls, in virtual time."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from support_talk import Talk, plan_talk, talk
from turnspec.results import Outcome
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases
from turnspec.run.runner import make_calls
from turnspec.run.whole import Unwatched

AGENT = """
agent: Bank
greeting: {say: Welcome to Example Bank.}
responses:
  lost: {when: {keywords: [lost]}, say: Please tell me your PIN.}
  pin: {when: {keywords: ["1234"]}, say: "Thank you, your reference is R-17."}
  busy: {when: {keywords: [somebody]}, say: All our agents are busy.}
  wait: {when: {keywords: [more]}, say: "Hm, wait a moment."}
  waited: {when: {keywords: [more], turns: 3..}, priority: 9, say: Is there anything else?}
  look: {when: {keywords: [look]}, call: {lookup: {number: "7"}}, then: {say: I found it.}}
  out: {when: {keywords: [leave me]}, say: Farewell., hangup: true}
  nothing: {when: {keywords: [hush]}, call: {note: {}}}
functions: {lookup: {returns: {found: true}}, note: {returns: {}}}
otherwise: {say: I understand.}
"""
CHOICE = """
- turn: Ask
  caller: %s
- turn: Which
  choose:
    - when: {says: {matches: 'tell me your (?P<what>PIN)'}}
      turns:
        - {turn: Tell, caller: "1234", expect: {says: reference is R-17}}
    - when: {says: agents are busy}
      turns: [{turn: Give up, caller: {hangup: true}}]
    %s
- turn: After
  caller: thank you
  expect: {says: I understand}
"""


def flow(folder: Path, turns: str, head: str = "") -> Talk:
    """The call of these turns with a bank that writes."""
    return talk(folder, turns, AGENT, head=head, protocol="realtime")


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


REPEAT = """
- {turn: Greeting, expect: {says: welcome}}
- repeat: {until: {says: anything else}, at_most: %s}
  turns: [{turn: More, caller: more}]
- {turn: Last, caller: bye, expect: {says: I understand}}
"""


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
