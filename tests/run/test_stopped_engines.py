"""Runs that are stopped while an engine makes out words: nobody waits for it, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from support_projects import eventually
from support_recognised import GREETING, SAVED, write_bot
from support_talk import CLIPS
from turnspec.audio.codecs import encode
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K, Track
from turnspec.run.calling import Interrupted, call_virtual
from turnspec.run.interrupts import interrupts_noted
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases
from turnspec.speech import Transcript

TURNS = """
- turn: Greeting
  expect: {says: recorded}
- turn: Answer
  caller: {audio: audio/caller/five-five.flac}
"""
HANGING = """
import os, time
from pathlib import Path


class Hanging:
    name, version, model = "hanging", "1", ""

    def __init__(self, model):
        pass

    def transcribe(self, track, language=None):
        Path(os.environ["LISTENING"]).write_text("yes")
        time.sleep(300)
"""


CHOICE = """
- choose:
  - when: {reply: {says: recorded}}
    turns: [{caller: {audio: audio/caller/five-five.flac}}]
  - otherwise: fail
"""


class Hangs:
    """An engine that tells when it listens, and does so until it is let go."""

    name, version, model = "hangs", "1", ""

    def __init__(self) -> None:
        self.listens, self.let_go = threading.Event(), threading.Event()

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        del track, language
        self.listens.set()
        self.let_go.wait(60)
        return Transcript("Your message is now being recorded.")


@pytest.mark.parametrize("turns", [CHOICE, TURNS], ids=["in the call", "after it"])
def test_nobody_waits_for_an_engine_once_a_run_is_interrupted(tmp_path: Path, turns: str) -> None:
    """Neither a decision that needs words nor the end of a call does, whatever the engine is at."""
    write_bot(tmp_path, [[GREETING], [SAVED]], turns)
    sounds_of_bot(tmp_path)
    engine, ended = Hangs(), threading.Event()
    (case,) = plan_cases(RunOptions(paths=(tmp_path / "talk.yaml",), transcriber=engine)).cases

    def interrupt() -> None:
        if engine.listens.wait(60):
            os.kill(os.getpid(), signal.SIGINT)
        ended.wait(20)
        engine.let_go.set()

    with interrupts_noted() as interrupts:
        threading.Thread(target=interrupt, daemon=True).start()
        with suppress(Interrupted):
            call_virtual(case, tmp_path / "out", interrupts)
    waited = engine.let_go.is_set()
    ended.set()

    assert interrupts.came
    assert not waited


def sounds_of_bot(folder: Path) -> None:
    """What the bot of these calls says, as its line brings it."""
    for name in (GREETING, SAVED):
        sound = samples_of(load_clip(CLIPS / "agent" / f"{name}.flac", 8_000))
        (folder / f"{name}.ulaw").write_bytes(encode(sound, MULAW_8K))


def test_a_run_in_processes_ends_while_they_listen(tmp_path: Path) -> None:
    """Ctrl-C waits for no engine, in no process: not where a decision needs its words, nor after a call."""
    write_bot(tmp_path, [[GREETING], [SAVED]], CHOICE, project="engines: {transcription: hanging}")
    sounds_of_bot(tmp_path)
    talk = (tmp_path / "talk.yaml").read_text("utf-8")
    other = talk.replace("scenario: Talk", "scenario: Other").replace(CHOICE, TURNS)
    (tmp_path / "other.yaml").write_text(other, "utf-8")
    info = tmp_path / "installed" / "hanging-1.dist-info"
    info.mkdir(parents=True)
    (info.parent / "hanging.py").write_text(HANGING, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hanging\nVersion: 1\n", "utf-8")
    entry = "[turnspec.transcription_engines]\nhanging = hanging:Hanging\n"
    (info / "entry_points.txt").write_text(entry, "utf-8")
    listening = tmp_path / "listening"
    environment = {"PYTHONPATH": str(info.parent), "LISTENING": str(listening), "TURNSPEC_TRANSCRIPTION": ""}
    command = [sys.executable, "-m", "turnspec", "run", "talk.yaml", "other.yaml", "--workers", "2"]
    with subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    ) as run:
        eventually(listening.exists, within_s=60)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=40)  # until nobody holds its output any more

    assert run.returncode == 130
    assert "Interrupted" in said


WITH_A_WORKER = """
from multiprocessing import get_context
from turnspec.run.workers import _end_with_parent
worker = get_context("spawn").Process(target=_end_with_parent)
worker.start()
print("started", flush=True)
worker.join()
"""


def test_a_worker_ends_with_a_run_that_is_killed() -> None:
    """Nobody who is killed can tell those who work for it."""
    command = [sys.executable, "-c", WITH_A_WORKER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"started\n"
        run.kill()
        said, _ = run.communicate(timeout=40)  # until the worker holds its output no more

    assert said == b""
