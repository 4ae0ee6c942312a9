"""`turnspec voices`: engines, voices, and one of them tried."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support_disk import small_files
from support_golden import assert_golden
from support_talk import plan_talk
from support_voices import first_on_path, needs, program
from turnspec.audio.files import read_audio
from turnspec.cli.main import cli
from turnspec.dsl.problems import render_problems

FLITE = """
import sys
print("Voices available: kal slt" if "-lv" in sys.argv else "  version: flite-9")
"""
AGENT = "agent: Bank\notherwise: {say: Your balance is ten.}\n"


def voices(*words: str) -> Result:
    """What the command prints."""
    return CliRunner().invoke(cli, ["voices", *words])


def test_engines_and_what_brings_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed has its voices, what is not the line that brings it."""
    program(tmp_path / "bin", "flite", FLITE)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "turnspec.yaml").write_text("version: 1\nengines: {speech: flite}\n", "utf-8")
    monkeypatch.delenv("TURNSPEC_SPEECH")

    told = voices().output
    found = {each["engine"]: each for each in json.loads(voices("--json").output)["engines"]}

    assert "flite      installed  (this one speaks)\n  slt  en-US\n  kal  en-US\n" in told
    assert "espeak-ng  not installed: apt install espeak-ng" in told
    assert found["flite"]["voices"] == [
        {"voice": "slt", "language": "en-US"},
        {"voice": "kal", "language": "en-US"},
    ]
    assert found["piper"] == {
        "engine": "piper",
        "installed": False,
        "taken": False,
        "install": "pip install piper-tts",
        "note": None,
        "voices": [],
    }


def test_a_line_is_tried(tmp_path: Path) -> None:
    """It is written as a file that says what it is."""
    needs("espeak-ng")
    out = tmp_path / "out.wav"
    result = voices(
        str(tmp_path), "--engine", "espeak-ng", "--say", "Hello", "--voice", "en-GB", "-o", str(out)
    )

    assert result.exit_code == 0, result.output
    assert "at 22050 Hz, by espeak-ng" in result.output
    assert read_audio(out).duration_us > 300_000


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere"], 2, "nowhere does not exist"),
        (["--engine", "flit"], 2, "did you mean 'flite'?"),
        (["--say", "Hello"], 2, "write -o FILE.wav"),
        (["--voice", "en"], 2, "write --say TEXT"),
        (["--say", "Hello", "-o", "x.mp4"], 2, "known are: .wav, .flac, .ogg, .mp3"),
        (["--say", "Hello", "-o", "wav"], 2, "known are: .wav, .flac, .ogg, .mp3"),
        (["--engine", "piper", "--say", "Hello", "-o", "x.wav"], 2, "pip install piper-tts"),
    ],
)
def test_what_is_asked_for_wrongly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, told: str
) -> None:
    """Said in one line, and nothing is written."""
    program(tmp_path / "bin", "flite", FLITE)
    first_on_path(monkeypatch, tmp_path / "bin")
    monkeypatch.chdir(tmp_path)
    result = voices(*words)

    assert (result.exit_code, told in result.output) == (code, True), result.output
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize(
    ("suffix", "begins"), [(".wav", b"RIFF"), (".flac", b"fLaC"), (".OGG", b"OggS"), (".mp3", b"\xff")]
)
def test_the_end_of_its_name_says_what_is_written(tmp_path: Path, suffix: str, begins: bytes) -> None:
    """Every kind that is read is written, too, and holds what was said."""
    needs("flite")
    out = tmp_path / f"out{suffix}"
    result = voices(str(tmp_path), "--engine", "flite", "--say", "Hello there", "-o", str(out))

    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(begins)
    assert 300_000 < read_audio(out).duration_us < 2_000_000


def test_an_engine_that_lists_no_voices_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, with what is missing."""
    program(tmp_path / "bin", "espeak-ng", "")
    first_on_path(monkeypatch, tmp_path / "bin")
    result = voices(str(tmp_path), "--engine", "espeak-ng", "--say", "Hello", "-o", str(tmp_path / "out.wav"))

    assert result.exit_code == 3
    assert result.output == "espeak-ng cannot say 'Hello': it does not tell its voices\n"


def test_a_full_disk_costs_no_file_that_is_there(tmp_path: Path) -> None:
    """What was said before stays; it is told why, and nothing is left of the other."""
    needs("flite")
    (tmp_path / "turnspec.yaml").write_text("version: 1\n")  # the line is kept there
    out = tmp_path / "out.wav"
    words = (str(tmp_path), "--engine", "flite", "--say", "Hello there", "-o", str(out))
    said = voices(*words)
    before = out.read_bytes()
    with small_files(len(before) // 2):
        result = voices(*words)

    assert (said.exit_code, result.exit_code) == (0, 2), result.output
    assert f"{out} cannot be written: File too large" in result.output
    assert out.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("name", ["unknown-voice", "missing-engine", "no-engine"])
def test_what_people_read_where_nothing_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Who tries a voice reads one golden text, and who checks a scenario another."""
    engines = {
        "unknown-voice": "{engine: flite, voice: sltt}",
        "missing-engine": "{engine: piper, model: voices}",
        "no-engine": "auto",
    }
    program(tmp_path / "bin", "flite", FLITE)
    monkeypatch.setenv("PATH", str(tmp_path / "bin") if name == "unknown-voice" else "")
    monkeypatch.setitem(sys.modules, "py_nanotts", None)  # as where it is not installed
    monkeypatch.delenv("TURNSPEC_SPEECH")
    monkeypatch.chdir(tmp_path)
    turns = "- turn: Ask\n  caller: What is my balance?\n"
    planned = plan_talk(tmp_path, turns, AGENT, project=f"engines: {{speech: {engines[name]}}}\n")
    tried = voices("--say", "Hello", "-o", "x.wav")

    assert tried.exit_code == 2
    assert tried.stdout == ""
    assert_golden(f"voices/{name}.tried.txt", tried.stderr)
    assert_golden(f"voices/{name}.checked.txt", render_problems(planned.problems) + "\n")
