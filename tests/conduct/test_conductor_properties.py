"""Whatever happens on a line, the conductor goes on in order, and only news makes it act."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support_interrupting import INTERRUPTION, interrupting
from support_line import MS, Line
from support_plans import plan_of, setting
from turnspec.call import MULAW_8K, actions
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    AgentHungUp,
    AgentSaid,
    AgentSpeechBegan,
    AgentSpeechEnded,
    CallUp,
    Event,
    PlaybackDrained,
    PlaybackFlushed,
    Side,
)
from turnspec.conduct import heard, is_no_news
from turnspec.plan import TargetKind

KINDS = st.sampled_from(["audio", "began", "ended", "drained", "flushed", "spoke", "done", "hung up", "wait"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(KINDS, st.integers(1, 3_000)), max_size=40))
def test_whatever_happens_turns_begin_once_in_order_and_the_call_ends(
    tmp_path: Path, story: list[tuple[str, int]]
) -> None:
    """No order of events makes a turn begin twice or out of order, and every call comes to its end."""
    line = Line(plan_of(tmp_path, INTERRUPTION + "- turn: Last\n  caller: {audio: clip.wav}\n"))
    told = line.feed(CallUp(at_us=0))
    for kind, gap_ms in story:
        told += line.wait(line.now_us + gap_ms * MS)
        told += line.feed(_event(kind, line))
    told += line.wait(line.now_us + 400_000 * MS)

    begun = [action.turn for action in told if isinstance(action, actions.BeginTurn)]
    ended = [action.turn for action in told if isinstance(action, actions.EndTurn)]
    assert begun == sorted(set(begun))
    assert ended == sorted(set(ended))
    assert set(begun) <= set(ended)
    assert line.state.hung_up


class Untroubled(Line):
    """A line that tells the conductor of audio only where that is news."""

    skipped = 0
    _untold: AgentAudio | None = None

    def feed(self, event: Event | None, at_us: int | None = None) -> list[actions.Action]:
        """As any line, but for audio of which there is more."""
        if isinstance(event, AgentAudio) and is_no_news(self.state, event):
            self.now_us = max(self.now_us, event.at_us)
            self._untold = event
            self.skipped += 1
            return []
        if self._untold is not None:
            self.state, self._untold = heard(self.state, self._untold), None
        return super().feed(event, at_us)


STREAMS = st.sampled_from(
    ["audio"] * 6 + ["late audio", "said", "began", "ended", "drained", "flushed", "spoke", "done", "wait"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(STREAMS, st.integers(0, 3_000)), max_size=60),
    st.sampled_from([TargetKind.AGENT, TargetKind.BARE]),
)
def test_audio_that_is_no_news_changes_nothing(
    tmp_path: Path, story: list[tuple[str, int]], kind: TargetKind
) -> None:
    """Whatever happens, the conductor says the same at the same times, told of every frame or of news."""
    plan = plan_of(tmp_path, INTERRUPTION + "- turn: Last\n  caller: {audio: clip.wav}\n", setting(kind=kind))
    every, news = Line(plan), Untroubled(plan)
    told = [_told(line, story) for line in (every, news)]

    assert told[0] == told[1]
    if news._untold is not None:
        news.state = heard(news.state, news._untold)
    assert every.state == news.state


def _told(line: Line, story: list[tuple[str, int]]) -> list[object]:
    told: list[object] = [*line.feed(CallUp(at_us=0))]
    for word, gap_ms in story:
        turn, later_us = line.state.step.turn or 0, line.now_us + gap_ms * MS
        if word != "late audio":  # which comes before the timers have rung
            told += line.wait(later_us)
        match word:
            case "spoke":
                told += line.spoke(turn, later_us - 20 * MS, later_us + 500 * MS)
            case "said":
                told += line.feed(_said(later_us))
            case "late audio":
                told += line.feed(AgentAudio(at_us=later_us, format=MULAW_8K, size=160))
            case _:
                told += line.feed(_event(word, line))
        told.append(line.now_us)
    return told


def _said(at_us: int) -> AgentSaid:
    return AgentSaid(at_us=at_us, side=Side.AGENT, response_id="r", item_id="i", text="Yes.", began_us=at_us)


def test_most_of_a_stream_is_no_news(tmp_path: Path) -> None:
    """Of a reply that arrives in fifty pieces the conductor is told of one."""
    line = Untroubled(plan_of(tmp_path, INTERRUPTION))
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 1_000 * MS)
    for number in range(50):
        line.feed(AgentAudio(at_us=1_500 * MS + number * 20 * MS, format=MULAW_8K, size=160))

    assert line.skipped == 49


def test_audio_is_news_when_something_is_due(tmp_path: Path) -> None:
    """At the moment for which the conductor asked, and after it, the conductor is told; before, it is not."""
    line = interrupting(tmp_path)
    line.feed(AgentSpeechBegan(at_us=1_530 * MS, began_us=1_500 * MS))
    due_us = line.state.wake_us
    assert due_us is not None

    assert is_no_news(line.state, AgentAudio(at_us=due_us - 1, format=MULAW_8K, size=160))
    assert not is_no_news(line.state, AgentAudio(at_us=due_us, format=MULAW_8K, size=160))


def test_the_first_audio_of_a_reply_is_news(tmp_path: Path) -> None:
    """What still plays of the reply before does not hide that another one has begun to arrive."""
    line = interrupting(tmp_path)
    audio = AgentAudio(at_us=1_600 * MS, format=MULAW_8K, size=160)
    turn_began = replace(line.state, reply_from_us=1_550 * MS)

    assert is_no_news(line.state, audio)
    assert not is_no_news(turn_began, audio)
    assert not is_no_news(replace(line.state, facts=replace(line.state.facts, playing=False)), audio)


def _event(kind: str, line: Line) -> Event | None:
    now, turn = line.now_us, line.state.step.turn or 0
    match kind:
        case "audio":
            return AgentAudio(at_us=now, format=MULAW_8K, size=160)
        case "began":
            return AgentSpeechBegan(at_us=now, began_us=now)
        case "ended":
            return AgentSpeechEnded(at_us=now, ended_us=now)
        case "drained":
            return PlaybackDrained(at_us=now)
        case "flushed":
            return PlaybackFlushed(at_us=now, unplayed_us=1)
        case "done":
            return ActionDone(at_us=now, turn=turn, end_us=now)
        case "hung up":
            return AgentHungUp(at_us=now)
        case _:
            return None
