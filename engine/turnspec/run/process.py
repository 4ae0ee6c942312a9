"""A target's own process: started, watched while calls run, and always stopped, with all that it started.

The process gets a process group of its own, and signals go to the group; a guard ends it where turnspec was
killed. Its output and its end arrive as events.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from turnspec.run.errors import TargetDied, TargetNotReady, TargetNotStarted
from turnspec.run.guard import Guard
from turnspec.run.loops import WallLoop
from turnspec.run.output import KeptOutput
from turnspec.run.ready import Attempt, Ready, until_ready

# What a report needs to show where a process stopped.
_SHOWN_LINES = 20
# After the process itself has ended, a child of its may hold its output open for ever.
_LAST_OUTPUT_S = 0.25


def free_port() -> int:
    """Return a loopback port that is free now.

    Another process may take it before the target does: the target then fails to bind and dies, which is
    reported as its death with its own words, never as a wrong result.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Child(asyncio.SubprocessProtocol):
    """Turns what asyncio says about a process into its output and two facts: it ended, it is silent."""

    def __init__(self, output: KeptOutput) -> None:
        loop = asyncio.get_running_loop()
        self._output = output
        self.exited: asyncio.Future[int] = loop.create_future()
        self.silent: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's own signature
        self._output.feed(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - as above
        self._output.feed(b"", final=True)
        if not self.silent.done():
            self.silent.set_result(None)

    def process_exited(self) -> None:
        code = self._transport.get_returncode() if self._transport is not None else None
        if not self.exited.done():
            self.exited.set_result(code if code is not None else 0)


class TargetProcess:
    """A target's command as a process in its own group, for as long as the `async with` block lasts.

    The command is split as a shell would and run without one, in `folder`, with `environment` (and unbuffered
    Python output) added to the engine's own, and the engine's Python first on PATH. `mask` is applied to each
    line before it is kept. Leaving the block stops the whole group: SIGTERM, at most `grace_s`, SIGKILL.
    """

    def __init__(
        self,
        command: str,
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        mask: Callable[[str], str] = str,
        grace_s: float = 3.0,
    ) -> None:
        self._mask = mask
        self.command = mask(command)
        self._arguments = _split(command, self.command)
        self._folder = folder
        self._environment = _surroundings(environment or {})
        self._grace_s = grace_s
        self._output = KeptOutput(mask)
        self._stopping = False
        self._phase = "before it was ready"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.died: asyncio.Future[TargetDied] = loop.create_future()
        self._guard = Guard(self._grace_s)
        self._transport, self._child = await self._guarded(loop)
        self._watch = loop.create_task(self._watch_for_death(), name="watch the target's process")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _guarded(self, loop: asyncio.AbstractEventLoop) -> tuple[asyncio.SubprocessTransport, _Child]:
        try:
            started = await self._start(loop)
        except BaseException:
            self._guard.dismiss()
            raise
        self._guard.watch(started[0].get_pid())
        return started

    async def _start(self, loop: asyncio.AbstractEventLoop) -> tuple[asyncio.SubprocessTransport, _Child]:
        try:
            return await loop.subprocess_exec(
                lambda: _Child(self._output),
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            raise self._not_started(error) from error

    def _not_started(self, error: OSError) -> TargetNotStarted:
        program = self._mask(self._arguments[0])
        if not self._folder.is_dir():
            return TargetNotStarted(self.command, f"there is no folder {self._folder}")
        if isinstance(error, FileNotFoundError):
            advice = f"install it, or write its path relative to {self._folder}"
            return TargetNotStarted(self.command, f"there is no program {program!r} on PATH", advice)
        if isinstance(error, PermissionError):
            return TargetNotStarted(self.command, f"{program!r} may not be executed", f"chmod +x {program}")
        return TargetNotStarted(self.command, f"{program!r}: {error.strerror or error}")

    # What is known about it

    @property
    def pid(self) -> int:
        """The process's id, which is its group's too."""
        return self._transport.get_pid()

    @property
    def output(self) -> tuple[str, ...]:
        """The last lines printed, standard output and error together, masked."""
        return self._output.lines()

    @property
    def exit_code(self) -> int | None:
        """How it ended: its exit code, minus the signal's number if one killed it, None while it runs."""
        return self._child.exited.result() if self._child.exited.done() else None

    async def _watch_for_death(self) -> None:
        await asyncio.wait({self._child.exited})
        await asyncio.wait({self._child.silent}, timeout=_LAST_OUTPUT_S)
        if not self._stopping and not self.died.done():
            self.died.set_result(self._death())

    def _death(self) -> TargetDied:
        return TargetDied(self.command, self._child.exited.result(), self._phase, self._shown())

    def _shown(self) -> tuple[str, ...]:
        return self.output[-_SHOWN_LINES:]

    # Readiness

    async def wait_ready(self, ready: Ready, within_s: float) -> None:
        """Return when the target is ready; TargetDied or TargetNotReady when it dies or is not, in time."""
        attempt = Attempt()
        asking = asyncio.get_running_loop().create_task(until_ready(ready, attempt, self._output.watch))
        either: set[asyncio.Future[Any]] = {asking, self.died}
        try:
            await asyncio.wait(either, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            if self.died.done():
                raise self.died.result()
            if not asking.done():
                raise TargetNotReady(self.command, attempt.told(), within_s, self._shown())
            asking.result()
        finally:
            asking.cancel()
            await asyncio.wait({asking})
        self._phase = "while it was needed"

    # The end

    async def stop(self) -> None:
        """End the process and all that it started; harmless when they have ended already."""
        self._stopping = True
        try:
            if not self._child.exited.done():
                self._signal(signal.SIGTERM)
                await asyncio.wait({self._child.exited}, timeout=_patience(self._grace_s))
        finally:
            # Also when this very wait is cancelled, and for children that outlived their parent.
            self._signal(signal.SIGKILL)
            self._guard.dismiss()
            await self._see_the_end()

    async def _see_the_end(self) -> None:
        self._watch.cancel()
        hurried = await _come(self._child.exited)
        hurried |= await _come(self._child.silent, _LAST_OUTPUT_S)
        self._transport.close()
        hurried |= await _come(self._watch)
        if hurried:
            raise asyncio.CancelledError

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # nobody of the group is left


def _patience(grace_s: float) -> float:
    loop = asyncio.get_running_loop()
    return 0 if isinstance(loop, WallLoop) and loop.hurried else grace_s


async def _come(moment: asyncio.Future[Any], within_s: float | None = None) -> bool:
    """Wait for what a kill brings at once, even when cancelled; whether that was so.

    A loop that is closed before it has seen the end of a process leaves its pipes open.
    """
    cancelled = False
    while not moment.done():
        try:
            await asyncio.wait({moment}, timeout=within_s)
        except asyncio.CancelledError:
            cancelled = True
        else:
            break
    return cancelled


def _split(command: str, shown: str) -> list[str]:
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise TargetNotStarted(shown, str(error).lower(), "close every quotation mark") from error
    if not arguments:
        raise TargetNotStarted(shown, "it is empty", "write the program and its arguments under `command`")
    return arguments


def _surroundings(added: Mapping[str, str]) -> dict[str, str]:
    # Python holds back what it prints into a pipe; readiness by a line would wait for ever.
    environment = {"PYTHONUNBUFFERED": "1"} | dict(os.environ) | dict(added)
    folder = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([folder, environment.get("PATH", os.defpath)])
    return environment
