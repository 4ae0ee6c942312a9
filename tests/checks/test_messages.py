"""Words that the line itself tells: messages, and the text of play streams."""

from __future__ import annotations

from dataclasses import replace

from support_checks import CONTEXT, audio, began, call, ended, over, plan_of, turns
from turnspec.call import Snapshot
from turnspec.call.events import (
    AgentMessaged,
    CallerHeard,
    CallerTexted,
    Event,
    PlaybackFlushed,
    ResponseChosen,
    Side,
)
from turnspec.checks.judge import judge_turn
from turnspec.checks.measure import measure_call, measure_turn
from turnspec.checks.scene import Scene
from turnspec.checks.words import transcript
from turnspec.results import State

TEN = "one two three four five six seven eight nine ten"


def texts(*events: Event) -> list[tuple[str, bool, str]]:
    """The agent's lines by the line's own account: words, whether cut, and where they come from."""
    lines = transcript(Snapshot(events), Side.LINE)
    return [(line.text, line.cut, line.source) for line in lines if line.who == "agent"]


def wrote(at_ms: int, text: str, stream: str = "") -> Event:
    """The agent wrote something."""
    return AgentMessaged(at_us=at_ms * 1_000, text=text, stream=stream)


def test_messages_are_words() -> None:
    """Each message is a line; two that are the same are two."""
    assert texts(wrote(100, "Hello."), wrote(100, "Hello."), wrote(200, "Bye.")) == [
        ("Hello.", False, "message text"),
        ("Hello.", False, "message text"),
        ("Bye.", False, "message text"),
    ]


def test_text_of_a_stream_is_heard_as_far_as_its_audio() -> None:
    """Half of the stream's audio heard is half of its words; other streams do not count."""
    events = (
        wrote(0, TEN, "a"),
        audio(0, 1_000, 0, "a"),
        wrote(10, TEN, "b"),
        audio(10, 1_000, 1_000, "b"),
        PlaybackFlushed(at_us=1_500_000, unplayed_us=500_000),
    )

    assert texts(*events) == [
        (TEN, False, "message text"),
        ("one two three four five", True, "message text"),
    ]


def test_text_without_audio_is_what_it_says() -> None:
    """A stream whose audio never came was announced all the same."""
    assert texts(wrote(0, TEN, "a")) == [(TEN, False, "message text")]


def test_other_accounts_are_not_mixed_in() -> None:
    """A model's transcript, where one is taken, has no messages in it."""
    assert transcript(Snapshot((wrote(0, TEN),)), Side.MODEL) == ()


def measured(turn_: str, *events: Event) -> dict[str, float | None]:
    """What is measured of a call in which the caller writes, in the turn and in the call, in milliseconds."""
    plan = plan_of(turns(turn_))
    plan = replace(plan, words=Side.LINE)
    scene = Scene(plan, call(began(0, 60), *events, over(0, 1_400), ended(2_000)))
    turn = scene.turn(0)
    assert turn is not None
    taken = (*measure_turn(scene, turn, 0), *measure_call(scene, 0))
    return {
        one.name: None if one.state is not State.MEASURED else (one.value_us or 0) / 1_000 for one in taken
    }


def test_a_message_answers() -> None:
    """The response is timed to the message; the text of a stream is not an answer in text."""
    asked = CallerTexted(at_us=100_000, turn=0, text="hello")

    assert measured("caller: {text: hello}", asked, wrote(700, "Hello."))["response"] == 600
    assert "response" not in measured("caller: {text: hello}", asked, wrote(700, "Hello.", "s"))


def test_a_message_greets() -> None:
    """So is the greeting of a call, which is up at 50 ms, and in which the caller listens first."""
    assert measured("turn: Greeting", wrote(700, "Hello."))["greeting"] == 650


def test_what_the_platform_was_told_is_not_what_the_script_heard() -> None:
    """A local agent's own account says what a reply answers; its later recognition is for the platform."""
    own = CallerHeard(at_us=500_000, side=Side.AGENT, text="hello", source="known clip")
    told = CallerHeard(at_us=700_000, text="hello", source="protocol")
    chose = [
        ResponseChosen(at_us=at_us, side=Side.AGENT, name="hi", scores={"hi": 1.0})
        for at_us in (500_000, 900_000)
    ]
    plan = plan_of(turns("turn: Greeting"))
    view = call(began(0, 60), own, chose[0], told, chose[1], over(0, 1_400), ended(2_000))
    notes = [found.message for found in judge_turn(plan, 0, view, CONTEXT).findings if found.kind == "chosen"]

    assert notes == [
        'The agent\'s script heard "hello" (known clip) and chose "hi" with 1 point.',
        'The agent\'s script was asked for a reply and chose "hi" with 1 point.',
    ]
