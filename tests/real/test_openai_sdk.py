"""The official `openai` SDK, newest and of the 2.x line, holds rounds with `turnspec serve realtime`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support_real import HEAVY, PROGRAMS, WITHIN_S, needs_heavy, project, served
from turnspec.audio import load_clip

RATE_HZ = 24_000
PYTHONS = [pytest.param(sys.executable, "3.", id="3"), pytest.param(HEAVY, "2.", id="2", marks=needs_heavy)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and two clips of it as a client of the Realtime API sends them."""
    folder = tmp_path_factory.mktemp("sdk")
    audio = project(folder) / "audio" / "caller"
    for name in ("seven", "ten"):
        clip = load_clip(audio / f"{name}-of-clubs.flac", RATE_HZ)
        (folder / f"{name}.pcm").write_bytes(clip.pcm + bytes(2 * RATE_HZ))
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The double's base URL."""
    with served(folder / "project", folder / "log.jsonl") as url:
        yield url


@pytest.mark.parametrize("how", ["async", "sync"])
@pytest.mark.parametrize(("python", "line"), PYTHONS)
def test_rounds(url: str, folder: Path, python: str, line: str, how: str) -> None:
    """Text, speech heard by server VAD, a function call with its output, and an interruption."""
    program = PROGRAMS / "openai_rounds.py"
    done = subprocess.run(
        [python, str(program), how, url, str(folder)],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)

    assert facts.pop("sdk").startswith(line)
    assert facts == {
        "text": {"says": "Hello. Your number is zero.", "status": "completed"},
        "speech": {
            "heard": [
                "conversation.item.added",
                "conversation.item.done",
                "input_audio_buffer.committed",
                "input_audio_buffer.speech_started",
                "input_audio_buffer.speech_stopped",
            ],
            "called": ["add_card", {"rank": "seven", "suit": "clubs"}],
        },
        "interruption": {
            "status": "cancelled",
            "reason": "turn_detected",
            "item": "incomplete",
            "truncated_ms": 100,
            "called": ["add_card", {"rank": "ten", "suit": "clubs"}],
        },
    }
