"""What was found in each file, kept with all that it depends on, until any of that changes.

A file's own text and the documents it reads count by their content. Recordings and other files that are
merely there count by what the file system says of them; one that was changed a moment ago may change again
without showing it, and is not kept. Turnspec itself, what is installed beside it, and the environment that
the project names count, too. A cache that cannot be read is no cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from turnspec.dsl.load import PROJECT_FILE
from turnspec.dsl.problems import Problem
from turnspec.dsl.spans import Span
from turnspec.run.installation import installation

FORMAT: Final = 1
FOLDER: Final = Path(".turnspec/cache")
SETTLED_NS: Final = 2_000_000_000
"""So long after a change, another one is sure to have another time."""
_LARGEST = 1024 * 1024
_IGNORE = "# Made by turnspec check; safe to delete.\n*\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one document holds, and on what that depends.

    `digest` is that of its content, `reads` are the documents it names, `stamps` the other files. Only the
    project has `environment`, names of variables. `found` is wrong in the document, `planned` with its calls.
    """

    digest: str
    reads: tuple[str, ...] = ()
    stamps: Mapping[str, str] = field(default_factory=dict)
    environment: tuple[str, ...] = ()
    environment_digest: str = ""
    found: tuple[Problem, ...] = ()
    planned: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    cases: int = 0
    scenarios: int = 0


