"""The conductor: literal events in, literal actions out."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_interrupting import INTERRUPTION, interrupting
from support_line import MS, Line
from support_plans import TEXT, plan_of, setting
from turnspec.call import MULAW_8K, actions
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    AgentHungUp,
    AgentSpeechBegan,
    AgentSpeechEnded,
    CallerHungUp,
    CallerTexted,
    CallUp,
    Captured,
    FunctionCalled,
    FunctionReturned,
    LineBroke,
    PlaybackDrained,
    PlaybackFlushed,
    ResponseEnded,
    ResponseStarted,
    Side,
    TextBegan,
    TurnEnded,
    TurnJudged,
)
from turnspec.plan import TargetKind

TWO_TURNS = """
- turn: Greeting
- turn: Ask
  caller: {audio: clip.wav, text: hello}
"""


def test_a_reply_is_over_after_its_silence_and_not_before(tmp_path: Path) -> None:
    """On a telephone a turn ends 0.8 s after the last agent speech as heard, and the next one acts then."""
    line = Line(plan_of(tmp_path, TWO_TURNS))

    assert line.feed(CallUp(at_us=0)) == [actions.BeginTurn(0, 0)]
    assert line.speech(500 * MS, 2_000 * MS) == []
    assert line.wait(2_799 * MS) == []
    assert line.wait(2_800 * MS) == [
        actions.EndTurn(0, "replied"),
        actions.BeginTurn(1, 2_800 * MS),
        actions.Speak(1, 0),
    ]


def test_a_pause_inside_a_reply_does_not_end_it(tmp_path: Path) -> None:
    """Speech that goes on within 0.8 s is the same reply."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))
    line.speech(500 * MS, 1_000 * MS)

    assert line.speech(1_700 * MS, 2_000 * MS) == []
    assert line.wait(2_799 * MS) == []
    assert line.wait(2_800 * MS)[0] == actions.EndTurn(0, "replied")


def test_audio_still_queued_keeps_a_reply_going(tmp_path: Path) -> None:
    """Silence that is still being played is part of the reply: nothing of it may be left to play."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))
    line.feed(AgentAudio(at_us=0, format=MULAW_8K, size=80_000))
    line.feed(AgentSpeechBegan(at_us=30 * MS, began_us=0))
    line.feed(AgentSpeechEnded(at_us=1_200 * MS, ended_us=1_000 * MS))

    assert line.wait(9_000 * MS) == []
    assert line.feed(PlaybackDrained(at_us=10_000 * MS))[0] == actions.EndTurn(0, "replied")


@pytest.mark.parametrize("side", [Side.MODEL, Side.AGENT])
def test_a_function_call_in_progress_keeps_a_reply_going(tmp_path: Path, side: Side) -> None:
    """Where the model is watched, "one moment" and a running function are not the end of the reply."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))
    line.feed(ResponseStarted(at_us=0, side=side, response_id="r1"))
    line.speech(100 * MS, 600 * MS)
    line.feed(FunctionCalled(at_us=700 * MS, side=side, call_id="c1", name="look", arguments="{}"))
    line.feed(ResponseEnded(at_us=710 * MS, side=side, response_id="r1", status="completed"))

    assert line.wait(5_000 * MS) == []
    line.feed(FunctionReturned(at_us=5_000 * MS, side=side, call_id="c1", output="{}"))
    line.feed(ResponseStarted(at_us=5_050 * MS, side=side, response_id="r2"))
    assert line.wait(8_000 * MS) == []
    line.feed(ResponseEnded(at_us=8_000 * MS, side=side, response_id="r2", status="completed"))
    assert line.wait(8_799 * MS) == []
    assert line.wait(8_800 * MS)[0] == actions.EndTurn(0, "replied")


def test_a_function_whose_output_is_never_followed_up_does_not_hold_the_call(tmp_path: Path) -> None:
    """A bridge that asks for nothing after an output (a hang-up, say) leaves the reply as it was."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))
    line.speech(100 * MS, 600 * MS)
    line.feed(FunctionCalled(at_us=700 * MS, side=Side.MODEL, call_id="c1", name="note", arguments="{}"))
    line.feed(FunctionReturned(at_us=800 * MS, side=Side.MODEL, call_id="c1", output="{}"))

    told = line.wait(20_000 * MS)

    assert told[0] == actions.EndTurn(0, "replied")


def test_no_reply_within_patience_ends_the_call(tmp_path: Path) -> None:
    """Fifteen seconds of nothing, from the end of the caller's speech, and the caller gives up."""
    line = Line(plan_of(tmp_path, "- caller: {audio: clip.wav, text: hello}\n- caller: {audio: clip.wav}\n"))
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 1_000 * MS)

    assert line.wait(15_999 * MS) == []
    assert line.wait(16_000 * MS) == [actions.EndTurn(0, "no-reply"), actions.HangUp("finished")]


