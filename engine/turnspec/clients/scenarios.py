"""`turnspec run` for programs: the same calls, nothing printed and no report written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from turnspec.results import RunResult
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases
from turnspec.run.progress import Progress
from turnspec.run.whole import Unwatched, carry_out
from turnspec.speech.transcription import Transcriber


class Selection(TypedDict, total=False):
    """What to call and how, with the words and defaults of the command line (`RunOptions`)."""

    output: Path
    target: str | None
    protocol: str | None
    clock: str | None
    tags: tuple[str, ...]
    match: str
    workers: int
    seed: int
    fail_fast: bool
    at_once: int
    transcription: str | None
    transcriber: Transcriber | None


def run_scenarios(
    paths: str | Path | Iterable[str | Path] = "scenarios",
    *,
    progress: Progress | None = None,
    **options: Unpack[Selection],
) -> RunResult:
    """Make every call of the scenarios in `paths`; the evidence goes below `output`.

    A wrong file refuses the whole run, as on the command line: the result then has `wrong_files`. It runs
    loops of its own, so in a program that runs one it belongs into a thread (`asyncio.to_thread`).
    """
    started = datetime.now(UTC)
    given = (paths,) if isinstance(paths, str | Path) else tuple(paths)
    asked = RunOptions(paths=tuple(Path(path) for path in given), **options)
    return carry_out(plan_cases(asked), asked, progress or Unwatched(), started)