@dataclass(slots=True)
class CheckCache:
    """The entries of one project, by the path from its folder; a question mark behind it: nobody named it.

    Without a `folder`, nothing outlasts the process.
    """

    folder: Path | None
    root: Path
    salt: str
    entries: dict[str, Entry]
    changed: bool = False
    _true: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Path | None, root: Path) -> CheckCache:
        """The cache of a project, as far as there is one that can be read."""
        folder = None if project is None else project / FOLDER
        kept = {} if folder is None else _kept(folder / "check.json")
        salt = kept.get("salt")
        entries = _entries(kept.get("entries")) if isinstance(salt, str) else {}
        return cls(
            folder, root, salt if entries and isinstance(salt, str) else secrets.token_hex(16), entries
        )

    def closure(self, key: str) -> list[Entry] | None:
        """The entries of a document, of the project, and of all they read; None unless all of it holds."""
        found: dict[str, Entry] = {}
        waiting = [PROJECT_FILE, key] if PROJECT_FILE in self.entries else [key]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            if not self._holds(name):
                return None
            found[name] = self.entries[name]
            waiting += found[name].reads
        return list(found.values())

    def keep(self, found: Mapping[str, Entry]) -> None:
        """Take in what was just found."""
        for key, entry in found.items():
            digest = environment_digest(entry.environment, self.salt)
            self.entries[key] = entry if not digest else _with_environment(entry, digest)
            self._true[key] = True
        self.changed = True

    def write(self) -> None:
        """Put everything in its place, at once; where that cannot be written, the next run has more to do."""
        if self.folder is None or not self.changed:
            return
        kept = {
            "format": FORMAT,
            "made_by": installation(),
            "salt": self.salt,
            "entries": {key: _as_data(entry) for key, entry in self.entries.items() if self._is_there(key)},
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_text(_IGNORE, encoding="utf-8")
            made = self.folder / f"check.{os.getpid()}.tmp"
            made.write_text(json.dumps(kept, separators=(",", ":")), encoding="utf-8")
            made.replace(self.folder / "check.json")
        except OSError:
            return

    def _is_there(self, key: str) -> bool:
        return (self.root / key.removesuffix("?")).is_file()

    def _holds(self, key: str) -> bool:
        if key not in self._true:
            self._true[key] = key in self.entries and self._still(key, self.entries[key])
        return self._true[key]

    def _still(self, key: str, entry: Entry) -> bool:
        return (
            bool(entry.digest)
            and entry.digest == content_digest(self.root / key.removesuffix("?"))
            and all(then and then == stamp(self.root / path) for path, then in entry.stamps.items())
            and entry.environment_digest == environment_digest(entry.environment, self.salt)
        )


def content_digest(path: Path) -> str:
    """The digest of a document's content; empty where it has none that could be relied on."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError:
        return ""
    return "" if len(content) > _LARGEST else hashlib.sha256(content).hexdigest()


def stamp(path: Path, now_ns: int | None = None) -> str:
    """What the file system says of a file, or of the folder that lacks it; empty if that may not last."""
    try:
        about = path.stat()
    except OSError:
        return _stamp_of_lack(path.parent, now_ns)
    kind = "folder" if path.is_dir() else "file"
    if kind == "file" and not _settled(max(about.st_mtime_ns, about.st_ctime_ns), now_ns):
        return ""
    numbers = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return kind if kind == "folder" else " ".join([kind, *map(str, numbers)])


def _stamp_of_lack(parent: Path, now_ns: int | None) -> str:
    # Which file was meant instead depends on those beside it.
    try:
        changed_ns = parent.stat().st_mtime_ns
    except OSError:
        return "lacking"
    return f"lacking {changed_ns}" if _settled(changed_ns, now_ns) else ""


def _settled(changed_ns: int, now_ns: int | None) -> bool:
    return (time.time_ns() if now_ns is None else now_ns) - changed_ns > SETTLED_NS


def environment_digest(names: Iterable[str], salt: str) -> str:
    """A digest of what these variables hold, from which secrets among them are hard to guess."""
    held = {name: os.environ[name] for name in names if name in os.environ}
    if not held:
        return ""
    written = json.dumps(held, sort_keys=True).encode()
    return hashlib.scrypt(written, salt=salt.encode(), n=2**13, r=8, p=1).hex()


def _with_environment(entry: Entry, digest: str) -> Entry:
    return replace(entry, environment_digest=digest)


def _kept(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    whole = isinstance(kept, dict) and kept.get("format") == FORMAT and kept.get("made_by") == installation()
    return kept if whole else {}


def _entries(kept: Any) -> dict[str, Entry]:
    try:
        return {str(key): _as_entry(data) for key, data in kept.items()}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return {}  # spoiled in part: none of it is trusted


_PROBLEMS = ("found", "planned", "warnings")


def _as_data(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {
        "digest": entry.digest,
        "reads": entry.reads,
        "stamps": dict(entry.stamps),
        "environment": entry.environment,
        "environment_digest": entry.environment_digest,
        "cases": entry.cases,
        "scenarios": entry.scenarios,
    }
    data |= {name: [_problem_data(each) for each in getattr(entry, name)] for name in _PROBLEMS}
    return {key: value for key, value in data.items() if value}


def _as_entry(data: dict[str, Any]) -> Entry:
    return Entry(
        digest=str(data.get("digest", "")),
        reads=tuple(map(str, data.get("reads", ()))),
        stamps={str(path): str(then) for path, then in data.get("stamps", {}).items()},
        environment=tuple(map(str, data.get("environment", ()))),
        environment_digest=str(data.get("environment_digest", "")),
        found=_problems(data.get("found", ())),
        planned=_problems(data.get("planned", ())),
        warnings=_problems(data.get("warnings", ())),
        cases=int(data.get("cases", 0)),
        scenarios=int(data.get("scenarios", 0)),
    )


def _problem_data(problem: Problem) -> list[Any]:
    span = problem.span
    where = [span.file, span.line, span.column, span.end_column, list(span.path)]
    told = [problem.kind, problem.message, problem.source_line, problem.suggestion, problem.help]
    return [where, told, problem.warning]


def _problems(kept: Iterable[Any]) -> tuple[Problem, ...]:
    return tuple(_problem(*each) for each in kept)


def _problem(where: list[Any], told: list[Any], warning: bool) -> Problem:  # noqa: FBT001 # as it is kept
    file, line, column, end_column, path = where
    kind, message, source_line, suggestion, hint = told
    span = Span(str(file), int(line), int(column), int(end_column), tuple(path))
    return Problem(str(kind), str(message), span, str(source_line), suggestion, str(hint), bool(warning))
