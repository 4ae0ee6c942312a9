"""Play streams in a whole call: what a resampler holds back of one is heard, what a flush dropped is not."""

from __future__ import annotations

from pathlib import Path

from support_calls import hold
from support_plans import plan_of, setting
from support_twilio import tone
from turnspec.audio.codecs import decode, encode
from turnspec.audio.resample import resample
from turnspec.call import (
    MULAW_8K,
    PCM_24K,
    Capabilities,
    Capability,
    ReplyEnd,
    Source,
)
from turnspec.call.events import (
    AgentAudio,
    AgentMessaged,
    Event,
    FlushAsked,
    PlaybackDrained,
    PlaybackFlushed,
    Side,
    StreamBegan,
    StreamEnded,
    TurnEnded,
)
from turnspec.plan import TargetKind
from turnspec.run.live import LiveCall
from turnspec.testing import Expect, Flush, HangUp, ScriptedAdapter
from turnspec.testing.script import Step

MS = 1_000
STREAMS = Capabilities(
    can=frozenset({Capability.AUDIO, Capability.HANGUP_SEEN}),
    gives=frozenset({Source.WORDS}),
    told_by=Side.LINE,
    reply_end=ReplyEnd.STREAM_STOP,
    reply_ends_after_us=300 * MS,
    caller_format=MULAW_8K,
)


def hums(at_us: int, duration_us: int) -> AgentAudio:
    """Agent audio at 24 kHz on a line of 8 kHz."""
    samples = decode(tone(duration_us), MULAW_8K)
    data = encode(resample(samples, 8_000, 24_000), PCM_24K)
    return AgentAudio(at_us=at_us, format=PCM_24K, size=len(data), data=data, stream="s")


def held(folder: Path, *script: Step) -> LiveCall:
    """A call of one turn, in which the caller only listens."""
    plan = plan_of(folder, "- turn: Greeting\n", setting(STREAMS, TargetKind.BARE, "scripted"))
    with ScriptedAdapter(*script, capabilities=STREAMS) as adapter:
        return hold(plan, adapter)


def of(live: LiveCall, kind: type[Event]) -> list[int]:
    """When something happened, in milliseconds."""
    return [event.at_us // MS for event in live.evidence.of(kind)]


def test_all_of_a_stream_is_heard(tmp_path: Path) -> None:
    """What the resampler still has when the stream ends is played behind the rest, to the millisecond."""
    script = (
        StreamBegan(at_us=0, stream="s"),
        hums(0, 1_000 * MS),
        StreamEnded(at_us=0, stream="s"),
        Expect(HangUp()),
    )
    live = held(tmp_path, *script)

    assert of(live, PlaybackDrained) == [1_000]
    assert of(live, TurnEnded) == [1_300]


def test_a_flush_drops_what_is_held_back(tmp_path: Path) -> None:
    """The end of an interrupted stream brings nothing back."""
    script = (
        StreamBegan(at_us=0, stream="s"),
        hums(0, 1_000 * MS),
        FlushAsked(at_us=500 * MS),
        Expect(Flush("s", 500 * MS)),
        StreamEnded(at_us=600 * MS, stream="s"),
        Expect(HangUp()),
    )
    live = held(tmp_path, *script)

    assert of(live, PlaybackFlushed) == [500]
    assert of(live, PlaybackDrained) == []
    assert of(live, TurnEnded) == [900]


def test_a_flush_when_all_has_just_been_heard(tmp_path: Path) -> None:
    """In the very microsecond in which the last sample is over there is nothing to flush: all was heard."""
    data = tone(1_000 * MS)
    script = (
        StreamBegan(at_us=0, stream="s"),
        AgentAudio(at_us=0, format=MULAW_8K, size=len(data), data=data, stream="s"),
        StreamEnded(at_us=0, stream="s"),
        FlushAsked(at_us=1_000 * MS),
        Expect(HangUp()),
    )
    live = held(tmp_path, *script)

    assert of(live, PlaybackFlushed) == []
    assert of(live, PlaybackDrained) == [1_000]
    assert of(live, TurnEnded) == [1_300]


def test_a_message_is_a_reply(tmp_path: Path) -> None:
    """Text on the line ends a turn as speech does, 300 ms after it came."""
    live = held(tmp_path, AgentMessaged(at_us=200 * MS, text="Hello."), Expect(HangUp()))

    assert [(event.how, event.at_us // MS) for event in live.evidence.of(TurnEnded)] == [("replied", 500)]
