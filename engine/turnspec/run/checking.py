"""`turnspec check`: what is wrong with each file, from the cache where nothing it depends on has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from turnspec.dsl.files import Files
from turnspec.dsl.load import asked_for, project_of
from turnspec.dsl.problems import Problem, in_reading_order
from turnspec.run.check_cache import CheckCache, Entry

FILES_A_PROCESS = 100
"""So many files are worth the start of one more process."""


@dataclass(frozen=True, slots=True)
class Checked:
    """All that was found, in reading order; `cases` would be run, of so many `scenarios`."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    cases: int = 0
    scenarios: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one process looks at: `only` these of the files in `paths`."""

    paths: tuple[Path, ...]
    only: frozenset[Path]


def check(paths: Sequence[Path], *, workers: int | None = None, use_cache: bool = True) -> Checked:
    """Find everything that is wrong with the files in `paths`; what is wrong in one hides nothing of another.

    `workers` processes share what the cache does not save; by default as many as it is worth.
    """
    root, project_file = project_of(paths)
    cache = CheckCache.of(root if use_cache and project_file is not None else None, root)
    files = Files(root)
    # Which of them must be ours is for the project to say, and so for what reads it.
    keys = {
        each.path: files.label(each.path) + ("" if each.must_be_ours else "?")
        for each in asked_for(paths, (), root)
    }
    missing = [path for path, key in keys.items() if cache.closure(key) is None]
    if missing:
        for found in _examined(tuple(paths), missing, workers or _worth(len(missing))):
            cache.keep(found)
    cache.write()
    return _joined([entry for key in keys.values() for entry in cache.closure(key) or ()])


def _worth(files: int) -> int:
    return max(1, min(os.cpu_count() or 1, files // FILES_A_PROCESS))


def _examined(paths: tuple[Path, ...], missing: list[Path], workers: int) -> Iterator[dict[str, Entry]]:
    """What is found in these files, and in all that they depend on, by so many processes."""
    from turnspec.run.examining import examined, examined_apart

    parts = [Part(paths, frozenset(missing[number::workers])) for number in range(workers)]
    if workers == 1:
        yield examined(parts[0])
        return
    with examined_apart(parts[1:]) as others:
        yield examined(parts[0])
        yield from others


def _joined(entries: list[Entry]) -> Checked:
    unique = list({id(entry): entry for entry in entries}.values())
    return Checked(
        in_reading_order(problem for entry in unique for problem in (*entry.found, *entry.planned)),
        in_reading_order(warning for entry in unique for warning in entry.warnings),
        sum(entry.cases for entry in unique),
        sum(entry.scenarios for entry in unique),
    )
