"""Virtual time for programs."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

T = TypeVar("T")


def run_virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a program in virtual time, on a loop of its own: clients, and the servers that they call."""
    return run_on(VirtualLoop, coroutine)
