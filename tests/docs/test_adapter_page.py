"""The page "Add an adapter" works as written, followed in an empty folder; its code is that of a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from support_docs import REPOSITORY, Block, steps

PAGE = REPOSITORY / "docs" / "how-to" / "add-an-adapter.md"
BUILT_IN = REPOSITORY / "engine" / "turnspec" / "adapters" / "pcm"
NAMES = (("turnspec.adapters.pcm", "linear"), ("Pcm", "Linear"), ('"pcm"', '"linear"'), ("`pcm`", "`linear`"))
WITHIN_S = 120


def files() -> dict[str, str]:
    """The files that the page shows, by name."""
    titled = (step for step in steps(PAGE) if isinstance(step, Block) and "title" in step.options)
    return {block.options["title"]: block.text for block in titled}


def commands() -> list[str]:
    """The commands that the page has its reader type, in order."""
    consoles = (step for step in steps(PAGE) if isinstance(step, Block) and step.language == "console")
    return [line.removeprefix("$ ") for block in consoles for line in block.text.splitlines()]


@pytest.mark.parametrize("module", ["__init__", "options", "wire", "adapter", "shell"])
def test_code_is_that_of_the_built_in_adapter(module: str) -> None:
    """What the page shows is what runs in turnspec itself, under another name."""
    text = (BUILT_IN / f"{module}.py").read_text("utf-8")
    for ours, shown in NAMES:
        text = text.replace(ours, shown)

    assert files()[f"linear/{module}.py"] == text


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """A folder with the page's files, and an environment that has turnspec and pytest."""
    for name, text in files().items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True, timeout=WITHIN_S
    )
    (site,) = (tmp_path / "env").glob("lib/*/site-packages")
    here = sysconfig.get_paths()["purelib"]
    (site / "turnspec-is-here.pth").write_text(f"import site; site.addsitedir({here!r})\n", encoding="utf-8")
    return tmp_path


def typed(command: str, reader: Path) -> str:
    """Do what the page says to type, with the environment's own Python; what was printed."""
    python = str(reader / "env" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    program, *arguments = command.split()
    called = {"pip": pip, "pytest": [python, "-m", "pytest"], "turnspec": [python, "-m", "turnspec"]}[program]
    done = subprocess.run(
        [*called, *arguments],
        cwd=reader / "folder",
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_page_works_when_it_is_followed(reader: Path) -> None:
    """Installed, conforming, and called: the protocol is one that turnspec now speaks."""
    printed = [typed(command, reader) for command in commands()]

    assert "25 passed" in printed[1]
    results = json.loads((reader / "folder" / "turnspec-report" / "results.json").read_text("utf-8"))
    assert [(call["protocol"], call["outcome"]) for call in results["calls"]] == [("linear", "passed")]


def test_misspelt_option_is_reported_as_in_any_target(reader: Path) -> None:
    """The options of an adapter that somebody else made are checked with place, caret and suggestion."""
    typed("pip install -q -e .", reader)
    project = reader / "folder" / "turnspec.yaml"
    project.write_text(project.read_text("utf-8").replace("rate: 16000", "rat: 16000"), encoding="utf-8")
    with pytest.raises(AssertionError) as told:
        typed("turnspec check hum.yaml", reader)

    assert "did you mean 'rate'?" in str(told.value)
    assert "^" in str(told.value)
