"""A target that the engine starts: its process, and the model behind it where that is simulated.

Where its model is simulated it carries one call at a time: the model's side serves the script of the call in
progress.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from turnspec.adapters.base import Platform
from turnspec.call.events import ProtocolFault, Side
from turnspec.dsl.models import Ready, StartSpec, TargetSpec
from turnspec.dsl.templates import render
from turnspec.run.errors import HarnessError
from turnspec.run.platforms import open_platforms, variables_of
from turnspec.run.process import TargetProcess, free_port
from turnspec.run.ready import HttpReady, LineReady, PortReady
from turnspec.run.ready import Ready as Readiness
from turnspec.run.stand import Double, FarEnd, Session, serve_double


class Bridge:
    """One instance of a target under test."""

    def __init__(
        self,
        target: TargetSpec,
        project: Path,
        environment: Mapping[str, str],
        mask: Callable[[str], str] | None,
    ) -> None:
        self._target = target
        self._project = project
        self._variables: dict[str, Any] = {"env": environment}
        self._mask = mask or str
        self._starting = asyncio.Lock()
        self._open = AsyncExitStack()
        self._process: TargetProcess | None = None
        self._backend: Double | None = None
        self._platforms: Mapping[str, Platform] = {}
        self._session: Session | None = None
        self._strays = 0
        self._broken: HarnessError | None = None

    @asynccontextmanager
    async def call(self, session: Session | None) -> AsyncIterator[FarEnd]:
        """The target, up and ready, for one call; `session` is what its model is in this call.

        Raises:
            HarnessError: It could not be started, or died before.
        """
        await self._up()
        self._session = session
        try:
            yield self._far_end()
        finally:
            self._session = None

    async def prepare(self) -> None:
        """Start it; that it cannot be started is told to its first call."""
        with contextlib.suppress(HarnessError):
            await self._up()

    @property
    def broken(self) -> bool:
        """Whether no call of it can come to anything any more."""
        return self._broken is not None or (self._process is not None and self._process.died.done())

    async def _up(self) -> None:
        async with self._starting:
            await self._started()

    def _far_end(self) -> FarEnd:
        strays, self._strays = self._strays, 0
        died = self._process.died if self._process else None
        return FarEnd(self._text(self._target.url or ""), died, strays, self._platforms)

    def _connected(self) -> Session | None:
        if self._session is None:
            self._strays += 1
        return self._session

    @property
    def output(self) -> tuple[str, ...]:
        """The last lines that the process printed."""
        return self._process.output if self._process else ()

    async def stop(self) -> None:
        """Stop the process and the model."""
        await self._open.aclose()

    async def _started(self) -> None:
        if self._broken is not None:
            raise self._broken
        if self._process is not None and self._process.died.done():
            raise self._process.died.result()
        if "port" in self._variables:
            return
        try:
            await self._start()
        except HarnessError as error:
            self._broken = error
            raise

    async def _start(self) -> None:
        self._variables["port"] = free_port()
        if self._target.backend is not None:
            self._backend = await serve_double("realtime", self._connected, Side.MODEL)
            self._open.push_async_callback(self._backend.aclose)
            self._variables["backend"] = {"url": self._backend.url}
        if self._target.start is not None:
            self._platforms = await open_platforms(self._target, self._text, self._open)
            self._variables |= variables_of(self._platforms)
            await self._start_process(self._target.start)

    async def _start_process(self, start: StartSpec) -> None:
        self._process = TargetProcess(
            self._text(start.command),
            folder=self._project,
            environment={name: self._text(value) for name, value in start.environment.items()},
            mask=self._mask,
        )
        await self._open.enter_async_context(self._process)
        ready = start.ready or Ready(port=True)
        await self._process.wait_ready(self._readiness(ready), ready.within.seconds)

    def _readiness(self, ready: Ready) -> Readiness:
        if ready.http is not None:
            return HttpReady(self._text(ready.http))
        if ready.line is not None:
            return LineReady(self._text(ready.line))
        return PortReady(self._variables["port"])

    def _text(self, template: str) -> str:
        return str(render(template, self._variables))


def outside_call(at_us: int) -> ProtocolFault:
    """The finding that the model was called while no call was in progress."""
    detail = "the target connected to its model while no call was in progress"
    return ProtocolFault(at_us=at_us, side=Side.MODEL, rule="connection-outside-call", detail=detail)
