"""Nothing that turnspec started stays behind, however turnspec ends.

A process of its own waits for the end of a pipe that turnspec alone holds open. The system closes that when
turnspec is gone, also where it was killed and could do nothing more.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_PROGRAM: Final = Path(__file__).with_name("guard_child.py")


class Guard:
    """Ends a process group once this process is gone, unless the `with` block was left before.

    The group has `grace_s` from SIGTERM to SIGKILL.
    """

    def __init__(self, grace_s: float) -> None:
        # In a session of its own: what a terminal or a parent signals to turnspec does not end it.
        self._process = subprocess.Popen(  # noqa: S603 - our own program, by our own Python
            [sys.executable, "-I", "-S", str(_PROGRAM), str(grace_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.dismiss()

    @property
    def pid(self) -> int:
        """Its own process."""
        return self._process.pid

    def watch(self, group: int) -> None:
        """End this group, should turnspec end."""
        assert self._process.stdin is not None, "it was opened with one"
        # A guard that somebody has ended guards nothing; what it was for goes on.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{group}\n".encode())
            self._process.stdin.flush()

    def dismiss(self) -> None:
        """Be gone at once, and let the group be; harmless when repeated."""
        self._process.kill()  # before its pipe is closed, which would be the sign
        with self._process:
            pass
