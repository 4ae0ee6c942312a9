"""The scenario that is written from a conversation: its turns, its words, its form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_checks import plan_of
from turnspec.audio.edges import Segment
from turnspec.call import Snapshot
from turnspec.call.events import CallUp, PlaybackFlushed
from turnspec.dsl.document import parse_document
from turnspec.dsl.models import Place, Play, Scenario
from turnspec.dsl.reader import read_model
from turnspec.dsl.templates import render
from turnspec.results import FunctionUse, Line
from turnspec.run.talk.exchanges import Conversation, Exchange, Stretch, exchanges
from turnspec.run.talk.heard import conversation
from turnspec.run.talk.salient import salient
from turnspec.run.talk.writing import Header, written

S = 1_000_000


def said(text: str, from_s: float, to_s: float) -> Line:
    """A line of the agent's."""
    return Line("agent", text, round(from_s * S), round(to_s * S), "agent's script")


def spoke(from_s: float, to_s: float, understood: str | None = None) -> Stretch:
    """A stretch of a person's speech."""
    return Stretch(round(from_s * S), round(to_s * S), understood)


def heard(*spans: tuple[float, float]) -> tuple[Segment, ...]:
    """The agent's speech."""
    return tuple(Segment(round(start * S), round(end * S)) for start, end in spans)


def read(text: str) -> Scenario:
    """The scenario that a file with this text is."""
    document = parse_document(text.encode(), "talk.yaml", Path())
    assert document.problems == ()
    made, problems = read_model(Scenario, document.data, Place(document.table), Path())
    assert made is not None
    assert problems == []
    return made


class TestTurns:
    """Which turns a conversation has."""

    def test_a_turn_is_what_a_person_said_and_what_came_of_it(self) -> None:
        """The greeting comes first; words, calls and the response belong to the turn before them."""
        call = FunctionUse("block", "{}", 5 * S)
        talk = Conversation(
            up_us=0,
            stretches=(spoke(3, 4, "hello"), spoke(8, 9)),
            speech=heard((0.5, 2), (5.5, 7), (10, 11)),
            lines=(said("Welcome.", 0.5, 2), said("Blocked.", 5.5, 7), said("Bye.", 10, 11)),
            functions=(call,),
        )
        greeting, first, second = exchanges(talk)

        assert (greeting.said, greeting.text, greeting.functions) == (None, "Welcome.", ())
        assert (first.text, first.functions, first.response_us) == ("Blocked.", (call,), 1_500_000)
        assert (second.text, second.response_us, second.after_us) == ("Bye.", 1_000_000, None)

    def test_pauses_that_the_agent_does_not_answer_in_end_no_turn(self) -> None:
        """Two stretches without speech of the agent between them are one, with the words of both."""
        talk = Conversation(0, (spoke(1, 2, "I lost"), spoke(2.9, 4, "my card")), heard((5, 6)))
        (turn,) = exchanges(talk)

        assert turn.said == spoke(1, 4, "I lost my card")

    def test_what_the_agent_says_on_its_own_is_no_part_of_a_reply(self) -> None:
        """After a long silence it asks whether anybody is there."""
        lines = (said("Blocked.", 2, 3), said("Are you there?", 9, 10))
        (turn,) = exchanges(Conversation(0, (spoke(0.2, 1),), heard((2, 3), (9, 10)), lines))

        assert (turn.text, turn.reply) == ("Blocked.", heard((2, 3)))

    def test_talking_over_the_agent_is_an_interruption_if_it_stops(self) -> None:
        """What had been heard of it by then is when it was interrupted; the old reply is cut."""
        speech = heard((1, 2), (2.3, 4.4), (6, 7))
        talk = Conversation(0, (spoke(0.1, 0.8), spoke(4, 5)), speech, flushes=(4_400_000,))
        before, over = exchanges(talk)

        assert (before.interrupted, before.reply) == (True, heard((1, 2), (2.3, 4.4)))
        assert (over.after_us, over.stopped, over.reply) == (2_700_000, True, heard((6, 7)))

    def test_a_sound_that_does_not_stop_it_is_a_backchannel(self) -> None:
        """It went on: nothing was flushed."""
        before, over = exchanges(Conversation(0, (spoke(0.1, 0.8), spoke(2, 2.4)), heard((1, 5))))

        assert (before.interrupted, over.after_us, over.stopped, over.reply) == (True, 1 * S, False, ())

    def test_the_agent_that_hangs_up_does_so_in_the_last_turn(self) -> None:
        """Only there."""
        talk = Conversation(0, (spoke(3, 4),), heard((1, 2), (5, 6)), hung_up_us=7 * S)

        assert [turn.hung_up for turn in exchanges(talk)] == [False, True]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("Blocked.", "Blocked"),
        ("Okay. I have blocked your card ending in 4821. Anything else?", "have blocked your card ending"),
        ("Your reference is R-1042.", "Your reference is R-1042"),
        ("I'm sorry, I did not understand that.", "sorry I did not understand"),
        ("{{ name }} {% if %}", "name if"),
        ("...", ""),
        ("", ""),
    ],
)
def test_the_words_that_say_most_are_asserted(reply: str, words: str) -> None:
    """Up to five of one sentence, rather without digits, without what is no word."""
    assert salient(reply) == words


