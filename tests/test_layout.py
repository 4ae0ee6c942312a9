"""The shape of the repository: rooms, packages and names, which no other tool looks at."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [ROOT / room / "turnspec" for room in ("dsl_schema", "engine", "reports")]
LOOSE = ROOT / "engine" / "turnspec" / "__main__.py"
SOURCES = sorted(path for room in ROOMS for path in room.rglob("*.py"))
PACKAGES = sorted(path.parent for path in SOURCES if path.name == "__init__.py")
# Where sockets may be opened, besides `run`.
SOCKETS = re.compile(r"(\w+/)+(\w+_)?shell\.py|doubles/\w+/serve\.py|run/\w+\.py")
# What programs and tests of other people import: a name goes from here only with a deprecation.
PUBLIC = {
    "clients": """
        CallOver LocalAudioCodesBot LocalRealtimeServer LocalTwilioBot MockAudioCodesClient MockTwilioClient
        NoReply Phone Recording Reply ServedCall WrongScript local_audiocodes_bot local_realtime
        local_twilio_bot run_scenarios run_virtually
    """,
    "testing": """
        EVERYTHING Digit Expect Fails Flush Frame FunctionOutput HangUp Mark Message RecordingWitness
        ReplyRequest ScriptMismatch ScriptedAdapter ScriptedCall ScriptedTranscriber Send Speech Step Text
        ToneSynthesizer
    """,
    "adapters": """
        Adapter AdapterError Call Dial Function LineError LineRefused NothingListens Witness adapter
        adapter_names
    """,
}
JOBS = re.compile(r"(Manager|Handler|Helper|Util|Utils|Service)$")


def place(path: Path) -> str:
    """A path from its room, as its import name has it."""
    return next(path.relative_to(room) for room in ROOMS if path.is_relative_to(room)).as_posix()


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def exported(tree: ast.Module) -> list[str] | None:
    """What a file lists under `__all__`, if it lists it in one piece."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.List):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return [str(name) for name in ast.literal_eval(node.value)]
    return None


def in_order(name: str) -> tuple[int, list[tuple[bool, int, str]]]:
    """Constants, then classes, then the rest; numbers by their size."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    pieces = re.findall(r"\d+|\D+", name)
    return kind, [(piece.isdigit(), int(piece) if piece.isdigit() else 0, piece) for piece in pieces]


def test_there_are_sources_to_look_at() -> None:
    """Nothing below holds because nothing was found."""
    assert len(SOURCES) > 150
    assert sum(exported(ast.parse(path.read_text("utf-8"))) is not None for path in SOURCES) > 20
    assert {place(package) for package in PACKAGES} >= {
        "dsl",
        "call",
        "run",
        "reports",
        "adapters/twilio",
    }


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.parent.name)
def test_a_room_holds_packages_only(room: Path) -> None:
    """No `turnspec/__init__.py` (it would hide the other rooms, from mypy too), and no loose module."""
    loose = {entry for entry in room.iterdir() if entry.is_file()}
    assert loose <= {LOOSE}
    for entry in room.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            assert (entry / "__init__.py").is_file(), f"{entry} is no package"
            assert (entry / "py.typed").is_file(), f"{entry} does not say that it is typed"


def test_no_package_is_in_two_rooms() -> None:
    """The import name is the path below the room, so it tells the room."""
    names = [entry.name for room in ROOMS for entry in room.iterdir() if (entry / "__init__.py").is_file()]
    assert len(names) == len(set(names))


def test_every_folder_with_modules_is_a_package() -> None:
    """A folder without `__init__.py` would be a second namespace."""
    folders = {path.parent for path in SOURCES} - set(ROOMS)
    assert folders == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES, ids=place)
def test_a_package_says_what_it_exports(package: Path) -> None:
    """`__all__` is there, names nothing twice, and everything in it exists."""
    module = importlib.import_module("turnspec." + place(package).replace("/", "."))
    names = module.__all__
    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_these(package: str) -> None:
    """Rooms that others build upon change their exports on purpose only."""
    assert importlib.import_module(f"turnspec.{package}").__all__ == PUBLIC[package].split()


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_what_is_exported_is_in_order(path: Path) -> None:
    """A list of exports has one order, so that two people add the same name in the same place."""
    names = exported(ast.parse(path.read_text("utf-8"))) or []
    assert names == sorted(names, key=in_order)


def test_sockets_are_opened_in_the_shell_only() -> None:
    """Everything else is driven by values, and so by tests."""
    trees = {place(path): ast.parse(path.read_text("utf-8")) for path in SOURCES}
    opening = {
        name
        for name, tree in trees.items()
        if any(module.split(".")[0] in {"websockets", "socket"} for module in imported(tree))
    }
    assert {name for name in opening if not SOCKETS.fullmatch(name)} == set()


def test_nothing_is_named_after_a_job() -> None:
    """A class is the thing that it is, not somebody who manages one."""
    classes = {
        f"{place(path)}: {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and JOBS.search(node.name)
    }
    assert classes == set()
