"""Fillers, and sounds over a reply that goes on: literal events in, literal actions out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_line import MS, Line
from support_plans import TELEPHONE, Plans, plan_of, setting
from turnspec.call import MULAW_8K, ReplyEnd, actions
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    AgentHungUp,
    AgentSpeechBegan,
    AgentSpeechEnded,
    CallUp,
    Event,
    PlaybackDrained,
    PlaybackFlushed,
)
from turnspec.plan.show import as_text

FILLED = """
- turn: Ask
  caller: {audio: clip.wav, text: hello}
  filler: one moment
  patience: 4 s
- {turn: Next, caller: {dtmf: "1"}}
"""
SOUND = """
- turn: Menu
- turn: Mm-hm
  caller: {audio: clip.wav, text: mm-hm, backchannel: {after: 1 s}}
  expect: {keeps_speaking: true}
- {turn: Next, caller: {dtmf: "1"}}
"""
AGAIN = SOUND.replace(
    "- {turn: Next",
    "- turn: Again\n  caller: {audio: clip.wav, text: mm-hm, backchannel: {after: 3 s}}\n- {turn: Next",
)
ASK = actions.Decide(0, "filler")


def asked(folder: Path, *answers: str) -> Line:
    """A call whose caller has spoken from 0 to 500 ms."""
    line = Line(plan_of(folder, FILLED), *answers)
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 500 * MS)
    return line


def heard(line: Line, began_ms: int, ended_ms: int) -> list[actions.Action]:
    """The agent speaks, and is silent for as long as ends its reply."""
    return line.speech(began_ms * MS, ended_ms * MS) + line.wait((ended_ms + 800) * MS)


def test_what_is_the_reply_ends_the_turn(tmp_path: Path) -> None:
    """The checks are asked once the speech is over, and their word is taken for it."""
    assert heard(asked(tmp_path, "reply"), 1_000, 1_500)[:2] == [ASK, actions.EndTurn(0, "replied")]


def test_after_a_filler_patience_starts_again_once(tmp_path: Path) -> None:
    """From when the first one was over; another one does not bring more time."""
    line = asked(tmp_path, "filler", "filler", "filler")

    assert heard(line, 1_000, 1_500) == [ASK]
    assert heard(line, 3_000, 3_500) == [ASK]
    assert heard(line, 4_500, 5_000) == [ASK]
    assert line.wait(6_299 * MS) == []
    assert line.wait(6_300 * MS)[0] == actions.EndTurn(0, "no-reply")


@pytest.mark.parametrize("fillers", [1, 2, 4])
def test_a_reply_after_fillers_is_the_turns(tmp_path: Path, fillers: int) -> None:
    """However many of them there were, as long as patience lasted."""
    line = asked(tmp_path, *["filler"] * fillers, "reply")
    for number in range(fillers):
        assert heard(line, 1_000 + number * 1_000, 1_100 + number * 1_000) == [ASK]

    told = heard(line, 1_000 + fillers * 1_000, 6_000)

    assert told[:2] == [ASK, actions.EndTurn(0, "replied")]


def test_speech_that_goes_on_right_after_a_filler_is_noticed(tmp_path: Path) -> None:
    """A gap too short to be heard as one does not hide the reply, where 100 ms end the filler's stream."""
    streams = setting(replace(TELEPHONE, reply_end=ReplyEnd.STREAM_STOP))
    line = Line(plan_of(tmp_path, FILLED, streams, head="reply_ends_after: 100 ms\n"), "filler", "reply")
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 500 * MS)
    line.feed(AgentAudio(at_us=1_000 * MS, format=MULAW_8K, size=160))
    line.feed(AgentSpeechBegan(at_us=1_030 * MS, began_us=1_000 * MS))
    line.feed(PlaybackDrained(at_us=1_500 * MS))
    assert line.wait(1_600 * MS) == [ASK]
    line.feed(AgentAudio(at_us=1_620 * MS, format=MULAW_8K, size=160))
    line.feed(PlaybackDrained(at_us=3_000 * MS))

    assert line.wait(3_100 * MS)[:2] == [ASK, actions.EndTurn(0, "replied")]


def speaking(folder: Path, turns: str) -> Line:
    """A call in which the agent has begun to speak at 500 ms, and is still speaking."""
    line = Line(plan_of(folder, turns))
    line.feed(CallUp(at_us=0))
    line.feed(AgentAudio(at_us=500 * MS, format=MULAW_8K, size=80_000))
    line.feed(AgentSpeechBegan(at_us=530 * MS, began_us=500 * MS))
    return line


def over(line: Line, ended_ms: int) -> list[actions.Action]:
    """The agent has said all."""
    told = line.feed(PlaybackDrained(at_us=ended_ms * MS))
    told += line.feed(AgentSpeechEnded(at_us=(ended_ms + 200) * MS, ended_us=ended_ms * MS))
    return told + line.wait((ended_ms + 800) * MS)


