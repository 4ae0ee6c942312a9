"""The plan of one call: a scenario compiled for one target over one protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from turnspec.call import Capabilities, Identity
from turnspec.call.events import Side
from turnspec.dsl import Span
from turnspec.dsl.models import (
    Choose,
    Condition,
    Expect,
    FunctionSpec,
    Repeat,
    Scenario,
    Together,
    Turn,
    Use,
    Verification,
    Watched,
)
from turnspec.dsl.spans import NOWHERE, Place
from turnspec.plan.graph import StepGraph

Role: TypeAlias = Literal["turn", "choose", "until", "when"]
Part: TypeAlias = Literal["setup", "body", "teardown"]
Block: TypeAlias = Choose | Repeat | Together | Use


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
    """What the caller says: a recording, or a text to synthesise (`path` None).

    `parts` are what is then spoken in a row: texts, and pauses in microseconds. `waits`: the texts need what
    a turn saves, so that it can be made only in the middle of the call.
    """

    text: str | None
    path: Path | None = None
    clip: str | None = None  # the recording as written
    parts: tuple[str | int, ...] = ()
    waits: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """One turn as it will be run and judged.

    `takes_reply`: a reply of the agent belongs to it; `interrupts`: its first action talks over the
    reply of the turn before; `interrupted`: the next turn does that to this one. `skipped` says why the
    turn is not run here, where it is not.

    `role`: a `choose` takes the reply that its branches are about; an `until` and a `when` only decide which
    way the call goes on, before or after other turns. `frames` is what `with` gives the fragments around it,
    outermost first. `conditions` and `unless` are those that only the call itself can decide. `block` is the
    block that it stands for. `leads` says which turn comes after it on which condition, None: none does.
    """

    index: int
    name: str
    turn: Turn
    takes_reply: bool
    interrupts: bool = False
    interrupted: bool = False
    backchannels: bool = False  # its first action must not stop the agent
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
    block: Block | None = None
    leads: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def hears_on(self) -> bool:
        """Whether it takes no reply, but hears on the one that it makes a sound over."""
        return self.backchannels and not self.takes_reply

    def but(self, **changed: Any) -> TurnPlan:
        """The same turn with some of this changed."""
        return replace(self, **changed)

    @property
    def takes_place(self) -> bool:
        """Whether it has a part of the call to itself; an `until` or a `when` is a moment of it."""
        return self.role in {"turn", "choose"}

    @property
    def is_conditional(self) -> bool:
        """Whether the call decides if it is run."""
        return bool(self.conditions or self.unless)

    @property
    def asks_reply(self) -> bool:
        """Whether what decides if it is run is the reply before it."""
        return any(condition.reply is not None for condition in (*self.conditions, *self.unless))

    @property
    def watched(self) -> tuple[Watched, ...]:
        """What is watched at once in it."""
        return self.block.together if isinstance(self.block, Together) else ()

    @property
    def asked(self) -> tuple[Expect, ...]:
        """What is expected in the turn itself."""
        own = () if self.turn.expect is None else (self.turn.expect,)
        return (*own, *(part.expect for part in self.watched))

    def expects(self) -> Iterator[Expect]:
        """Everything that it holds against the agent, or asks of its reply."""
        yield from self.asked
        asked = (*self.conditions, *self.unless, *self.branch_conditions)
        yield from (condition.reply for condition in asked if condition.reply is not None)

    @property
    def branch_conditions(self) -> tuple[Condition, ...]:
        """What its branches, or the end of its repetition, depend on."""
        match self.block:
            case Choose():
                return tuple(condition for choice in self.block.choose for condition in choice.when)
            case Repeat() if self.role == "until":
                return self.block.repeat.until
            case _:
                return ()


@dataclass(frozen=True, slots=True)
class CallPlan:
    """Everything that is known about one call before it is made.

    `words`, `calls` and `heard` are the sides whose events tell what the agent said, which functions it
    called and what it heard the caller say; None where the target gives no such facts. `recognises`: words
    that nobody tells are made out of the sound. `verifies`: words that are told are held against it.
    `limits` are the call's own budgets.
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
    heard: Side | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    recognises: bool = False
    verifies: Verification | None = None
    functions: Mapping[str, FunctionSpec] = field(default_factory=dict)
    call_limit_us: int = 300_000_000
    watch_us: int = 1_300_000  # after the last turn, before the caller hangs up
    span: Span | None = None
    again: str = ""  # which run or attempt of its like it is

    @property
    def active(self) -> tuple[TurnPlan, ...]:
        """The turns that are run here."""
        return tuple(turn for turn in self.turns if not turn.skipped)

    @property
    def teardown(self) -> int | None:
        """The first turn of the teardown that is run here; a call that is still up comes to it."""
        return next((turn.index for turn in self.active if turn.part == "teardown"), None)

    def followers(self, index: int) -> tuple[TurnPlan, ...]:
        """The turns that may come next after this one, on some path of the call."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = list(self.turns[index].leads.values())
        while waiting:
            number = waiting.pop()
            if number is None or number in seen:
                continue
            seen.add(number)
            turn = self.turns[number]
            if turn.takes_place:
                found.add(number)
            waiting += [to for outcome, to in turn.leads.items() if outcome == "skip" or not turn.takes_place]
        return tuple(self.turns[number] for number in sorted(found))

    def predecessors(self, index: int) -> tuple[TurnPlan, ...]:
        """The turns that may have come right before this one, on some path of the call."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = [index]
        sources = self._sources()
        while waiting:
            for turn, outcome in sources.get(waiting.pop(), ()):
                if turn.takes_place and outcome != "skip":
                    found.add(turn.index)
                elif turn.index not in seen:
                    seen.add(turn.index)
                    waiting.append(turn.index)
        return tuple(self.turns[number] for number in sorted(found))

    def sources(self, index: int) -> tuple[tuple[TurnPlan, str], ...]:
        """What leads right to a turn: turns and decisions, each with its outcome."""
        return tuple(self._sources().get(index, ()))

    def _sources(self) -> Mapping[int | None, Sequence[tuple[TurnPlan, str]]]:
        found: dict[int | None, list[tuple[TurnPlan, str]]] = {}
        for turn in self.active:
            for outcome, target in turn.leads.items():
                found.setdefault(target, []).append((turn, outcome))
        return found
