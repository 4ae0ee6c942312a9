"""What checks need beside the plan and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from turnspec.call import Track
from turnspec.call.derived import Derived
from turnspec.checks.scene import Scene, TurnScene
from turnspec.dsl import FunctionSpec, Span
from turnspec.results import Finding, Status
from turnspec.speech.intents import Intents


@dataclass(frozen=True, slots=True)
class Context:
    """`lateness_us` is how late the engine's own frames were (99 % no later); it widens error bars.

    `late_between` says how late they were at worst between two moments of the call, where that is known:
    it then takes the place of `lateness_us` for what was measured there.
    `functions` are declarations beside those of the plan. `mask` takes secrets out of texts, as it did
    out of the evidence. `custom` are the checks in Python that scenarios name, by these names.
    `derived` is what models were asked about the call, None if nobody has been yet; `judge_gates` whether
    their judgements can fail a turn where it does not say.
    `recorded` gives the sound of an audio file at a rate.
    """

    intents: Intents
    lateness_us: int = 0
    late_between: Callable[[int, int], int] | None = None
    functions: Mapping[str, FunctionSpec] = field(default_factory=dict)
    mask: Callable[[str], str] | None = None
    custom: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    derived: tuple[Derived, ...] | None = None
    heard: tuple[Derived, ...] = ()  # words that were made out while the call is still up
    judge_gates: bool = False
    recorded: Callable[[Path, int], Track] | None = None

    @property
    def found_out(self) -> tuple[Derived, ...]:
        """All answers that there are so far."""
        return self.heard if self.derived is None else self.derived


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one turn's checks look: the call, the turn, and what they may ask."""

    scene: Scene
    turn: TurnScene
    context: Context

    def found(
        self,
        kind: str,
        status: Status,
        message: str,
        *,
        expected: str = "",
        actual: str = "",
        span: Span | None = None,
        at_us: int | None = None,
        details: tuple[str, ...] = (),
    ) -> Finding:
        """A finding of this turn; it stands at the turn where nothing says otherwise."""
        return Finding(
            kind=kind,
            status=status,
            message=message,
            expected=expected,
            actual=actual,
            turn=self.turn.index,
            at_us=at_us,
            span=span or self.turn.plan.span,
            details=details,
        )
