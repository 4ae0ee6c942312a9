"""Faults planted in the state machines are caught: what a machine does wrong makes some test fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("dsl_schema", "engine", "reports")
WITHIN_S = 180


@dataclass(frozen=True)
class Mutation:
    """One line of a module changed, and the tests that ought to notice."""

    module: str
    old: str
    new: str
    tests: str


MUTATIONS = {
    "twilio counts only media": Mutation(
        "adapters/twilio/caller.py",
        "encode(Mark(self._next(), self.stream_sid, name))",
        "encode(Mark(self._sequence, self.stream_sid, name))",
        "tests/adapters/test_twilio_caller.py",
    ),
    "marks that a clear drops do not come back": Mutation(
        "audio/playback.py",
        "if due_us > at_us)",
        "if due_us < at_us)",
        "tests/audio/test_playback.py",
    ),
    "audiocodes goes on playing what was flushed": Mutation(
        "adapters/audiocodes/playing.py",
        "            stream.dropped = True\n",
        "            stream.dropped = False\n",
        "tests/adapters/test_audiocodes_caller_playing.py",
    ),
    "the model takes a truncation beyond the audio": Mutation(
        "adapters/realtime/server/connection.py",
        "if audio_end_ms > length_ms:",
        "if audio_end_ms > 2 * length_ms + 1:",
        "tests/adapters/test_realtime_server_items.py",
    ),
    "our client truncates beyond what arrived": Mutation(
        "adapters/realtime/client.py",
        "min(heard_us, arrived_us) // 1000",
        "heard_us // 1000",
        "tests/adapters/test_realtime_client.py",
    ),
    "an interrupted response is completed": Mutation(
        "adapters/realtime/server/response.py",
        'closing = self._close_message("incomplete", now_us) if self._message else []',
        'closing = self._close_message("completed", now_us) if self._message else []',
        "tests/adapters/test_realtime_server_speech.py",
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The rooms as they are, in a folder where they may be changed."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests", "scenarios", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def run(copy: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests against the rooms of the copy, until one fails."""
    rooms = os.pathsep.join(str(copy / room) for room in ROOMS)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", tests]
    return subprocess.run(
        command,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": rooms, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutation_is_caught(copy: Path, name: str) -> None:
    """With the fault a test fails by an assertion of its own."""
    mutation = MUTATIONS[name]
    module = copy / "engine" / "turnspec" / mutation.module
    text = module.read_text("utf-8")
    assert mutation.old in text, f"{mutation.module} has changed: plant the fault anew"
    module.write_text(text.replace(mutation.old, mutation.new, 1), encoding="utf-8")
    done = run(copy, mutation.tests)

    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout


def test_without_a_mutation_nothing_fails(copy: Path) -> None:
    """The same tests pass on a copy in which nothing was changed, and they look at the copy."""
    (copy / "engine" / "turnspec" / "adapters" / "twilio" / "caller.py").write_text("", encoding="utf-8")
    assert "ImportError" in run(copy, "tests/adapters/test_twilio_caller.py").stdout

    shutil.copy(ROOT / "engine/turnspec/adapters/twilio/caller.py", copy / "engine/turnspec/adapters/twilio")
    assert run(copy, "tests/adapters/test_twilio_caller.py").returncode == 0
