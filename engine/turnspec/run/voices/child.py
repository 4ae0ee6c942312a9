"""One-shot child processes: a program is given a text, says what it made of it, and is gone.

No shell ever sees an argument, and no text is ever one. A child gets a process group of its own, and whatever
it started ends with it. It works in a folder of its own, which goes with it, too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from weakref import WeakSet

MOST_ERROR: Final = 300
_alive: set[subprocess.Popen[bytes]] = set()
_stopped: WeakSet[subprocess.Popen[bytes]] = WeakSet()
_lock = threading.RLock()  # a signal may come to a thread that holds it


class ChildFailed(Exception):  # noqa: N818 # named after the fact
    """A program did not do what it was run for; the message says why."""


class TimedOut(ChildFailed):
    """A program took too long, and was ended."""


class Stopped(ChildFailed):
    """A program was ended because the run was stopped."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a program printed, and the files that it left, by name."""

    printed: bytes
    files: dict[str, bytes]


def run_child(
    command: Sequence[str],
    text: str = "",
    timeout_s: float = 30.0,
    leaves: Sequence[str] = (),
    *,
    may_fail: bool = False,
) -> Made:
    """Run a program with `text` on its standard input; `leaves` names the files that it writes.

    `may_fail`: what it printed counts, whatever its exit code.

    Raises:
        ChildFailed: It cannot be started, failed, or took too long; nothing of it is left.
    """
    program = Path(command[0]).name
    with tempfile.TemporaryDirectory(prefix="turnspec-voice-", ignore_cleanup_errors=True) as folder:
        with _started(command, folder) as child:
            try:
                printed, complaint = child.communicate(text.encode(), timeout_s)
            except subprocess.TimeoutExpired as late:
                raise TimedOut(f"{program} was not done after {timeout_s:g} s") from late
        if child in _stopped:
            raise Stopped(f"{program} was ended: the run was stopped")
        if child.returncode and not may_fail:
            raise ChildFailed(f"{program} failed ({_end(child.returncode)}){_words(complaint)}")
        files = {name: Path(folder, name) for name in leaves}
        return Made(printed, {name: path.read_bytes() for name, path in files.items() if path.is_file()})


def end_all() -> None:
    """End every child that is alive: somebody stopped the run."""
    with _lock:
        for child in tuple(_alive):
            _stopped.add(child)
            _kill(child)


@contextlib.contextmanager
def _started(command: Sequence[str], folder: str) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    try:
        child = subprocess.Popen(  # noqa: S603 - no shell, and arguments that are ours
            list(command), stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, start_new_session=True
        )
    except OSError as error:
        reason = error.strerror or error
        raise ChildFailed(f"{Path(command[0]).name} cannot be started: {reason}") from error
    with _lock:
        _alive.add(child)
    try:
        with child:
            try:
                yield child
            finally:
                _kill(child)
    finally:
        with _lock:
            _alive.discard(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child, and all that it started, unless it has ended by itself."""
    if child.returncode is not None:
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()


def _end(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _words(complaint: bytes) -> str:
    """The last line that a program complained with."""
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1].strip()[:MOST_ERROR]}" if lines else ""
