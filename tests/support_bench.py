"""How the benchmarks measure: CPU and wall time of whole commands, each side taken in turns, medians."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = Path(__file__).parent / "benchmarks" / "project"
TURNSPEC = (sys.executable, "-m", "turnspec")
CORE = (
    "click h11 jinja2 junit_xml numpy pydantic regex rich ruamel.yaml sounddevice soundfile soxr text_to_num"
    " webrtcvad websockets"
)
ROUNDS = 5


def environment() -> dict[str, str]:
    """That of a user: byte code may be written, so that only the first start compiles."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def cpu_s(command: Sequence[str], folder: Path = ROOT) -> float:
    """CPU seconds, user and system, of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, env=environment(), stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wall_s(command: Sequence[str], folder: Path = ROOT) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, env=environment(), stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def in_turns(*sides: Callable[[], float], rounds: int = ROUNDS) -> list[float]:
    """The median of each side, all taken in turns in the same run; one round before it does not count."""
    for side in sides:
        side()
    taken = [[side() for side in sides] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def project_of(folder: Path, copies: int = 1) -> Path:
    """The timed scenario, so many times, with its agent and recordings."""
    shutil.copytree(PROJECT, folder)
    shutil.copytree(ROOT / "scenarios" / "audio", folder / "audio")
    text = (folder / "eighteen-seconds.yaml").read_text("utf-8")
    for number in range(2, copies + 1):
        name = f"scenario: A message is heard and deleted {number}"
        copy = text.replace("scenario: A message is heard and deleted", name)
        (folder / f"eighteen-seconds-{number}.yaml").write_text(copy, "utf-8")
    return folder


def report(what: str, measured: float, limit: float, unit: str = "x") -> None:
    """Print one line of the table; the number is asserted by whoever calls."""
    sys.stdout.write(f"\n  {what:<72} {measured:8.2f}{unit}  (limit {limit:g}{unit})")
