"""The conversation: its turns, and what was decided and judged of it while it went on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from turnspec.call.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegan(Event):
    """Turn `turn` (from 0) owns what the agent does from here on."""

    kind = "turn-began"
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """Turn `turn` is over. `how`: replied, interrupted, quiet, no-reply, hung-up, not-exercised, cut."""

    kind = "turn-ended"
    turn: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured(Event):
    """A named part of the agent's words became a variable for the turns after it."""

    kind = "captured"
    turn: int
    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Event):
    """Which way the call goes on at turn `turn`, by what was seen of it so far.

    `question` and `outcome`: choose (the number of a branch from 1, otherwise, none), until (done, again,
    exhausted), condition (run, skip), filler (filler, reply). `why` has a line for each thing that spoke
    for or against it.
    """

    kind = "decided"
    turn: int
    question: str
    outcome: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnJudged(Event):
    """A turn was judged while the call went on (only where `on_failure: end_call` asks for it)."""

    kind = "turn-judged"
    turn: int
    passed: bool