def test_a_sound_is_made_over_the_reply_which_is_heard_out(tmp_path: Path) -> None:
    """After so much speech; then nothing is waited for but the end of that reply."""
    line = speaking(tmp_path, SOUND)

    assert line.wait(1_499 * MS) == []
    assert line.wait(1_500 * MS) == [actions.Speak(1, 0, interrupts=True)]
    assert line.spoke(1, 1_520 * MS, 1_900 * MS, interrupts=True) == [actions.BeginTurn(1, 1_520 * MS)]
    assert line.wait(4_999 * MS) == []
    told = over(line, 5_000)
    assert told[0] == actions.EndTurn(1, "quiet")
    assert actions.SendDigits(2, "1", 150_000) in told
    assert line.now_us == 5_800 * MS


def test_an_agent_that_stops_has_nothing_more_to_be_heard(tmp_path: Path) -> None:
    """A flush ends the reply, and with it the turn."""
    line = speaking(tmp_path, SOUND)
    line.wait(1_500 * MS)
    line.spoke(1, 1_520 * MS, 1_900 * MS, interrupts=True)
    line.feed(PlaybackFlushed(at_us=2_000 * MS, unplayed_us=3_000 * MS))
    line.feed(AgentSpeechEnded(at_us=2_200 * MS, ended_us=2_000 * MS))

    assert line.wait(2_799 * MS) == []
    assert line.wait(2_800 * MS)[0] == actions.EndTurn(1, "quiet")


def test_a_second_sound_counts_from_the_beginning_of_the_reply(tmp_path: Path) -> None:
    """Three seconds of the agent's speech, not three more."""
    line = speaking(tmp_path, AGAIN)
    line.wait(1_500 * MS)
    told = line.spoke(1, 1_520 * MS, 1_900 * MS, interrupts=True)

    assert told[-1] == actions.EndTurn(1, "interrupted")
    assert line.wait(3_499 * MS) == []
    assert line.wait(3_500 * MS) == [actions.Speak(2, 1, interrupts=True)]


def test_the_plan_says_what_is_heard_out_and_what_may_be_a_filler(tmp_path: Path) -> None:
    """Somebody who reads the plan sees each listening of a turn."""
    filled, sound = as_text(plan_of(tmp_path, FILLED)), as_text(plan_of(tmp_path, SOUND))

    assert "listen on for the reply, for at most 4 s" in filled
    assert "listen on for the reply, for at most what is left of that time" in filled
    assert filled.count("decide whether that was the reply") >= 2
    assert "hear the reply out" in sound


KINDS = st.sampled_from(["audio", "began", "ended", "drained", "flushed", "spoke", "done", "hung up"])


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """Fillers, sounds, and one after the other."""
    folder = tmp_path_factory.mktemp("plans")
    return Plans(plan_of(folder, turns) for turns in (FILLED, SOUND, AGAIN, FILLED + AGAIN))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(KINDS, st.integers(1, 3_000)), max_size=40),
    st.lists(st.sampled_from(["filler", "reply"]), min_size=40, max_size=40),
    st.integers(0, 3),
)
def test_whatever_happens_every_call_comes_to_its_end(
    plans: Plans, story: list[tuple[str, int]], answers: list[str], which: int
) -> None:
    """Turns begin once and in order, those that were begun end, and nothing is waited for for ever."""
    line = Line(plans[which], *answers)
    told = line.feed(CallUp(at_us=0))
    for kind, gap_ms in story:
        told += line.wait(line.now_us + gap_ms * MS)
        told += _happened(line, kind)
    told += line.wait(line.now_us + 400_000 * MS)

    begun = [action.turn for action in told if isinstance(action, actions.BeginTurn)]
    ended = [action.turn for action in told if isinstance(action, actions.EndTurn)]
    assert begun == sorted(set(begun))
    assert ended == sorted(set(ended))
    assert set(begun) <= set(ended)
    assert line.state.hung_up


def _happened(line: Line, kind: str) -> list[actions.Action]:
    now, turn = line.now_us, line.state.step.turn or 0
    if kind == "spoke" and line.state.plan.turns[turn].interrupts and not line.state.started:
        return []  # nobody was asked to talk over the agent yet
    if kind == "spoke":
        return line.spoke(turn, now, now + 200 * MS, interrupts=line.state.plan.turns[turn].interrupts)
    events: dict[str, Event] = {
        "audio": AgentAudio(at_us=now, format=MULAW_8K, size=160),
        "began": AgentSpeechBegan(at_us=now, began_us=now),
        "ended": AgentSpeechEnded(at_us=now, ended_us=now),
        "drained": PlaybackDrained(at_us=now),
        "flushed": PlaybackFlushed(at_us=now, unplayed_us=20 * MS),
        "done": ActionDone(at_us=now, turn=turn, end_us=now),
        "hung up": AgentHungUp(at_us=now),
    }
    return line.feed(events[kind])
