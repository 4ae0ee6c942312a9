"""`turnspec voices`: engines, voices, and one of them tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support_voices import first_on_path, needs, program
from turnspec.audio.files import read_audio
from turnspec.cli.main import cli

FLITE = """
import sys
print("Voices available: kal slt" if "-lv" in sys.argv else "  version: flite-9")
"""


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
        (["--engine", "flit"], 2, "did you mean 'flite'?"),
        (["--say", "Hello"], 2, "write -o FILE.wav"),
        (["--voice", "en"], 2, "write --say TEXT"),
        (
            ["--engine", "flite", "--say", "Hello", "-o", "x.wav", "--voice", "zz"],
            3,
            "flite has no voice 'zz'",
        ),
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
