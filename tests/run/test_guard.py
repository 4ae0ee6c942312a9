"""Target processes of a turnspec that was killed: they end as well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support_projects import eventually
from turnspec.run.guard import Guard
from turnspec.run.process import TargetProcess

HOLDER = """
import asyncio, sys
from pathlib import Path
from turnspec.run.process import TargetProcess
from turnspec.run.ready import LineReady

async def main():
    async with TargetProcess(sys.argv[1], folder=Path(), grace_s=float(sys.argv[2])) as process:
        await process.wait_ready(LineReady("child"), 20)
        print(process.pid, process.output[-1].split()[1], flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
SERVER = """
import signal, subprocess, sys, time
{deaf}
print("child", subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
time.sleep(600)
"""
POLITE = "signal.signal(signal.SIGTERM, lambda *_: (open('bye', 'w').close(), sys.exit(0)))"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def is_alive(pid: int) -> bool:
    """Whether a process exists and is more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@contextmanager
def holding(folder: Path, server: str, grace_s: float) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process that holds a target, and the ids of the target and of its child."""
    (folder / "server.py").write_text(SERVER.format(deaf=server))
    command = [sys.executable, "-c", HOLDER, f"{sys.executable} server.py", str(grace_s)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        pids = [int(word) for word in holder.stdout.readline().split()]
        try:
            yield holder, pids
        finally:
            holder.kill()
            for pid in filter(is_alive, pids):
                os.kill(pid, signal.SIGKILL)


def test_a_target_ends_with_a_turnspec_that_is_killed(tmp_path: Path) -> None:
    """It is asked to end first, as it would be by turnspec, and nothing that it started stays behind."""
    with holding(tmp_path, POLITE, 0.5) as (holder, pids):
        assert len(pids) == 2
        assert all(map(is_alive, pids))
        holder.kill()

        eventually(lambda: not any(map(is_alive, pids)))
        assert (tmp_path / "bye").is_file()


def test_a_deaf_target_ends_after_its_grace(tmp_path: Path) -> None:
    """Whoever takes no notice of SIGTERM is killed."""
    with holding(tmp_path, DEAF, 0.1) as (holder, pids):
        assert len(pids) == 2
        holder.kill()

        eventually(lambda: not any(map(is_alive, pids)))


def test_a_guard_that_is_dismissed_ends_nobody() -> None:
    """What it watched over goes on, and the guard itself is gone."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as other:
        with Guard(grace_s=0) as guard:
            guard.watch(other.pid)
            assert is_alive(guard.pid)
        try:
            assert not is_alive(guard.pid)
            with pytest.raises(subprocess.TimeoutExpired):
                other.wait(0.1)
        finally:
            other.kill()


async def test_no_guard_is_left_by_a_target_that_cannot_be_started(tmp_path: Path) -> None:
    """Nor by one that was stopped as it should be."""

    def children() -> set[str]:
        own = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return set(own)

    before = children()
    with pytest.raises(Exception, match="there is no program"):
        async with TargetProcess("no-such-program", folder=tmp_path):
            pass
    async with TargetProcess("sleep 600", folder=tmp_path):
        assert len(children() - before) == 2

    assert children() <= before
