"""Whole calls held by the engine's own runner, in virtual time, with an agent that is a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from support_calls import CLIP, NothingToClose, hold
from support_plans import TELEPHONE, TEXT, plan_of, setting
from support_twilio import tone
from turnspec.adapters.base import LineRefused, NothingListens
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K, Evidence, read_events
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    AgentHungUp,
    AgentSaid,
    AgentSpeechBegan,
    AgentSpeechEnded,
    CallEnded,
    CallerHungUp,
    CallerPressed,
    CallerSpoke,
    CallRefused,
    Closer,
    Event,
    FlushAsked,
    HarnessFailed,
    LineBroke,
    MarkReturned,
    MarkSet,
    PlaybackFlushed,
    ProtocolFault,
    ReplyRequested,
    ResponseEnded,
    ResponseStarted,
    Side,
    TextBegan,
    TurnEnded,
)
from turnspec.plan import CallPlan, TargetKind
from turnspec.testing import (
    Digit,
    Expect,
    Fails,
    Flush,
    HangUp,
    Mark,
    ReplyRequest,
    ScriptedAdapter,
    ScriptMismatch,
    Speech,
    Step,
    Text,
)

GREETING = "- turn: Greeting\n"
GREETED_ASKED = "- turn: Greeting\n- turn: Ask\n  caller: {audio: clip.wav, text: account}\n"
MS = 1_000


def hums(at_us: int, duration_us: int, stream: str = "") -> AgentAudio:
    """Agent audio that arrives all at once and plays for `duration_us`."""
    data = tone(duration_us)
    return AgentAudio(at_us=at_us, format=MULAW_8K, size=len(data), data=data, stream=stream)


def telephone(folder: Path, turns: str) -> CallPlan:
    """A plan over a line that carries audio and keys."""
    return plan_of(folder, turns, setting(TELEPHONE, TargetKind.BARE, "scripted"))


def scripted(*script: Step, **options: object) -> ScriptedAdapter:
    """An adapter of that line."""
    return ScriptedAdapter(*script, capabilities=TELEPHONE, **options)  # type: ignore[arg-type]


def hows(events: tuple[Event, ...]) -> list[str]:
    """How the turns ended."""
    return [event.how for event in events if isinstance(event, TurnEnded)]


def test_a_call_of_two_turns(tmp_path: Path) -> None:
    """Greeting, question, answer: the caller speaks 0.8 s after the greeting, and hangs up at the end."""
    script = (
        hums(300 * MS, 1_000 * MS),
        Expect(Speech(), then=(hums(500 * MS, 600 * MS),)),
        Expect(HangUp()),
    )
    with scripted(*script) as adapter:
        live = hold(telephone(tmp_path, GREETED_ASKED), adapter)

    assert adapter.call is not None
    evidence = live.evidence
    (spoke,) = evidence.of(CallerSpoke)
    began = [event.began_us for event in evidence.of(AgentSpeechBegan)]
    assert hows(evidence.events) == ["replied", "replied"]
    assert spoke.at_us == 2_100 * MS
    sample_us = 125  # the hum's first sample is 0, which nobody hears
    assert began == [300 * MS + sample_us, spoke.speech_end_us + 500 * MS + sample_us]
    assert evidence.events[-1] == CallEnded(
        at_us=evidence.events[-1].at_us, by=Closer.CALLER, reason="finished"
    )


def test_the_far_end_gets_the_recording_as_it_is(tmp_path: Path) -> None:
    """What arrives is the clip on the 20 ms grid, digital silence around it, and nothing twice."""
    script = (hums(0, 200 * MS), Expect(Speech(), then=(AgentHungUp(at_us=400 * MS),)))
    with scripted(*script) as adapter:
        live = hold(telephone(tmp_path, GREETED_ASKED), adapter)

    assert adapter.call is not None
    (spoke,) = live.evidence.of(CallerSpoke)
    line = MULAW_8K.size_of(spoke.at_us)
    length = len(samples_of(live.recorder.tracks(spoke.at_us)[0]))
    voiced = MULAW_8K.size_of(spoke.speech_end_us)
    assert line == length
    assert spoke.at_us % (20 * MS) == 0
    assert adapter.call.audio[:line] == b"\xff" * line
    assert set(adapter.call.audio[line:voiced]) != {0xFF}
    assert CLIP.is_file()


def test_the_same_script_gives_the_same_record_to_the_byte(tmp_path: Path) -> None:
    """Nothing in a virtual call depends on anything but its script and plan."""
    records = []
    for number in range(2):
        evidence = Evidence(tmp_path / str(number), {"call": "twice"})
        script = (hums(300 * MS, 1_000 * MS), Expect(Speech(), then=(AgentHungUp(at_us=0),)))
        with scripted(*script) as adapter:
            hold(telephone(tmp_path, GREETED_ASKED), adapter, evidence)
        evidence.close()
        records.append((tmp_path / str(number) / "events.jsonl").read_bytes())

    assert records[0] == records[1]
    assert len(records[0].splitlines()) > 10


def test_text_turns(tmp_path: Path) -> None:
    """Over a protocol of texts the greeting is asked for, and a turn is over when its response is."""

    def answer(number: int, text: str) -> tuple[Event, ...]:
        response = f"r{number}"
        return (
            ResponseStarted(at_us=10 * MS, side=Side.MODEL, response_id=response),
            TextBegan(at_us=20 * MS, side=Side.MODEL, response_id=response),
            AgentSaid(
                at_us=30 * MS, side=Side.MODEL, response_id=response, item_id="i", text=text, began_us=0
            ),
            ResponseEnded(at_us=40 * MS, side=Side.MODEL, response_id=response, status="completed"),
        )

    turns = "- turn: Greeting\n- turn: Ask\n  caller: {text: hello}\n"
    plan = plan_of(tmp_path, turns, setting(TEXT, TargetKind.BARE, "scripted"))
    script = (
        Expect(ReplyRequest(), then=answer(1, "Hello.")),
        Expect(Text("hello"), then=answer(2, "Yes?")),
        Expect(HangUp()),
    )
    with ScriptedAdapter(*script, capabilities=TEXT) as adapter:
        live = hold(plan, adapter)

    assert adapter.call is not None
    assert [at_us for at_us, _ in adapter.call.sent][:2] == [0, 40 * MS]
    assert [event.text for event in live.evidence.of(AgentSaid)] == ["Hello.", "Yes?"]
    assert hows(live.evidence.events) == ["replied", "replied"]
    assert list(live.evidence.of(ReplyRequested)) == [ReplyRequested(at_us=0)]


def test_keys_are_pressed_one_after_another(tmp_path: Path) -> None:
    """Each digit leaves at its own time, after the greeting is over."""
    turns = '- turn: Greeting\n- turn: Code\n  caller: {dtmf: "1w#"}\n'
    script = (
        hums(0, 200 * MS),
        Expect(Digit("1")),
        Expect(Digit("#"), then=(hums(300 * MS, 200 * MS),)),
        Expect(HangUp()),
    )
    with scripted(*script) as adapter:
        live = hold(telephone(tmp_path, turns), adapter)

    first, second = live.evidence.of(CallerPressed)
    assert (first.digit, second.digit) == ("1", "#")
    assert second.at_us - first.at_us >= 500 * MS
    assert hows(live.evidence.events) == ["replied", "replied"]


def test_marks_come_back_when_what_is_before_them_has_played(tmp_path: Path) -> None:
    """A mark behind a second of audio that came at once is returned after that second."""
    script = (
        hums(100 * MS, 1_000 * MS),
        MarkSet(at_us=100 * MS, name="greeted"),
        Expect(Mark("greeted")),
        Expect(HangUp()),
    )
    with scripted(*script) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)

    assert list(live.evidence.of(MarkReturned)) == [
        MarkReturned(at_us=1_100 * MS, name="greeted", cleared=False)
    ]


def test_a_flush_cuts_what_is_heard_and_says_how_much_was(tmp_path: Path) -> None:
    """Of three seconds that came at once one is heard, the marks come back, and so does the news."""
    script = (
        hums(0, 3_000 * MS, "item_1"),
        MarkSet(at_us=0, name="end"),
        FlushAsked(at_us=1_000 * MS),
        Expect(Mark("end")),
        Expect(Flush("item_1", 1_000 * MS)),
        Expect(HangUp()),
    )
    with scripted(*script) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)

    (flushed,) = live.evidence.of(PlaybackFlushed)
    (ended,) = live.evidence.of(AgentSpeechEnded)
    assert flushed.unplayed_us == 2_000 * MS
    assert abs(ended.ended_us - 1_000 * MS) <= 5 * MS
    assert list(live.evidence.of(MarkReturned)) == [MarkReturned(at_us=1_000 * MS, name="end", cleared=True)]


def test_a_reader_that_stalls_is_reported_once_and_gets_no_more(tmp_path: Path) -> None:
    """From a megabyte unread on frames are dropped, as a line drops them; the call goes on."""

    def backlog(at_us: int) -> int:
        return 2 << 20 if 1_000 * MS <= at_us < 2_000 * MS else 0

    with scripted(hums(0, 3_000 * MS), Expect(HangUp()), backlog=backlog) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)

    assert adapter.call is not None
    (fault,) = live.evidence.of(ProtocolFault)
    over_us = next(live.evidence.of(CallerHungUp)).at_us
    assert (fault.at_us, fault.rule) == (1_000 * MS, "stalled-reader")
    assert "2097152 bytes unread" in fault.detail
    # A frame leaves once its 20 ms are over; the one of the last moment finds the call over.
    assert MULAW_8K.duration_us(len(adapter.call.audio)) == over_us - 20 * MS - 1_000 * MS


def test_a_caller_goes_on_while_nobody_reads(tmp_path: Path) -> None:
    """What is dropped is lost for the agent alone: the caller's speech ends when it ends."""

    def backlog(at_us: int) -> int:
        return 2 << 20 if 1_500 * MS <= at_us < 2_000 * MS else 0

    ends = []
    for unread in (backlog, lambda _: 0):
        script = (hums(0, 200 * MS), Expect(Speech()), hums(6_000 * MS, 200 * MS), Expect(HangUp()))
        with scripted(*script, backlog=unread) as adapter:
            live = hold(telephone(tmp_path, GREETED_ASKED), adapter)
        (done,) = live.evidence.of(ActionDone)
        (spoke,) = live.evidence.of(CallerSpoke)
        assert spoke.at_us < 1_500 * MS
        assert adapter.call is not None
        silent_us, _ = adapter.call.sent[0]
        ends.append((silent_us, done.at_us, done.end_us, spoke.speech_end_us, len(adapter.call.audio)))

    stalled, free = ends
    assert stalled[:4] == free[:4]
    assert free[4] - stalled[4] == MULAW_8K.size_of(500 * MS)


