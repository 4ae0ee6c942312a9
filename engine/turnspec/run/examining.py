"""Looking through documents, and remembering on what the outcome depends."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from turnspec.dsl.files import Files
from turnspec.dsl.load import PROJECT_FILE, Loaded, load
from turnspec.run.check_cache import Entry, content_digest, stamp
from turnspec.run.checking import Part
from turnspec.run.garbage import looked_for_seldom
from turnspec.run.planning import Planned, audio_problem, planned_each

# A custom check may be any module: what it depends on is not known.
_UNKNOWN = b"python:"


@dataclass(slots=True)
class _Asked:
    """Which document asked for which files."""

    paths: dict[str, set[Path]] = field(default_factory=lambda: defaultdict(set))

    def __call__(self, document: str, path: Path) -> None:
        self.paths[document].add(path)


@contextmanager
def examined_apart(parts: list[Part]) -> Iterator[Iterator[dict[str, Entry]]]:
    """The same for each part in a process of its own."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(len(parts), get_context("spawn"), looked_for_seldom) as pool:
        yield pool.map(examined, parts)


def examined(part: Part) -> dict[str, Entry]:
    """What is found in each file of a part, and in what they read."""
    asked = _Asked()
    loaded = load(part.paths, check_audio=audio_problem, asking=asked, only=part.only)
    files = Files(loaded.root)
    reads = {name: _documents(asked.paths[name], loaded, files) for name in loaded.files}
    sound = tuple(scenario for scenario in loaded.scenarios if _is_sound(scenario.path, reads, loaded))
    planned = {
        scenario.path: each for scenario, each in planned_each(replace(loaded, scenarios=sound), asked)
    }
    made = {name: _entry(loaded, name, reads[name], asked.paths[name]) for name in loaded.files}
    made |= {name: _with_plan(made[name], each) for name, each in planned.items()}
    passed_over = {files.label(path) for path in part.only} - made.keys()
    made |= {f"{name}?": entry for name, entry in made.items()}
    return made | {f"{name}?": Entry(content_digest(loaded.root / name)) for name in passed_over}


def _documents(paths: set[Path], loaded: Loaded, files: Files) -> tuple[str, ...]:
    labels = {files.label(path) for path in paths}
    return tuple(sorted(labels.intersection(loaded.files)))


def _is_sound(name: str, reads: Mapping[str, tuple[str, ...]], loaded: Loaded) -> bool:
    """Whether nothing is wrong in a document, the project, and all they read: only then is it planned."""
    seen: set[str] = set()
    waiting = [name, PROJECT_FILE]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting += reads.get(each, ())
    return not any(loaded.found_in.get(each) for each in seen)


def _entry(loaded: Loaded, name: str, reads: tuple[str, ...], asked: set[Path]) -> Entry:
    is_project = name == PROJECT_FILE
    project = loaded.project
    return Entry(
        _digest(loaded.root / name),
        reads,
        {relative: stamp(loaded.root / relative) for relative in _others(asked, loaded)},
        (*project.environment, *project.secrets) if is_project else (),
        found=loaded.found_in.get(name, ()),
        scenarios=sum(scenario.path == name for scenario in loaded.scenarios),
    )


def _digest(path: Path) -> str:
    return "" if path.is_file() and _UNKNOWN in path.read_bytes() else content_digest(path)


def _others(asked: set[Path], loaded: Loaded) -> list[str]:
    """The files that were looked for, and the text that may stand beside each recording."""
    found = {os.path.relpath(path, loaded.root) for path in asked}
    found |= {str(Path(path).with_suffix(".txt")) for path in found if not path.endswith((".yaml", ".yml"))}
    return sorted(found)


def _with_plan(entry: Entry, planned: Planned) -> Entry:
    return replace(entry, planned=planned.problems, warnings=planned.warnings, cases=len(planned.cases))
