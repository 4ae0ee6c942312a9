"""Scenes on a loop whose time is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

T = TypeVar("T")


def virtually(coroutine: Coroutine[Any, Any, T], latency_us: int = 0) -> T:
    """Run in virtual time on a loop of its own."""
    return run_on(lambda: VirtualLoop(latency_us), coroutine)


def now_us() -> int:
    """Return the running loop's time."""
    return round(asyncio.get_running_loop().time() * 1_000_000)