def test_events_between_the_end_and_the_close_are_kept(tmp_path: Path) -> None:
    """What still arrives while the line closes is on the record, before its last event, and moves nothing."""
    late = ProtocolFault(at_us=50 * MS, rule="late", detail="it talked on")
    script = (hums(0, 200 * MS), Expect(HangUp(), then=(hums(20 * MS, 500 * MS), late)))
    with scripted(*script, closes_after_us=100 * MS) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)

    (hung_up,) = live.evidence.of(CallerHungUp)
    after = [event.kind for event in live.evidence.events if event.at_us > hung_up.at_us]
    assert after == ["agent-audio", "protocol-fault", "call-ended"]
    assert live.evidence.events[-1].at_us == hung_up.at_us + 100 * MS


def test_nothing_is_recorded_after_the_end(tmp_path: Path) -> None:
    """`call-ended` is the last event of every record, whoever goes on talking."""
    with scripted(hums(0, 200 * MS), Expect(HangUp())) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)
    count = len(live.evidence.events)
    live.happened(ProtocolFault(at_us=10**9, rule="late", detail="after the end"))

    assert len(live.evidence.events) == count
    assert isinstance(live.evidence.events[-1], CallEnded)


def test_a_line_that_never_closes_is_left_behind(tmp_path: Path) -> None:
    """An agent that does not let the line close holds nobody up for more than five seconds."""
    with scripted(hums(0, 200 * MS), Expect(HangUp()), closes_after_us=None) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)

    (hung_up,) = live.evidence.of(CallerHungUp)
    ended = live.evidence.events[-1]
    assert ended == CallEnded(at_us=hung_up.at_us + 5_000 * MS, by=Closer.CALLER, reason="finished")


