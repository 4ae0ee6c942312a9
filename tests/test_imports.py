"""Which room may import which: the contracts hold, and would be missed if they were gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("dsl_schema", "engine", "reports")
# Runs the linter on another source tree than the installed one, whose folders are on the path already.
LINTER = """
import sys
from pathlib import Path
from importlinter.cli import lint_imports
tree = Path(sys.argv[1])
sys.path = [entry for entry in sys.path if not (Path(entry or ".") / "turnspec").is_dir()]
sys.path[:0] = [str(tree / room) for room in ("dsl_schema", "engine", "reports")]
sys.exit(lint_imports(config_filename=str(tree / "pyproject.toml"), no_cache=True))
"""
# One forbidden import in each room: of its upper neighbour, or of what its contract names.
UPWARDS = {
    "dsl": "turnspec.call",
    "call": "turnspec.results",
    "results": "turnspec.plan",
    "plan": "turnspec.conduct",
    "conduct": "turnspec.audio",
    "audio": "turnspec.speech",
    "speech": "turnspec.checks",
    "checks": "turnspec.adapters",
    "adapters": "turnspec.doubles",
    "doubles": "turnspec.run",
    "run": "turnspec.clients",
    "clients": "turnspec.reports",
    "reports": "turnspec.clients",
    "cli": "turnspec.testing",
    "testing": "turnspec.cli",
}
WITHOUT = {
    "call": "time",
    "results": "random",
    "plan": "asyncio",
    "conduct": "socket",
    "checks": "threading",
    "adapters.twilio.wire": "websockets",
    "adapters.realtime.server": "asyncio",
    "adapters.twilio": "turnspec.adapters.realtime",
    "adapters": "turnspec.plan",
    "reports": "turnspec.checks",
    "audio": "subprocess",
    "doubles": "multiprocessing",
}
CONTRACTS = 6


def linted(tree: Path) -> tuple[int, str]:
    """What import-linter says of a source tree."""
    command = [sys.executable, "-c", LINTER, str(tree)]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The source tree, to be spoilt."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(tree: Path, package: str, name: str, module: str) -> None:
    """Add an import to a package, in a module of its own; to a module, at its end."""
    inside = Path("turnspec", *package.split("."))
    for room in ROOMS:
        if (tree / room / inside).is_dir():
            (tree / room / inside / f"{name}.py").write_text(f"import {module}\n")
        elif (file := tree / room / inside.with_suffix(".py")).is_file():
            file.write_text(file.read_text("utf-8") + f"\nimport {module}\n", "utf-8")


def test_the_layers_hold(copy: Path) -> None:
    """Every contract is kept, over every package there is."""
    code, told = linted(copy)

    assert code == 0, told
    assert f"Contracts: {CONTRACTS} kept, 0 broken." in told


def test_a_forbidden_import_in_any_room_is_caught(copy: Path) -> None:
    """Each room imports what is above or beside it, and each of them is named."""
    packages = {
        entry.name for room in ROOMS for entry in (copy / room / "turnspec").iterdir() if entry.is_dir()
    }
    assert set(UPWARDS) == packages
    for package, module in UPWARDS.items():
        plant(copy, package, "planted", module)
    code, told = linted(copy)

    assert code == 1, told
    missed = {
        package
        for package, module in UPWARDS.items()
        if f"turnspec.{package}.planted -> {module} " not in told
    }
    assert missed == set(), told


def test_what_a_room_must_do_without_is_caught(copy: Path) -> None:
    """Clocks, sockets, chance and processes where none may be; adapters that know too much."""
    for package, module in WITHOUT.items():
        plant(copy, package, "planted", module)
    code, told = linted(copy)

    assert code == 1, told
    missed = {
        package
        for package, module in WITHOUT.items()
        if not any(f"turnspec.{package}{planted} -> {module} " in told for planted in ("", ".planted"))
    }
    assert missed == set(), told
    assert f"Contracts: 1 kept, {CONTRACTS - 1} broken." in told  # only the order of layers still holds


def test_a_new_room_must_find_its_layer(copy: Path) -> None:
    """A package that nobody gave a place in the order is refused."""
    stranger = copy / "engine" / "turnspec" / "stranger"
    stranger.mkdir()
    (stranger / "__init__.py").write_text("")
    code, told = linted(copy)

    assert code == 1
    assert "turnspec.stranger" in told


@pytest.mark.parametrize("name", ["dsl", "results", "reports", "cli.main"])
def test_what_is_quick_to_import_stays_so(name: str) -> None:
    """Help, file checks and reports need neither sound nor sockets."""
    heavy = "numpy soundfile sounddevice soxr websockets jinja2 rich asyncio"
    script = f"import sys, turnspec.{name}; print([n for n in {heavy.split()} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("room", ["call", "plan", "conduct", "checks", "speech", "adapters"])
def test_the_core_needs_no_loop_and_no_socket(room: str) -> None:
    """The rooms that decide can be used where there is neither."""
    script = f"import sys, turnspec.{room}; print([n for n in ('asyncio', 'websockets') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


HEAVY = (
    "numpy soundfile sounddevice soxr websockets jinja2 junit_xml rich asyncio h11 regex"
    " turnspec.adapters.realtime.wire turnspec.run.live turnspec.run.recording turnspec.run.wheel"
)
# What looks through a scenario for the first time plans its calls, and so knows what they are made of.
PLANNED = {"numpy", "regex"}
# Runs a command, and tells last of all which of the heavy modules it has loaded.
LOADED = """
import atexit, json, sys
from turnspec.cli.main import main
heavy = sys.argv.pop(1).split()
atexit.register(lambda: print(json.dumps([name for name in heavy if name in sys.modules])))
main()
"""
LIGHT_PROJECT = {
    "turnspec.yaml": "version: 1\ntargets: {bank: {url: 'ws://127.0.0.1:9', protocol: [twilio, realtime]}}\n",
    "lost.yaml": "scenario: Lost\ntarget: bank\nturns: [{caller: {silence: 1 s}, expect: {silent: 1 s}}]\n",
}


def _loaded(command: list[str], folder: Path) -> set[str]:
    run = [sys.executable, "-c", LOADED, HEAVY, *command]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def light_project(tmp_path: Path) -> Path:
    """A project with one scenario and no recording."""
    for name, text in LIGHT_PROJECT.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize("command", ["--version", "--help", "run --help", "schema scenario"])
def test_what_needs_no_scenario_loads_nothing_heavy(command: str, tmp_path: Path) -> None:
    """Help, versions and schemas need neither sound nor sockets, templates nor intents."""
    assert _loaded(command.split(), tmp_path) == set()


def test_a_check_loads_what_it_needs(light_project: Path) -> None:
    """A first check loads no recordings, loops, live calls, reports or wire; a second one nothing at all."""
    first = _loaded(["check", "lost.yaml"], light_project)
    assert first - PLANNED == set()
    assert "numpy" in first
    assert _loaded(["check", "lost.yaml"], light_project) == set()
