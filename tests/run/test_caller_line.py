"""The caller's line in whole calls: what the agent gets, when budgets count from, what is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support_talk import Talk, plan_talk, talk
from turnspec.audio.edges import voiced_span

AGENT = """
agent: Rover
heard: {audio/known/forward.flac: go forward ten meters}
responses:
  move:
    when: {keywords: [forward]}
    say: Thank you. Your location is set to ten. If this is correct, press one.
    audio: audio/agent/rover-moved.flac
    timing: {first_audio: 900 ms}
otherwise: {say: No more messages., audio: audio/agent/no-more.flac}
"""
TURNS = """
- turn: Go
  caller: {audio: audio/caller/forward.flac}
  expect: {says: your location is set to ten}
"""


def call_over(folder: Path, line: str, protocol: str = "twilio") -> Talk:
    """One call with a rover; `line` is what is written under `caller:`."""
    folder.mkdir()
    return talk(folder, TURNS, AGENT, head=f"caller: {line}\n" if line else "", protocol=protocol)


def spoken(call: Talk) -> tuple[int, int]:
    """When the caller's speech began and ended on the wire."""
    lines = (call.output / str(call.result.folder) / "events.jsonl").read_text("utf-8").splitlines()
    (event,) = [found for line in lines if (found := json.loads(line)).get("kind") == "caller-spoke"]
    return event["speech_start_us"], event["speech_end_us"]


def caller_track(call: Talk) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """The left track of the recording."""
    samples, _ = soundfile.read(call.output / str(call.result.recording), dtype="int16")
    track: np.ndarray[tuple[int], np.dtype[np.int16]] = samples[:, 0]
    return track


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_latency_moves_what_is_sent_and_what_counts(tmp_path: Path, protocol: str) -> None:
    """120 ms later on the wire; the agent answers as long after that as before: the budget is as it was."""
    plain = call_over(tmp_path / "plain", "", protocol)
    late = call_over(tmp_path / "late", "{line: {latency: 120 ms}}", protocol)

    assert (plain.kinds(), late.kinds()) == ([], [])
    assert spoken(late)[0] - spoken(plain)[0] == 120_000
    before, after = (call.measured("Go", "response").value_us for call in (plain, late))
    assert before is not None
    assert after is not None
    assert abs(before - 900_000) <= 15_000
    assert abs(after - before) <= 10_000


def test_what_is_lost_is_not_heard(tmp_path: Path) -> None:
    """With half of all frames gone the rover knows no order in it, and the scenario says so."""
    assert call_over(tmp_path / "lost", "{line: {loss: 50 %, seed: 3}}").kinds() == ["says"]


def test_noise_is_behind_the_caller_in_the_recording_too(tmp_path: Path) -> None:
    """Before the caller speaks the recording has hiss, 30 dB below the voice; without a line it has none."""
    plain = caller_track(call_over(tmp_path / "plain", ""))[:80]
    line = "{line: {noise: {file: audio/noise/hiss.flac, snr: 30 dB}, latency: 200 ms}}"
    noisy = caller_track(call_over(tmp_path / "noisy", line))[1_600:1_680].astype(np.float64)

    assert not plain.any()
    assert 20 < np.sqrt(np.mean(noisy**2)) < 200


def test_the_same_seed_is_the_same_call(tmp_path: Path) -> None:
    """Two calls over one line are the same to the byte; another seed makes another line."""
    line = "{line: {jitter: 60 ms, loss: 5 %, seed: SEED}}"
    calls = [call_over(tmp_path / str(n), line.replace("SEED", seed)) for n, seed in enumerate("778")]
    wires = [(call.output / str(call.result.folder) / "events.jsonl").read_bytes() for call in calls]

    assert wires[0] == wires[1]
    assert wires[0] != wires[2]


def right(call: Talk) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """The agent as heard, in the recording."""
    samples, _ = soundfile.read(call.output / str(call.result.recording), dtype="int16")
    track: np.ndarray[tuple[int], np.dtype[np.int16]] = samples[:, 1]
    return track


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_the_way_back_counts_in_what_is_heard(tmp_path: Path, protocol: str) -> None:
    """120 ms on the way to the caller's ear: the response is as much later, and so is the recording."""
    plain = call_over(tmp_path / "plain", "", protocol)
    late = call_over(tmp_path / "late", "{line: {heard: {latency: 120 ms}}}", protocol)
    before, after = (call.measured("Go", "response").value_us for call in (plain, late))
    began = [int(np.flatnonzero(np.abs(right(call)) > 1_000)[0]) for call in (plain, late)]
    rate_hz = {"twilio": 8_000, "audiocodes": 16_000, "realtime": 24_000}[protocol]

    assert (plain.kinds(), late.kinds()) == ([], [])
    assert before is not None
    assert after is not None
    assert abs(after - before - 120_000) <= 10_000
    assert abs((began[1] - began[0]) / rate_hz - 0.12) <= 0.01
    assert spoken(late) == spoken(plain)


