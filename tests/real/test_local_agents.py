"""Local agents hear what people say that they have no recording of, by Whisper."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support_real import HEAVY, needs_heavy
from support_sound import PROMPTS, real_prompts

WITHIN_S = 120
AGENT = """
agent: Operator
responses:
  directory: {when: {keywords: [directory]}, say: I can look a name up.}
  bye: {when: {keywords: [goodbye]}, say: Thank you for calling.}
otherwise: {say: Pardon me?}
"""
SCENARIO = """
scenario: Unknown voices
target: operator
turns:
  - {turn: Directory, caller: {audio: dir-welcome.wav}, expect: {says: look a name up}}
  - {turn: Goodbye, caller: {audio: vm-goodbye.wav}, expect: {says: thank you for calling}}
"""
PROTOCOLS = "[twilio, audiocodes, realtime]"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one agent that knows no recording, over each protocol."""
    real_prompts("dir-welcome", "vm-goodbye")
    for name in ("dir-welcome", "vm-goodbye"):
        shutil.copyfile(PROMPTS / f"{name}.wav", tmp_path / f"{name}.wav")
    target = f"targets: {{operator: {{agent: agent.yaml, protocol: {PROTOCOLS}}}}}\n"
    (tmp_path / "turnspec.yaml").write_text(f"version: 1\n{target}", "utf-8")
    (tmp_path / "agent.yaml").write_text(AGENT, "utf-8")
    (tmp_path / "talk.yaml").write_text(SCENARIO, "utf-8")
    return tmp_path


def ran(project: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of `turnspec run`, and all that its agents understood of sound."""
    command = [HEAVY, "-m", "turnspec", "run", "talk.yaml", "-o", "out", *more]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    events = [
        json.loads(line)
        for path in sorted((project / "out").rglob("events.jsonl"))
        for line in path.read_text("utf-8").splitlines()[1:]
    ]
    heard = (event for event in events if event["kind"] == "caller-heard")
    return done.returncode, [event for event in heard if event["side"] != "line"]


# On the wall clock it takes a quarter of a minute more: `make thorough` tries it, too.
ON_THE_WALL = (("--protocol", "twilio", "--clock", "wall"), 1)
WAYS = [((), 3), *([ON_THE_WALL] if os.environ.get("TURNSPEC_THOROUGH") == "1" else [])]


@needs_heavy
@pytest.mark.parametrize(("more", "calls"), WAYS)
def test_sentences_without_a_recording_are_understood(
    project: Path, more: tuple[str, ...], calls: int
) -> None:
    """The responses are chosen by the words that Whisper makes out, over each protocol."""
    code, heard = ran(project, "--transcription", "whisper", *more)

    assert code == 0
    assert len(heard) == 2 * calls
    assert {event["source"] for event in heard} == {"transcriber"}
    assert all(event["engine"].startswith("whisper ") for event in heard)
    assert sum("directory" in event["text"].lower() for event in heard) == calls
    assert "wall" in more or {event["waited_us"] for event in heard} == {0}