def test_trailing_silence_of_a_clip_does_not_delay_patience(tmp_path: Path) -> None:
    """What counts is the last voiced sample, whatever the length of the file."""
    line = Line(plan_of(tmp_path, "- caller: {audio: clip.wav, text: hello}\n  patience: 2 s\n"))
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 500 * MS)

    assert line.wait(2_500 * MS)[0] == actions.EndTurn(0, "no-reply")


def test_the_caller_never_talks_over_speech_that_just_began(tmp_path: Path) -> None:
    """Speech between two turns holds the next turn's action back until it is over."""
    line = Line(plan_of(tmp_path, "- caller: {silence: 1 s}\n- caller: {audio: clip.wav}\n"))
    line.feed(CallUp(at_us=0))
    line.feed(ActionDone(at_us=1_000 * MS, turn=0, end_us=1_000 * MS))
    line.speech(1_200 * MS, 2_000 * MS)
    line.feed(AgentAudio(at_us=2_790 * MS, format=MULAW_8K, size=160))
    line.feed(AgentSpeechBegan(at_us=2_799 * MS, began_us=2_790 * MS))

    assert line.wait(3_000 * MS) == []
    line.feed(PlaybackDrained(at_us=3_000 * MS))
    line.feed(AgentSpeechEnded(at_us=3_200 * MS, ended_us=3_000 * MS))
    assert actions.Speak(1, 0) in line.wait(3_800 * MS)


def test_a_timer_that_rings_early_rings_again(tmp_path: Path) -> None:
    """A clock that is a microsecond short of the moment leaves the wish to be woken as it was."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))
    line.speech(500 * MS, 2_000 * MS)

    assert line.feed(None, 2_800 * MS - 1) == []
    assert line.state.wake_us == 2_800 * MS


def test_an_interruption_counts_agent_speech_as_heard(tmp_path: Path) -> None:
    """`after: 1 s` is a second of speech, its pauses left out, from when it was heard to begin."""
    line = interrupting(tmp_path)
    line.feed(AgentSpeechEnded(at_us=2_200 * MS, ended_us=2_000 * MS))
    line.feed(AgentSpeechBegan(at_us=2_330 * MS, began_us=2_300 * MS))

    assert line.wait(2_799 * MS) == []
    assert line.wait(2_800 * MS) == [actions.Speak(1, 1, interrupts=True)]


def test_an_interrupted_turn_is_left_as_soon_as_its_reply_is_heard(tmp_path: Path) -> None:
    """The turn before ends when its reply begins; the interrupting turn begins with the caller's clip."""
    line = Line(plan_of(tmp_path, INTERRUPTION))
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 1_000 * MS)
    line.feed(AgentAudio(at_us=1_500 * MS, format=MULAW_8K, size=80_000))

    told = line.feed(AgentSpeechBegan(at_us=1_530 * MS, began_us=1_500 * MS))

    assert told == [actions.EndTurn(0, "interrupted")]
    line.wait(2_500 * MS)
    assert line.spoke(1, 2_500 * MS, 3_000 * MS, interrupts=True)[0] == actions.BeginTurn(1, 2_500 * MS)


def test_the_old_reply_is_not_the_answer_to_an_interruption(tmp_path: Path) -> None:
    """Only speech begun after the flush, or after the caller's clip, is the interrupting turn's reply."""
    line = interrupting(tmp_path)
    line.wait(2_500 * MS)
    line.spoke(1, 2_500 * MS, 3_000 * MS, interrupts=True)
    line.feed(PlaybackFlushed(at_us=2_700 * MS, unplayed_us=5_000 * MS))
    line.feed(AgentSpeechEnded(at_us=2_900 * MS, ended_us=2_700 * MS))

    assert line.wait(10_000 * MS) == []
    line.speech(10_000 * MS, 11_000 * MS)
    assert line.wait(11_800 * MS)[0] == actions.EndTurn(1, "replied")


