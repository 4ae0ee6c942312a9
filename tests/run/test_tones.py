"""Keys as tones in whole calls: sent and heard, both ways, over every protocol."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from support_talk import Talk, talk
from turnspec.audio.tones import keys_in
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases

PROTOCOLS = ["twilio", "audiocodes", "realtime"]
DESK = """
    agent: Desk
    greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
    responses:
      keys:
        when: {pattern: '^12$'}
        say: deleted
        audio: audio/agent/deleted.flac
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""
PRESSING = """
    agent: Desk
    otherwise:
      say: deleted
      audio: audio/agent/deleted.flac
      dtmf: {digits: "4w2#", in_band: true}
"""
KEYS = """
    - turn: Greeting
    - turn: Keys
      caller: {dtmf: "12#", in_band: true}
      expect: {says: deleted}
"""


def left(call: Talk) -> tuple[object, int]:
    """The caller's side of the recording."""
    samples, rate_hz = soundfile.read(call.output / str(call.result.recording), dtype="int16")
    return samples[:, 0], rate_hz


@pytest.mark.parametrize("line", ["", "noise: {bed: pink, snr: 20 dB}, ", "latency: 60 ms, drift: 500 ppm, "])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_keys_as_tones_are_heard_as_keys_once(tmp_path: Path, protocol: str, line: str) -> None:
    """The agent takes `12#` for the keys 12, and for nothing else; each key ends when it says so."""
    head = f"caller: {{line: {{{line}seed: 3}}}}\n" if line else ""
    call = talk(tmp_path, KEYS, DESK, head=head, protocol=protocol)
    pressed, heard = call.events("caller-pressed"), call.events("caller-heard")

    assert call.failures() == []
    assert [(event["digit"], event["in_band"]) for event in pressed] == [(key, True) for key in "12#"]
    assert [(event["text"], event["source"]) for event in heard] == [("12", "tones")]
    samples, rate_hz = left(call)
    sent = keys_in(samples, rate_hz)  # type: ignore[arg-type] # soundfile is untyped
    assert [key.digit for key in sent] == ["1", "2", "#"]
    for key, event in zip(sent, pressed, strict=True):
        assert abs(key.end_us - event["at_us"]) < 25_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_keys_are_heard_by_agents_that_take_no_steady_sound_for_speech(
    tmp_path: Path, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an engine that tells speech from hum, tones are keys all the same, once."""
    monkeypatch.setenv("TURNSPEC_VOICE_ACTIVITY", "webrtc")
    call = talk(tmp_path, KEYS, DESK, protocol=protocol)

    assert call.failures() == []
    assert [(event["text"], event["source"]) for event in call.events("caller-heard")] == [("12", "tones")]


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes"])
def test_the_time_of_a_reply_counts_from_the_end_of_the_last_key(tmp_path: Path, protocol: str) -> None:
    """As with keys that are events; the tone's own length is not the agent's."""
    timed = "audio: audio/agent/deleted.flac\n        timing: {first_audio: 900 ms}"
    agent = DESK.replace("audio: audio/agent/deleted.flac", timed)
    call = talk(tmp_path, KEYS, agent, protocol=protocol)
    response = call.measured("Keys", "response")

    assert response.from_us == call.events("caller-pressed")[-1]["at_us"]
    assert response.value_us is not None
    assert abs(response.value_us - 900_000) < 60_000


def test_keys_as_tones_have_their_times(tmp_path: Path) -> None:
    """From the end of one to the end of the next `every`, else 150 ms, and half a second for each `w`."""
    turns = '- turn: Greeting\n- turn: K\n  caller: {dtmf: "1w23", every: 200 ms, in_band: {tone: 60 ms}}\n'
    at_us = [event["at_us"] for event in talk(tmp_path, turns, DESK).events("caller-pressed")]

    assert [each - at_us[0] for each in at_us] == [0, 700_000, 900_000]


def test_what_is_said_right_after_keys_is_heard_too(tmp_path: Path) -> None:
    """A recording after the last tone is an utterance of its own, known by its sound."""
    five = "five: {when: {keywords: [five]}, say: five, audio: audio/agent/no-more.flac}"
    agent = DESK.replace("responses:", f"responses:\n      {five}")
    turns = """
    - turn: Greeting
    - turn: Both
      caller: [{dtmf: "12#", in_band: true}, {audio: audio/caller/five-five.flac}]
    """
    heard = talk(tmp_path, turns, agent).events("caller-heard")

    assert [event["source"] for event in heard] == ["tones", "known clip"]


@pytest.mark.parametrize("heard", ["", "heard: {gain: -10 dB, codecs: [g711a], latency: 80 ms}"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_agents_tones_count_as_keys(tmp_path: Path, protocol: str, heard: str) -> None:
    """What it presses as tones is expected as what it presses, and told as such."""
    turns = """
    - turn: Ask
      caller: {audio: audio/caller/five-five.flac}
      expect: {dtmf: "42#"}
    """
    head = f"caller: {{line: {{{heard}}}}}\n" if heard else ""
    call = talk(tmp_path, turns, PRESSING, head=head, protocol=protocol)
    pressed = call.events("agent-pressed")

    assert call.failures() == []
    assert [(event["digits"], event["in_band"]) for event in pressed] == [
        ("4", True),
        ("2", True),
        ("#", True),
    ]
    told = next(each for each in call.turn("Ask").findings if each.kind == "dtmf")
    assert "pressed 42# as tones" in told.message


def test_other_keys_than_expected_fail_the_turn(tmp_path: Path) -> None:
    """Tones are looked at, not only noticed."""
    turns = '- turn: Ask\n  caller: {audio: audio/caller/five-five.flac}\n  expect: {dtmf: "43#"}\n'

    assert talk(tmp_path, turns, PRESSING).kinds() == ["dtmf"]


def test_tones_are_not_looked_for_where_nobody_asks(tmp_path: Path) -> None:
    """A call without such an expectation pays nothing for it, and has no such event."""
    turns = "- turn: Ask\n  caller: {audio: audio/caller/five-five.flac}\n"

    assert talk(tmp_path, turns, PRESSING).events("agent-pressed") == []


def test_without_key_events_the_refusal_names_the_other_way(tmp_path: Path) -> None:
    """Realtime has no events for keys: `in_band: true` is said to be the way."""
    (tmp_path / "agent.yaml").write_text("agent: Desk\notherwise: {say: Yes.}\n", "utf-8")
    (tmp_path / "talk.yaml").write_text(
        'scenario: Talk\ntarget: {agent: agent.yaml, protocol: realtime}\nturns: [{caller: {dtmf: "1"}}]\n',
        "utf-8",
    )
    (tmp_path / "turnspec.yaml").write_text("version: 1\n", "utf-8")
    problems = plan_cases(RunOptions(paths=(tmp_path / "talk.yaml",))).problems

    assert [(each.kind, "in_band: true" in each.help) for each in problems] == [("cannot-do", True)]
