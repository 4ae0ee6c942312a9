"""The conductor lets a person speak: literal events in, literal actions out."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_line import MS, Line
from support_plans import plan_of
from turnspec.call import actions
from turnspec.call.events import ActionDone, CallerSpoke, CallUp, Origin
from turnspec.plan import graph
from turnspec.plan.show import describe

TWO_TURNS = """
- turn: Greeting
- turn: Ask
  caller: {microphone: {until_silence: 2 s}}
  patience: 9 s
"""
UNTIL_SILENCE = actions.TakeMicrophone(1, 2_000 * MS, None, patience_us=9_000 * MS)


def spoke(from_us: int, to_us: int, at_us: int) -> tuple[CallerSpoke, ActionDone]:
    """What is told once a person has spoken."""
    said = CallerSpoke(
        at_us=at_us,
        turn=1,
        text=None,
        origin=Origin.MICROPHONE,
        speech_start_us=from_us,
        speech_end_us=to_us,
    )
    return said, ActionDone(at_us=at_us, turn=1, end_us=to_us)


@pytest.fixture
def asked(tmp_path: Path) -> Line:
    """A call in which a person was asked to speak at 1.8 s."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))
    line.speech(500 * MS, 1_000 * MS)

    assert line.wait(1_800 * MS)[-1] == UNTIL_SILENCE

    return line


def test_a_person_speaks_once_the_agent_is_silent(asked: Line) -> None:
    """The turn waits for them however long they take, and then for the reply to what they said."""
    assert asked.wait(20_000 * MS) == []

    for event in spoke(20_500 * MS, 22_000 * MS, 24_000 * MS):
        assert asked.feed(event) == []
    assert asked.speech(24_500 * MS, 26_000 * MS) == []
    assert asked.wait(26_800 * MS)[0] == actions.EndTurn(1, "replied")


def test_an_agent_that_answers_before_they_are_known_to_be_silent_has_replied(asked: Line) -> None:
    """Its reply began after theirs, while nobody could know yet that they had ended."""
    assert asked.speech(5_500 * MS, 6_000 * MS) == []
    said, done = spoke(3_000 * MS, 5_000 * MS, 7_000 * MS)
    asked.feed(said)

    assert actions.EndTurn(1, "replied") in [*asked.feed(done), *asked.wait(7_001 * MS)]


def test_what_the_agent_said_before_they_spoke_answers_nothing(asked: Line) -> None:
    """It asked whether anybody is there."""
    asked.speech(4_000 * MS, 5_000 * MS)
    for event in spoke(6_000 * MS, 7_000 * MS, 9_000 * MS):
        asked.feed(event)

    assert asked.wait(15_999 * MS) == []
    assert asked.wait(16_000 * MS)[0] == actions.EndTurn(1, "no-reply")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{until_silence: 2 s}", "let a person speak until 2 s of silence"),
        ("1.5 s", "let a person speak for 1.5 s"),
    ],
)
def test_a_plan_tells_how_long_they_speak(tmp_path: Path, written: str, told: str) -> None:
    """In words."""
    plan = plan_of(tmp_path, f"- caller: {{microphone: {written}}}")
    (step,) = (each for each in plan.graph.steps if isinstance(each, graph.Microphone))

    assert describe(step, plan) == told
