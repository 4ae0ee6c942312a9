"""The plan of one call: a scenario compiled for one target over one protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from turnspec.call import Capabilities, Identity
from turnspec.call.events import Side
from turnspec.dsl import Span
from turnspec.dsl.models import Condition, FunctionSpec, Scenario, Turn
from turnspec.plan.graph import StepGraph


Role: TypeAlias = Literal["turn", "choose", "until", "when"]
Part: TypeAlias = Literal["setup", "body", "teardown"]


class TargetKind(StrEnum):
    """What stands at the far end of the line."""

    AGENT = "local agent"
    BACKEND = "bridge with a local backend"
    BARE = "target as it is"


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget; `required`: it is written on the turn, so it must be measured."""

    name: str
    us: int
    span: Span | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the caller says: a recording, or a text to synthesise (`path` None)."""

    text: str | None
    path: Path | None = None
    clip: str | None = None  # the recording as written


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """One turn as it will be run and judged.

    `takes_reply`: a reply of the agent belongs to it; `interrupts`: its first action talks over the
    reply of the turn before; `interrupted`: the next turn does that to this one. `skipped` says why the
    turn is not run here, where it is not.

    `role`: a `choose` takes the reply that its branches are about; an `until` and a `when` only decide which
    way the call goes on, before or after other turns. `frames` is what `with` gives the fragments around it,
    outermost first. `conditions` and `unless` are those that only the call itself can decide.
    """

    index: int
    name: str
    turn: Turn
    takes_reply: bool
    interrupts: bool = False
    interrupted: bool = False
    limits: Mapping[str, Limit] = field(default_factory=dict)
    patience_us: int = 15_000_000
    span: Span | None = None
    skipped: str = ""
    fillers: tuple[str, ...] = ()  # what is said while the reply is looked for
    role: Role = "turn"
    part: Part = "body"
    branch: tuple[str, ...] = ()  # labels of the branches that it lies in
    frames: tuple[Mapping[str, JsonValue], ...] = ()
    conditions: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class CallPlan:
    """Everything that is known about one call before it is made.

    `words` and `calls` are the sides whose events tell what the agent said and which functions it
    called; None where the target gives no such facts. `limits` are the call's own budgets.
    """

    name: str
    scenario: Scenario
    file: str
    target: str
    protocol: str
    kind: TargetKind
    capabilities: Capabilities
    graph: StepGraph
    turns: tuple[TurnPlan, ...]
    utterances: tuple[Utterance, ...]
    identity: Identity
    words: Side | None
    calls: Side | None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, FunctionSpec] = field(default_factory=dict)
    call_limit_us: int = 300_000_000
    watch_us: int = 1_300_000  # after the last turn, before the caller hangs up
    span: Span | None = None

    @property
    def active(self) -> tuple[TurnPlan, ...]:
        """The turns that are run here."""
        return tuple(turn for turn in self.turns if not turn.skipped)

    def before(self, index: int) -> TurnPlan | None:
        """The turn that is run before this one."""
        return next((turn for turn in reversed(self.active) if turn.index < index), None)

    def after(self, index: int) -> TurnPlan | None:
        """The turn that is run after this one."""
        return next((turn for turn in self.active if turn.index > index), None)
