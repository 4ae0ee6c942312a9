"""Where a call stands: the step it is at, and what it has learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from turnspec.conduct.facts import Facts
from turnspec.plan.graph import AnyStep
from turnspec.plan.model import CallPlan


@dataclass(frozen=True, slots=True)
class CallState:
    """One call in progress. Times are microseconds since it began.

    `started`: the step's action was given out. `reply_from_us`: agent speech begun from here on is
    the current turn's reply; None: the turn's caller has not acted yet. `turn` is the one that the call
    came to last; `how` is how it ended, `outcome` what was decided in it.
    """

    plan: CallPlan
    step: AnyStep
    facts: Facts = field(default_factory=Facts)
    captured: Mapping[str, Any] = field(default_factory=dict)
    turn: int | None = None
    started: bool = False
    entered_us: int = 0
    reply_from_us: int | None = None
    acted_us: int = 0  # when the caller's last clip began
    heard_before_us: int = 0  # agent speech heard before the reply that is to be interrupted
    how: str = ""
    outcome: str = ""
    judged_failed: bool = False
    limit_hit: bool = False
    hung_up: bool = False
    wake_us: int | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more is to be done."""
        return self.hung_up or self.facts.gone != ""


def begin(plan: CallPlan) -> CallState:
    """The state before anything happened."""
    return CallState(plan=plan, step=plan.graph.start)
