"""Engines that speak, for tests: which are here, and programs that behave as they are told to."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from turnspec.run.voices.finding import Means, engine_named, is_installed
from turnspec.run.voices.kept import KeptTracks
from turnspec.run.voices.speaking import EngineSpeech

INSTALLED_HERE = ("nanotts", "flite", "espeak-ng")


def needs(engine: str) -> None:
    """Skip where an engine is not installed."""
    if not is_installed(engine):
        pytest.skip(f"the speech engine {engine} is not installed here")


def speech(engine: str, folder: Path | None = None) -> EngineSpeech:
    """An engine that keeps what it says in a folder, or in memory alone."""
    needs(engine)
    return EngineSpeech(engine_named(engine, Means()), KeptTracks(folder))


def program(folder: Path, name: str, source: str) -> Path:
    """A program of this name in `folder`, written in Python."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{source}", "utf-8")
    path.chmod(0o755)
    return path


def first_on_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Find the programs of `folder` before all others."""
    monkeypatch.setenv("PATH", f"{folder}:{_system_path()}")


def _system_path() -> str:
    found = shutil.which("env")
    return str(Path(found).parent) if found else "/usr/bin"
