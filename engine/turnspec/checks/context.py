"""What checks need beside the plan and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from turnspec.checks.scene import Scene, TurnScene
from turnspec.dsl import FunctionSpec, Span
from turnspec.results import Finding, Status
from turnspec.speech.intents import Intents


@dataclass(frozen=True, slots=True)
class Context:
    """`lateness_us` is the worst lateness of the engine's own frames; it widens every error bar.

    `functions` are declarations beside those of the plan. `mask` takes secrets out of texts, as it did
    out of the evidence.
    """

    intents: Intents
    lateness_us: int = 0
    functions: Mapping[str, FunctionSpec] = field(default_factory=dict)
    mask: Callable[[str], str] | None = None


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