WRITTEN = """\
# Written by a test
scenario: Talk with bank
target: bank
budgets:
  greeting: 1 s  # measured: 412 ms
turns:
  - turn: Greeting
    expect:
      # It said: Welcome to Example Bank. How can I help?
      says: Welcome to Example Bank

  - turn: "Turn 1: I lost my card and ..."
    caller:
      audio: turn-1.flac
      text: I lost my card and want another
    expect:
      # It said: Blocked.
      intent: blocked
      calls:
        - block: {last4: "0482", sure: true}
        - note:
            any:
              equals: any
    budget:
      response: 2.5 s  # measured: 1200 ms

  - turn: Turn 2
    caller:
      audio: turn-2.flac  # nobody told what is said in it: add text:
      interrupt: {after: 1200 ms}
    expect:
      stops: true
      hangup: true
"""


def test_it_is_laid_out_to_be_edited() -> None:
    """A blank line between turns; what was said and measured stands in comments."""
    reply = heard((5.2, 6))
    block = FunctionUse("block", '{"last4": "0482", "sure": true}', 5 * S)
    note = FunctionUse("note", '{"any": "any"}', 5 * S)
    turns = [
        Exchange(None, reply, "Welcome to Example Bank. How can I help?"),
        Exchange(spoke(3, 4, "I lost my card and want another"), reply, "Blocked.", (block, note)),
        Exchange(spoke(6, 7), after_us=1_234_567, stopped=True, hung_up=True),
    ]
    header = Header("Talk with bank", "bank", ("Written by a test",), 412_000)
    text = written(header, turns, lambda text: "blocked" if text == "Blocked." else None, calls=True)

    assert text == WRITTEN
    assert len(read(text).turns) == 3


ODD = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), st.sampled_from("{}%#\"':-[]&*!|>@`")
    )
)


@given(ODD, ODD, st.dictionaries(st.text("abc{%#any", min_size=1), st.one_of(ODD, st.integers(), st.none())))
def test_whatever_was_said_comes_back_as_it_was(words: str, reply: str, arguments: dict[str, object]) -> None:
    """Quotes, braces, templates and comments in it are words, in a file that can be read."""
    turn = Exchange(spoke(0, 1, words), heard((2, 3)), reply, (FunctionUse("f", json.dumps(arguments), S),))
    scenario = read(written(Header("Talk", "bank"), [turn], lambda _: None, calls=True))
    (caller,) = next(scenario.plain_turns()).caller

    assert isinstance(caller, Play)
    assert (None if caller.text is None else render(caller.text, {})) == (words or None)


def test_a_talk_in_which_nobody_spoke_has_no_turns_of_a_person() -> None:
    """All that there is of it is when the line was up; a call that never was up is no conversation."""
    plan = plan_of("scenario: Talk\ntarget: desk\nturns: [{turn: Listen, expect: {silent: 1 s}}]\n")
    up = CallUp(at_us=5_000)

    assert conversation(plan, Snapshot((up,))) == Conversation(up_us=5_000, stretches=(), speech=())
    assert conversation(plan, Snapshot(())) is None


def test_who_speaks_into_the_silence_behind_a_reply_interrupts_nobody() -> None:
    """What is dropped of a recording that ends in silence is none of the agent's words."""
    plan = plan_of("scenario: Talk\ntarget: desk\nturns: [{turn: Listen, expect: {silent: 1 s}}]\n")
    events = (
        CallUp(at_us=5_000),
        PlaybackFlushed(at_us=2_800_000, unplayed_us=400_000, silent=True),
        PlaybackFlushed(at_us=9_000_000, unplayed_us=400_000),
    )
    talk = conversation(plan, Snapshot(events))

    assert talk is not None
    assert talk.flushes == (9_000_000,)
