"""The Realtime server and the caller's speech: when a turn is over, and what interrupts a reply."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from support_realtime import Line, LiteralAgent, judged, quiet, speech, tone, types
from support_realtime_turns import SPEECH_END_US, UTTERANCE
from turnspec.call import ALAW_8K, MULAW_8K, AudioFormat
from turnspec.call.events import AgentSaid, CallerHeard, ProtocolFault, ResponseEnded
from turnspec.doubles.agent.reply import Reply


@pytest.mark.parametrize(
    ("name", "wire"), [("audio/pcmu", MULAW_8K), ("audio/pcma", ALAW_8K)], ids=["pcmu", "pcma"]
)
def test_telephone_audio_both_ways(name: str, wire: AudioFormat) -> None:
    """G.711 in is heard, and G.711 comes out: 8 bytes a millisecond."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(200_000))])
    line = Line(agent)
    line.configure(audio={"input": {"format": {"type": name}}, "output": {"format": {"type": name}}})
    said = np.concatenate([quiet(500_000, 8_000), tone(600_000, 8_000), quiet(600_000, 8_000)])
    events = line.hear(said, wire)

    judged(line.sent)
    audio = [event["delta"] for event in events if event["type"] == "response.output_audio.delta"]
    assert sum(len(base64.b64decode(delta)) for delta in audio) == 200 * 8
    assert agent.speech[0].rate_hz == 8_000


