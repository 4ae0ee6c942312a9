"""The targets of a run that the engine starts: how many of each, and which call gets which."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from turnspec.dsl.models import TargetSpec
from turnspec.run.asgi import Application
from turnspec.run.bridge import Bridge
from turnspec.run.case import Case
from turnspec.run.stand import FarEnd, Session


class Instance(Protocol):
    """One instance of a target."""

    @property
    def output(self) -> tuple[str, ...]:
        """The last lines that it printed."""
        ...

    def call(self, session: Session | None) -> AbstractAsyncContextManager[FarEnd]:
        """The target, up and ready, for one call; `session` is what its model is in this call."""
        ...


class Instances:
    """So many instances of one target. They are started together, before the first call of any.

    A processor starts one at a time: fifty that start while calls are up would make those late.
    """

    def __init__(self, make: Callable[[], Bridge], target: TargetSpec, calls: int) -> None:
        self._make = make
        self._fresh = target.restart == "scenario"
        self._bridges = [make() for _ in range(max(1, min(target.instances, calls)))]
        self._calls: Counter[int] = Counter()
        self._retired: set[int] = set()
        # A simulated model must know in which call it is; without one, calls need not wait for one another.
        alone = target.backend is not None or self._fresh
        self._places = asyncio.Semaphore(len(self._bridges)) if alone else None
        self._starting = asyncio.Lock()
        self._started = False

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Bridge]:
        """An instance for one call: a free one where each carries one call at a time, else the least busy."""
        await self._start()
        if self._places is not None:
            await self._places.acquire()
        number = min(range(len(self._bridges)), key=lambda each: (each in self._retired, self._calls[each]))
        self._calls[number] += 1
        try:
            yield self._bridges[number]
        finally:
            self._calls[number] -= 1
            await self._after_call(number)

    async def _after_call(self, number: int) -> None:
        """Give the place free; one that is broken meets no further call, as long as there are others."""
        used = self._bridges[number]
        if self._fresh:
            self._bridges[number] = self._make()
            await used.stop()
        elif used.broken and len(self._retired) < len(self._bridges) - 1:
            self._retired.add(number)
            return
        if self._places is not None:
            self._places.release()

    async def _start(self) -> None:
        async with self._starting:
            if self._started or self._fresh:
                return
            at_once = asyncio.Semaphore(os.cpu_count() or 1)
            async with asyncio.TaskGroup() as group:
                for bridge in self._bridges:
                    group.create_task(_prepared(bridge, at_once))
            self._started = True

    async def stop(self) -> None:
        """Stop all of them."""
        async with asyncio.TaskGroup() as group:
            for bridge in self._bridges:
                group.create_task(bridge.stop())


async def _prepared(bridge: Bridge, at_once: asyncio.Semaphore) -> None:
    async with at_once:
        await bridge.prepare()


class Targets:
    """The targets of one run that the engine starts, each made when first needed; `cases` are its calls."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._wanted = Counter(_key(case.target) for case in cases)
        self._made: dict[str, Instances | Application] = {}
        self._alone = asyncio.Lock()

    def of(self, case: Case) -> AbstractAsyncContextManager[Instance]:
        """The instance that a call is made to, for as long as it takes."""
        key = _key(case.target)
        if key not in self._made:
            self._made[key] = self._of(case)
        return self._made[key].place()

    def _of(self, case: Case) -> Instances | Application:
        target, facts = case.target, (case.project, case.environment, case.mask)
        if target.asgi is not None:
            return Application(target, *facts, self._alone)
        return Instances(lambda: Bridge(target, *facts), target, self._wanted[_key(target)])

    async def stop(self) -> None:
        """Stop all of them."""
        async with contextlib.AsyncExitStack() as stack:
            for made in self._made.values():
                stack.push_async_callback(made.stop)


def _key(target: TargetSpec) -> str:
    return f"{target.place.table.file}:{'/'.join(map(str, target.place.path))}"