def test_the_way_back_changes_what_is_heard_and_not_what_was_sent(tmp_path: Path) -> None:
    """6 dB lower with a tenth of its frames lost in the recording; the agent's own audio is as it was."""
    line = "{line: {heard: {gain: -6 dB, loss: {rate: 10 %, burst: 2}}, seed: 4}}"
    plain, changed = call_over(tmp_path / "plain", ""), call_over(tmp_path / "heard", line)
    one, other = right(plain).astype(np.float64), right(changed).astype(np.float64)
    both = (one[: len(other)] != 0) & (other[: len(one)] != 0)

    assert changed.kinds() == []
    assert abs(np.median(other[: len(both)][both] / one[: len(both)][both]) - 0.5) < 0.01
    assert np.count_nonzero(other) < 0.97 * np.count_nonzero(one)


def test_the_agent_comes_back_through_the_callers_microphone(tmp_path: Path) -> None:
    """What is heard of the agent is in what the caller sends, 20 dB lower and 200 ms later."""
    call = call_over(tmp_path / "echo", "{line: {echo: {delay: 200 ms, level: -20 dB}}}")
    agent, sent = right(call).astype(np.float64), caller_track(call).astype(np.float64)
    start = int(np.flatnonzero(np.abs(agent) > 1_000)[0])
    piece = agent[start : start + 8_000]
    echo = sent[start + 1_600 : start + 9_600]

    assert np.corrcoef(piece, echo)[0, 1] > 0.98
    assert abs(20 * np.log10(np.std(echo) / np.std(piece)) + 20) < 0.5


def test_a_drifting_line_says_where_words_come_out(tmp_path: Path) -> None:
    """The caller's edges are those of the recording, though it is late by a filter and by the drift."""
    line = "{line: {drift: -200 ppm, band: narrow, codecs: [g711a, g711u], gain: 3 dB, clip: -6 dBFS}}"
    call = call_over(tmp_path / "drift", line)
    heard = voiced_span(caller_track(call), 8_000)

    assert call.kinds() == []
    assert heard is not None
    assert abs(heard[0] - spoken(call)[0]) < 20_000
    assert abs(heard[1] - spoken(call)[1]) < 60_000


@pytest.mark.parametrize(
    ("caller", "example"),
    [
        ("{line: {echo: -20 dB}}", "echo: {delay: 200 ms, level: -25 dB}"),
        ("{line: {noise: pink}}", "noise: {bed: cafe, snr: 15 dB}"),
    ],
)
def test_a_condition_in_the_wrong_form_shows_the_right_one(tmp_path: Path, caller: str, example: str) -> None:
    """Whoever writes a level where a mapping is meant sees one that can be copied."""
    problems = plan_talk(tmp_path, TURNS, AGENT, head=f"caller: {caller}\n").problems

    assert [(each.kind, each.help) for each in problems] == [("wrong-type", f"write: {example}")]


@pytest.mark.parametrize("protocol", ["twilio", "realtime"])
def test_words_end_where_a_narrow_line_lets_them(tmp_path: Path, protocol: str) -> None:
    """The last s of the order is above 3,400 Hz: nobody hears it, and the time counts from what was heard."""
    line = "{line: {band: narrow, codecs: [g711u]}}"
    plain, narrow = (call_over(tmp_path / str(len(each)), each, protocol) for each in ("", line))
    response = narrow.measured("Go", "response").value_us

    assert spoken(plain)[1] - spoken(narrow)[1] > 200_000
    assert response is not None
    assert abs(response - 900_000) < 40_000


@pytest.mark.parametrize("bed", ["pink", "white", "babble", "cafe", "hum"])
def test_every_bed_is_behind_the_caller(tmp_path: Path, bed: str) -> None:
    """20 dB below the voice, from the first frame on; the same call sounds the same again."""
    line = f"{{line: {{noise: {{bed: {bed}, snr: 20 dB}}, seed: 5}}}}"
    one, again = (call_over(tmp_path / name, line) for name in ("one", "again"))
    noise = caller_track(one)[: 8_000 * spoken(one)[0] // 1_000_000 - 200].astype(np.float64)

    assert np.sqrt(np.mean(noise**2)) > 40
    assert (caller_track(one) == caller_track(again)).all()