def test_an_interruption_that_comes_too_late_is_not_exercised(tmp_path: Path) -> None:
    """When the reply is over before `after`, the clip is not played and the turn says so."""
    line = Line(plan_of(tmp_path, INTERRUPTION))
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 1_000 * MS)
    line.speech(1_500 * MS, 2_000 * MS)

    told = line.wait(2_800 * MS)

    assert told[:2] == [actions.BeginTurn(1, 2_800 * MS), actions.EndTurn(1, "not-exercised")]
    assert not any(isinstance(action, actions.Speak) for action in told)


def test_a_hang_up_of_the_agent_ends_the_call_and_skips_what_is_left(tmp_path: Path) -> None:
    """No later turn begins once the agent is gone."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))

    assert line.feed(AgentHungUp(at_us=300 * MS)) == [actions.EndTurn(0, "hung-up")]
    assert line.state.hung_up


def test_an_expected_hang_up_is_waited_for_after_the_reply(tmp_path: Path) -> None:
    """`hangup: true` listens on after the reply was played out, up to patience."""
    line = Line(plan_of(tmp_path, "- expect: {hangup: true}\n  patience: 3 s\n"))
    line.feed(CallUp(at_us=0))
    line.speech(100 * MS, 500 * MS)

    assert line.wait(4_000 * MS) == []
    assert line.feed(AgentHungUp(at_us=4_100 * MS)) == [actions.EndTurn(0, "hung-up")]


def test_a_broken_line_is_not_a_hang_up(tmp_path: Path) -> None:
    """A line that broke cuts the turn."""
    line = Line(plan_of(tmp_path, TWO_TURNS))
    line.feed(CallUp(at_us=0))

    assert line.feed(LineBroke(at_us=100 * MS, reason="reset")) == [actions.EndTurn(0, "cut")]


def test_the_last_turn_is_watched_before_the_caller_hangs_up(tmp_path: Path) -> None:
    """After the last reply the line stays open for 0.8 s and half a second more."""
    line = Line(plan_of(tmp_path, "- turn: Greeting\n"))
    line.feed(CallUp(at_us=0))
    line.speech(0, 1_000 * MS)

    assert line.wait(3_099 * MS) == [actions.EndTurn(0, "replied")]
    assert line.wait(3_100 * MS) == [actions.HangUp("finished")]


def test_the_callers_own_hang_up_takes_no_reply(tmp_path: Path) -> None:
    """A turn that ends in `hangup` waits for nobody."""
    line = Line(plan_of(tmp_path, "- caller: {hangup: true}\n"))

    assert line.feed(CallUp(at_us=0)) == [actions.BeginTurn(0, 0), actions.HangUp("caller")]
    assert line.feed(CallerHungUp(at_us=0)) == [actions.EndTurn(0, "quiet")]
    assert line.state.hung_up


def test_only_silence_expected_takes_no_reply(tmp_path: Path) -> None:
    """`expect: {silent: 2 s}` watches two seconds from the end of the caller's action, no more."""
    line = Line(plan_of(tmp_path, "- caller: {audio: clip.wav, text: hush}\n  expect: {silent: 2 s}\n"))
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 700 * MS)

    assert line.wait(2_699 * MS) == []
    assert line.wait(2_700 * MS)[0] == actions.EndTurn(0, "quiet")


def test_a_call_that_never_ends_is_ended_by_its_limit(tmp_path: Path) -> None:
    """`limits: {call:}` is a hard stop: a real line costs money."""
    line = Line(plan_of(tmp_path, TWO_TURNS, head="limits: {call: 10 s}\n"))
    line.feed(CallUp(at_us=0))
    line.feed(AgentAudio(at_us=0, format=MULAW_8K, size=800_000))
    line.feed(AgentSpeechBegan(at_us=30 * MS, began_us=0))

    assert line.wait(10_000 * MS) == [actions.EndTurn(0, "cut"), actions.HangUp("call-limit")]


def test_on_failure_end_call_judges_each_turn_and_stops(tmp_path: Path) -> None:
    """With `on_failure: end_call` a failed turn is the last one."""
    line = Line(plan_of(tmp_path, TWO_TURNS, head="on_failure: end_call\n"))
    line.feed(CallUp(at_us=0))
    line.speech(0, 1_000 * MS)

    assert line.wait(1_800 * MS) == [actions.EndTurn(0, "replied", judge=True)]
    line.feed(TurnJudged(at_us=1_800 * MS, turn=0, passed=False))
    ended = TurnEnded(at_us=1_800 * MS, turn=0, how="replied")
    assert line.feed(ended) == [actions.HangUp("finished")]