def test_a_spoken_turn_in_order() -> None:
    """Server VAD: started, stopped, committed, the item pair, then the response by itself."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))])
    line = Line(agent)
    line.news()
    events = line.hear(UTTERANCE)

    assert types(events)[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    judged(line.sent)
    started, stopped, committed, added = events[:4]
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == added["item"]["id"]
    assert (started["audio_start_ms"], stopped["audio_end_ms"]) == (200, 1300)
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    # The agent got the speech with its prefix and the silence that ended it.
    assert agent.speech[0].duration_us == 1_100_000


@pytest.mark.parametrize(("threshold", "utterances"), [(0.2, 1), (0.5, 1), (1.0, 0)])
def test_a_higher_threshold_wants_louder_speech(threshold: float, utterances: int) -> None:
    """Speech of some -51 dBFS is heard at the usual threshold and not at the highest."""
    line = Line(LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))] * utterances))
    line.configure(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": threshold}}})
    syllable = (tone(40_000, amplitude=130), tone(40_000, amplitude=25))
    events = line.hear(np.concatenate([quiet(300_000), *syllable * 8, quiet(800_000)]))

    assert types(events).count("input_audio_buffer.speech_started") == utterances


@pytest.mark.parametrize("first_audio_ms", [250, 300, 431, 1000])
def test_the_first_audio_counts_from_the_true_end_of_speech(first_audio_ms: int) -> None:
    """However long endpointing took, the reply starts at the end of the last voiced sample plus its delay."""
    reply = Reply("r", text="Yes.", audio=speech(100_000), first_audio_us=first_audio_ms * 1000)
    line = Line(LiteralAgent([reply]))
    line.hear(UTTERANCE)
    line.wait(1_000_000)

    began_us = line.time_of("response.output_audio.delta")
    assert began_us == SPEECH_END_US + first_audio_ms * 1000
    (said,) = line.witness.of(AgentSaid)
    assert said.began_us == began_us


def test_the_first_audio_is_never_before_the_turn_is_over() -> None:
    """A delay shorter than endpointing is endpointing."""
    reply = Reply("r", text="Yes.", audio=speech(100_000), first_audio_us=50_000)
    line = Line(LiteralAgent([reply]))
    line.configure(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}}})
    line.hear(UTTERANCE)

    assert line.time_of("response.output_audio.delta") == line.time_of("input_audio_buffer.speech_stopped")
    assert line.time_of("response.output_audio.delta") >= SPEECH_END_US + 500_000


def test_real_time_audio_keeps_pace() -> None:
    """Paced replies send as much as plays, a chunk ahead."""
    reply = Reply("r", text="Yes.", audio=speech(1_000_000), fast=False, first_audio_us=300_000)
    line = Line(LiteralAgent([reply]))
    line.hear(UTTERANCE)
    line.wait(2_000_000)

    deltas = [at for at, frame in zip(line.times, line.sent, strict=True) if "output_audio.delta" in frame]
    start = SPEECH_END_US + 300_000
    assert deltas == [start, *(start + 100_000 * n for n in range(9))]


def test_speaking_over_a_paced_response_cancels_it() -> None:
    """Everything open is closed as incomplete, then `response.done` says `turn_detected`."""
    reply = Reply("r", text="One two three four five six seven.", audio=speech(3_000_000), fast=False)
    line = Line(LiteralAgent([reply, Reply("after", text="Sorry.", audio=speech(100_000))]))
    line.hear(UTTERANCE)
    line.news()
    events = line.hear(tone(200_000))

    started = types(events).index("input_audio_buffer.speech_started")
    assert types(events)[started:] == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    done = events[-2]["response"]
    assert (done["status"], done["status_details"]) == (
        "cancelled",
        {"type": "cancelled", "reason": "turn_detected"},
    )
    assert done["output"][0]["status"] == "incomplete"
    (ended,) = line.witness.of(ResponseEnded)
    assert (ended.status, ended.reason) == ("cancelled", "turn_detected")
    assert line.witness.of(AgentSaid)[0].text == done["output"][0]["content"][0]["transcript"]
    line.hear(quiet(500_000))
    judged(line.sent)


def test_an_uninterruptible_reply_goes_on() -> None:
    """Speech over it is heard, but the response completes."""
    reply = Reply("r", text="Read this.", audio=speech(1_500_000), fast=False, interruptible=False)
    line = Line(LiteralAgent([reply]))
    line.hear(UTTERANCE)
    line.hear(np.concatenate([tone(300_000), quiet(1_500_000)]))

    (ended,) = line.witness.of(ResponseEnded)
    assert ended.status == "completed"
    error = next(json.loads(frame) for frame in line.sent if '"type":"error"' in frame)
    assert error["error"]["code"] == "conversation_already_has_active_response"
    assert line.witness.of(ProtocolFault) == []


def test_with_interrupting_off_the_response_goes_on() -> None:
    """`interrupt_response: false` is honoured."""
    vad = {"type": "server_vad", "interrupt_response": False, "create_response": False}
    line = Line(LiteralAgent([Reply("r", text="On and on.", audio=speech(1_000_000), fast=False)]))
    line.configure(audio={"input": {"turn_detection": vad}})
    line.say("Hello")
    line.hear(np.concatenate([tone(300_000), quiet(1_500_000)]))

    assert [event.status for event in line.witness.of(ResponseEnded)] == ["completed"]
    judged(line.sent)


def test_a_turn_without_turn_detection() -> None:
    """Commit makes an item and empties the buffer; only `response.create` makes a response."""
    reply = Reply("r", text="Yes.", audio=speech(100_000), first_audio_us=700_000)
    agent = LiteralAgent([reply])
    line = Line(agent)
    line.configure(audio={"input": {"turn_detection": None}})
    line.news()
    assert line.hear(UTTERANCE) == []

    assert types(line.send({"type": "input_audio_buffer.commit"})) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    (again,) = line.send({"type": "input_audio_buffer.commit"})
    assert again["error"]["code"] == "input_audio_buffer_commit_empty"
    assert "buffer only has 0.00ms of audio" in again["error"]["message"]
    line.send({"type": "response.create"})
    line.wait(1_000_000)
    assert line.time_of("response.output_audio.delta") == SPEECH_END_US + 700_000
    assert agent.speech[0].duration_us == 1_700_000
    judged(line.sent)


def test_clearing_forgets_audio_and_speech() -> None:
    """After `cleared` the old speech makes no turn."""
    line = Line(LiteralAgent())
    line.hear(np.concatenate([quiet(100_000), tone(300_000)]))
    assert types(line.send({"type": "input_audio_buffer.clear"})) == ["input_audio_buffer.cleared"]

    assert line.hear(quiet(1_000_000)) == []


def test_input_transcription() -> None:
    """When configured, the words of the caller come as delta and completed, with usage."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))], words="I lost my card")
    line = Line(agent)
    line.configure(audio={"input": {"transcription": {"model": "whisper-1"}}})
    events = line.hear(UTTERANCE)

    completed = next(event for event in events if event["type"].endswith("transcription.completed"))
    assert completed["transcript"] == "I lost my card"
    assert completed["usage"] == {"type": "duration", "seconds": 1.1}
    judged(line.sent)
    (heard,) = line.witness.of(CallerHeard)
    assert (heard.text, heard.source, heard.score) == ("I lost my card", "known clip", 0.9)


def test_noise_that_is_not_understood() -> None:
    """The transcript is empty and the record says that nothing was understood."""
    agent = LiteralAgent([Reply("otherwise", text="Sorry?", audio=speech(100_000))], words=None)
    line = Line(agent)
    line.configure(audio={"input": {"transcription": {"model": "gpt-4o-transcribe"}}})
    events = line.hear(UTTERANCE)

    completed = next(event for event in events if event["type"].endswith("transcription.completed"))
    assert completed["transcript"] == ""
    assert completed["usage"]["type"] == "tokens"
    assert line.witness.of(CallerHeard)[0].text is None


def test_half_a_sample_waits_for_its_other_half() -> None:
    """Audio is a stream of bytes: cutting it inside a sample changes nothing."""
    agent = LiteralAgent([Reply("r", text="Yes.", audio=speech(100_000))])
    line = Line(agent)
    line.configure(audio={"input": {"turn_detection": None}})
    for data in (b"\x01", b"\x00" * 9999, b"\x02"):
        audio = base64.b64encode(data).decode()
        line.send({"type": "input_audio_buffer.append", "audio": audio})
    line.send({"type": "input_audio_buffer.commit"})

    assert len(agent.speech[0].pcm) == 10_000
