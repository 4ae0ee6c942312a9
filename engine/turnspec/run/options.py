"""What a run was asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_OUTPUT = Path("turnspec-report")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`clock` None: virtual for local agents, wall for all else. `match` is a part of a case's name."""

    paths: tuple[Path, ...] = (Path("scenarios"),)
    output: Path = DEFAULT_OUTPUT
    target: str | None = None
    protocol: str | None = None
    clock: str | None = None
    tags: tuple[str, ...] = field(default=())
    match: str = ""
    workers: int = 1
    seed: int = 0
    fail_fast: bool = False
    debug: bool = False
    at_once: int = 20  # wall-clock calls at the same time