CAPTURING = """
- turn: Reference
  expect: {says: {matches: 'reference (?P<code>\\d+)'}}
- turn: Repeat it
  caller: {dtmf: "{{ code }}"}
"""


def test_a_capture_is_filled_in_when_it_is_needed(tmp_path: Path) -> None:
    """What the agent said becomes what the caller presses."""
    line = Line(plan_of(tmp_path, CAPTURING))
    line.feed(CallUp(at_us=0))
    line.speech(0, 1_000 * MS)
    line.feed(Captured(at_us=1_000 * MS, turn=0, name="code", value="4821"))

    assert actions.SendDigits(1, "4821", 150 * MS) in line.wait(1_800 * MS)


def test_a_turn_whose_capture_never_happened_is_skipped(tmp_path: Path) -> None:
    """Nothing is pressed that nobody said."""
    line = Line(plan_of(tmp_path, CAPTURING))
    line.feed(CallUp(at_us=0))
    line.speech(0, 1_000 * MS)

    told = line.wait(1_800 * MS)

    assert actions.EndTurn(1, "skipped") in told
    assert not any(isinstance(action, actions.SendDigits) for action in told)


def test_text_replies_end_with_the_response(tmp_path: Path) -> None:
    """Over Realtime the protocol says when a reply is over: at once, when nothing is left to play."""
    plan = plan_of(tmp_path, "- caller: {text: hello}\n", setting(TEXT, TargetKind.BARE, "realtime"))
    line = Line(plan)

    assert line.feed(CallUp(at_us=0)) == [actions.BeginTurn(0, 0), actions.SendText(0, "hello")]
    line.feed(CallerTexted(at_us=0, turn=0, text="hello"))
    line.feed(ActionDone(at_us=0, turn=0, end_us=0))
    line.feed(ResponseStarted(at_us=100 * MS, side=Side.MODEL, response_id="r1"))
    assert line.feed(TextBegan(at_us=110 * MS, side=Side.MODEL, response_id="r1")) == []
    done = ResponseEnded(at_us=200 * MS, side=Side.MODEL, response_id="r1", status="completed")
    assert line.feed(done) == [actions.EndTurn(0, "replied")]


def test_what_the_line_tells_counts_not_what_the_agent_knows_before(tmp_path: Path) -> None:
    """Over Realtime a local agent's own account comes first; the reply is over when the line says so."""
    line = Line(plan_of(tmp_path, "- caller: {text: hello}\n", setting(TEXT, TargetKind.AGENT, "realtime")))
    line.feed(CallUp(at_us=0))
    line.feed(ActionDone(at_us=0, turn=0, end_us=0))
    for event in (
        ResponseStarted(at_us=0, side=Side.AGENT, response_id="r1"),
        TextBegan(at_us=0, side=Side.AGENT, response_id="r1"),
        ResponseEnded(at_us=0, side=Side.AGENT, response_id="r1", status="completed"),
        ResponseStarted(at_us=0, side=Side.MODEL, response_id="r1"),
        TextBegan(at_us=0, side=Side.MODEL, response_id="r1"),
    ):
        assert line.feed(event) == []

    done = ResponseEnded(at_us=0, side=Side.MODEL, response_id="r1", status="completed")
    assert line.feed(done) == [actions.EndTurn(0, "replied")]


def test_text_of_the_turn_before_is_no_reply_even_in_the_same_microsecond(tmp_path: Path) -> None:
    """In virtual time text takes no time: what came before the caller acted is told apart by its order."""
    turns = "- turn: Greeting\n- caller: {text: hello}\n"
    line = Line(plan_of(tmp_path, turns, setting(TEXT, TargetKind.BARE, "realtime")))
    line.feed(CallUp(at_us=0))
    line.feed(ResponseStarted(at_us=0, side=Side.MODEL, response_id="r1"))
    line.feed(TextBegan(at_us=0, side=Side.MODEL, response_id="r1"))
    line.feed(ResponseEnded(at_us=0, side=Side.MODEL, response_id="r1", status="completed"))

    assert line.feed(ActionDone(at_us=0, turn=1, end_us=0)) == []


def test_a_realtime_agent_is_asked_to_greet_when_the_caller_only_listens(tmp_path: Path) -> None:
    """`greets` is true by default when the first turn only listens."""
    plan = plan_of(tmp_path, "- turn: Greeting\n", setting(TEXT, TargetKind.BARE, "realtime"))

    assert actions.RequestReply() in Line(plan).feed(CallUp(at_us=0))