def test_an_early_hang_up_ends_the_turn_and_the_call(tmp_path: Path) -> None:
    """Nothing is sent after the agent has hung up, and the turns that follow are not begun."""
    with scripted(hums(0, 900 * MS), AgentHungUp(at_us=400 * MS, reason="bye")) as adapter:
        live = hold(telephone(tmp_path, GREETED_ASKED), adapter)

    assert adapter.call is not None
    assert adapter.call.sent == []
    assert hows(live.evidence.events) == ["hung-up"]
    assert live.evidence.events[-1] == CallEnded(at_us=400 * MS, by=Closer.AGENT, reason="bye")


def test_a_broken_line_is_the_agents(tmp_path: Path) -> None:
    """A reset in the middle ends the call at once, by the agent, with the reason."""
    with scripted(LineBroke(at_us=250 * MS, reason="connection reset", code=1006)) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)

    assert hows(live.evidence.events) == ["cut"]
    assert live.evidence.events[-1] == CallEnded(at_us=250 * MS, by=Closer.AGENT, reason="connection reset")


def test_silence_ends_the_call_after_patience(tmp_path: Path) -> None:
    """An agent that says nothing is waited for so long and no longer."""
    with scripted(Expect(HangUp())) as adapter:
        live = hold(telephone(tmp_path, "- turn: Greeting\n  patience: 2 s\n"), adapter)

    assert hows(live.evidence.events) == ["no-reply"]
    assert live.evidence.events[-1].at_us == 2_000 * MS


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (LineRefused("busy", 486), CallRefused(at_us=30 * MS, reason="busy", code=486)),
        (NothingListens("nothing listens"), HarnessFailed(at_us=30 * MS, reason="nothing listens")),
    ],
)
def test_a_call_that_never_comes_up(tmp_path: Path, refusal: LineRefused, told: Event) -> None:
    """Declined is on the agent, unanswered on the harness; either is the end of the record."""
    with scripted(refusal=refusal, up_after_us=30 * MS) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter)

    by = Closer.AGENT if isinstance(told, CallRefused) else Closer.ENGINE
    assert live.evidence.events[1:] == (told, CallEnded(at_us=30 * MS, by=by, reason=refusal.reason))


