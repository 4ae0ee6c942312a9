"""What a run set out to do, written before its first call: `run.json` of the output folder.

A run that is killed leaves no results; its evidence tells what happened in each call, and this which calls
there were to be, and by which files they can be judged. A run replaces what an earlier one left of its calls.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from turnspec.call.evidence import EVENTS_FILE
from turnspec.call.whole_files import write_whole
from turnspec.dsl.load import PROJECT_FILE
from turnspec.results import RunInfo
from turnspec.run.case import Case
from turnspec.run.masking import masked_throughout
from turnspec.run.options import RunOptions
from turnspec.run.planning import Planned
from turnspec.run.rows import folders

MANIFEST_FILE: Final = "run.json"
FORMAT: Final = 1
ASKED: Final = (
    "paths",
    "target",
    "protocol",
    "clock",
    "tags",
    "match",
    "seed",
    "force",
    "speech",
    "transcription",
    "voice_activity",
)
"""The options that decide which calls there are, and by what they are judged."""


class SavedError(ValueError):
    """What a run left cannot be read: which file, why, and what to do."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call that was to be made, as far as it is known without its scenario; `files` it depends on."""

    slug: str
    name: str
    file: str
    line: int
    target: str
    protocol: str
    clock: str
    description: str
    group: str
    retries: int
    tags: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    row: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def slugs(self) -> tuple[str, ...]:
        """The folder of each attempt."""
        return folders(self.slug, self.retries)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`project` is the way from the output folder to the project; `asked` are the options that select."""

    info: RunInfo
    project: str
    asked: Mapping[str, Any]
    digests: Mapping[str, str]
    calls: tuple[PlannedCall, ...]

    def changed(self, root: Path, call: PlannedCall) -> tuple[str, ...]:
        """The files of a call that are not what they were."""
        return tuple(name for name in call.files if _digest(root / name) != self.digests.get(name))


def begin(planned: Planned, options: RunOptions, info: RunInfo) -> None:
    """Make room for the calls of a run, and note what they are to be.

    A folder that cannot be written is told of by each call, which has more to lose.
    """
    with suppress(OSError):
        for case in planned.cases:
            for slug in folders(case.slug, case.retries):
                (options.output / "calls" / slug / EVENTS_FILE).unlink(missing_ok=True)
        options.output.mkdir(parents=True, exist_ok=True)
        _write(options.output / MANIFEST_FILE, _document(planned, options, info))


def _document(planned: Planned, options: RunOptions, info: RunInfo) -> dict[str, Any]:
    calls = [_planned_call(case, planned) for case in planned.cases]
    names = sorted({name for call in calls for name in call.files})
    return {
        "format": FORMAT,
        "info": asdict(info),
        "project": Path(os.path.relpath(planned.root, options.output)).as_posix(),
        "asked": {
            **{name: getattr(options, name) for name in ASKED},
            "paths": [_way(path, planned.root) for path in options.paths],
        },
        "digests": {name: _digest(planned.root / name) for name in names},
        "calls": [asdict(call) for call in calls],
    }


def _way(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _planned_call(case: Case, planned: Planned) -> PlannedCall:
    plan = case.plan
    call = PlannedCall(
        slug=case.slug,
        name=plan.name,
        file=plan.file,
        line=plan.span.line if plan.span else 1,
        target=plan.target,
        protocol=plan.protocol,
        clock=case.clock,
        description=plan.scenario.description,
        group=case.group,
        retries=case.retries,
        tags=plan.scenario.tags,
        turns=tuple(turn.name for turn in plan.turns),
        row=dict(case.row),
        files=tuple(sorted(_files(case, planned))),
    )
    return call if case.mask is None else masked_throughout(call, case.mask)


def _files(case: Case, planned: Planned) -> Iterator[str]:
    """The project, the scenario, all that they read, and the checks in Python."""
    seen: set[str] = set()
    waiting = [PROJECT_FILE, case.plan.file]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [_way(path, planned.root) for path in planned.reads.get(name, ())]
    for check in case.custom.values():
        if source := inspect.getsourcefile(check):
            seen.add(_way(Path(source), planned.root))
    return (name for name in seen if (planned.root / name).is_file())


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _write(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def read_manifest(folder: Path) -> Manifest | None:
    """What a run set out to do; None where nothing says so.

    Raises:
        SavedError: It is of a newer format, or not what this turnspec writes.
    """
    path = folder / MANIFEST_FILE
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise SavedError(f"{path} cannot be read ({error}); delete it to go by the evidence alone") from error
    if not isinstance(document, dict) or type(document.get("format")) is not int:
        raise SavedError(f"{path} is not of turnspec: it has no `format`")
    if document["format"] > FORMAT:
        written = document["format"]
        raise SavedError(f"{path} has format {written}; this turnspec reads up to {FORMAT}: upgrade it")
    try:
        return _manifest(document)
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SavedError(f"{path} is damaged ({reason}); delete it to go by the evidence alone") from error


def _manifest(document: Mapping[str, Any]) -> Manifest:
    return Manifest(
        info=RunInfo(**document["info"]),
        project=str(document["project"]),
        asked={name: document["asked"][name] for name in ASKED},
        digests=dict(document["digests"]),
        calls=tuple(_read_calls(document["calls"])),
    )


def _read_calls(documents: Iterable[Mapping[str, Any]]) -> Iterator[PlannedCall]:
    lists = {each.name for each in fields(PlannedCall) if "tuple" in str(each.type)}
    for document in documents:
        values: dict[str, Any] = {
            name: tuple(value) if name in lists else value for name, value in document.items()
        }
        yield PlannedCall(**values)
