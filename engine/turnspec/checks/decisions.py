"""Which way a call goes on: conditions held against what was seen of it so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """Which way a call goes on, and why; the words of `outcome` are those of the event `Decided`."""

    outcome: str
    why: str = ""
