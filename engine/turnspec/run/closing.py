"""What a call that is still up asks of the checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from turnspec.checks.decisions import Decision

__all__ = ["Decision", "TurnCloser"]


class TurnCloser(Protocol):
    """What the checks do for a call that is still up."""

    def captures(self, turn: int) -> Mapping[str, Any]:
        """The variables that a turn's words bind."""
        ...

    def passes(self, turn: int) -> bool:
        """Whether a turn holds, as far as can be told now."""
        ...

    def hearing(self, turn: int, question: str) -> Callable[[], None] | None:
        """What has to be done beside the loop before `decide`, or (empty) `captures`; None: nothing."""
        ...

    def decide(self, turn: int, question: str) -> Decision:
        """Which way the call goes on at a turn, by what was seen of it so far."""
        ...
