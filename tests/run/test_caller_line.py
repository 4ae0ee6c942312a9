"""The caller's line in whole calls: what the agent gets, when budgets count from, what is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support_talk import Talk, talk

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