def test_a_send_that_the_script_does_not_have_fails_the_call(tmp_path: Path) -> None:
    """The engine cannot press a key unnoticed."""
    turns = '- turn: Greeting\n- turn: Code\n  caller: {dtmf: "42"}\n'
    adapter = scripted(hums(0, 200 * MS), Expect(Digit("7")))

    with pytest.raises(ScriptMismatch, match=r"sent Digit\(digit='4'\) .* expects Digit\(digit='7'\)"):
        _held_in_block(adapter, telephone(tmp_path, turns))


def _held_in_block(adapter: ScriptedAdapter, plan: CallPlan) -> None:
    with adapter:
        hold(plan, adapter)


def test_a_call_that_the_caller_ends_too_early_leaves_steps(tmp_path: Path) -> None:
    """What the agent would have said after the end of the call is named."""
    adapter = scripted(hums(0, 200 * MS), Expect(HangUp()), hums(30_000 * MS, 200 * MS))

    with pytest.raises(ScriptMismatch, match="left  AgentAudio"):
        _held_in_block(adapter, telephone(tmp_path, GREETING))


class Careless(NothingToClose):
    """Turns whose closing fails."""

    def captures(self, turn: int) -> Mapping[str, Any]:
        """Nothing but an error."""
        raise LookupError(f"no turn {turn}")


def test_an_error_of_an_adapter_ends_the_call_and_comes_out(tmp_path: Path) -> None:
    """What `listen` fails with is not lost, and what happened before it stays on the record."""
    evidence = Evidence(None, {})
    adapter = scripted(hums(0, 100 * MS), Fails(300 * MS, OSError("no buffer space")))

    with pytest.RaisesGroup(pytest.RaisesExc(OSError, match="no buffer space")), adapter:
        hold(telephone(tmp_path, GREETING), adapter, evidence)
    assert evidence.events[-1].at_us == 300 * MS


def test_an_error_in_a_timer_ends_the_call_and_comes_out(tmp_path: Path) -> None:
    """What fails when a turn is over by time alone ends the call then, and not at the call's limit."""
    evidence = Evidence(None, {})
    adapter = scripted(hums(0, 200 * MS))

    with pytest.RaisesGroup(pytest.RaisesExc(LookupError, match="no turn 0")), adapter:
        hold(telephone(tmp_path, GREETING), adapter, evidence, Careless())
    assert [event.kind for event in evidence.events][-1] == "agent-speech-ended"


@pytest.mark.parametrize("number", range(3))
def test_the_record_on_disk_is_that_in_memory(tmp_path: Path, number: int) -> None:
    """Reading a saved call gives the events that happened, but for the sound itself."""
    endings: list[Callable[[], Event | Expect]] = [
        lambda: AgentHungUp(at_us=900 * MS),
        lambda: LineBroke(at_us=900 * MS, reason="reset"),
        lambda: Expect(HangUp()),
    ]
    evidence = Evidence(tmp_path / "call", {"call": "talk"})
    with scripted(hums(0, 200 * MS), endings[number]()) as adapter:
        live = hold(telephone(tmp_path, GREETING), adapter, evidence)
    evidence.close()

    header, events = read_events(tmp_path / "call")
    assert header == {"format": 1, "call": "talk"}
    assert events == live.evidence.events
    last = (tmp_path / "call" / "events.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["kind"] == "call-ended"
