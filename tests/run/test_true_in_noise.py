"""Times are true in whole calls over noise: a local agent counts from where a known recording ends in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from support_accuracy import cut
from support_talk import CLIPS, talk
from turnspec.audio import load_clip, samples_of
from turnspec.results import State

PROTOCOLS = ["twilio", "realtime"]
FADING = ["forward", "vague", "seven-of-clubs"]
TRUE_US = 600_000
PINK = "noise: {bed: pink, snr: 10 dB}"
LINES = {
    "caller": f"caller: {{line: {{{PINK}}}}}\n",
    "both": f"caller: {{line: {{{PINK}, heard: {{{PINK}}}}}}}\n",
}
LARGEST_BAR_US = {"caller": 25_000, "both": 60_000}
AGENT = f"""
agent: A
greeting: {{say: Hello., audio: hello.wav}}
otherwise: {{say: Hello., audio: hello.wav, timing: {{first_audio: {TRUE_US // 1_000} ms}}}}
"""
TURNS = """
- turn: Greeting
- turn: Ask
  caller: {{audio: audio/caller/{clip}.flac, text: something}}
  budget: {{response: 2 s}}
"""


@pytest.mark.parametrize("side", LINES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("clip", FADING)
def test_response_is_true_over_noise(tmp_path: Path, clip: str, protocol: str, side: str) -> None:
    """600 ms after the caller's last sound, which noise hides, is measured as 600 ms within its bar."""
    voice = samples_of(load_clip(CLIPS / "caller" / "forward.flac", 8_000))
    loud = 0.1 * float(np.abs(voice).max())
    soundfile.write(tmp_path / "hello.wav", cut(voice, loud), 8_000)

    ended = talk(tmp_path, TURNS.format(clip=clip), AGENT, head=LINES[side], protocol=protocol)
    measured = ended.measured("Ask", "response")

    assert measured.state is State.MEASURED
    assert measured.error_us <= LARGEST_BAR_US[side]
    assert measured.value_us is not None
    assert abs(measured.value_us - TRUE_US) <= measured.error_us
