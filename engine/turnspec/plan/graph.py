"""The step graph of one call: what happens in which order, and on which condition it goes on where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from turnspec.call.actions import Tones
from turnspec.dsl import Span

Fact: TypeAlias = tuple[Literal["call", "activity", "transfer", "dtmf"], str]
"""Something that the agent's side does, with its name where it has one."""


class Condition(StrEnum):
    """When an edge is taken."""

    DONE = "done"  # the step did what it is for
    NO_REPLY = "no reply"  # nothing was heard within patience
    HUNG_UP = "agent hung up"
    MISSED = "missed"  # there was nothing left to interrupt
    FAILED = "failed"  # a judged turn failed and `on_failure` ends the call


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; `turn` is the index of the turn it belongs to, None for the call's own steps."""

    id: str
    turn: int | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Step):
    """Open the line and wait until the call is up; `greets` asks the agent to begin."""

    greets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak(Step):
    """Send an utterance once the agent is not heard."""

    utterance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt(Step):
    """Send an utterance once so much of the agent's speech was heard, while it still speaks."""

    utterance: int
    after_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendText(Step):
    """Send text; `text` may be a template that needs captures."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigits(Step):
    """Press keys; `digits` may be a template that needs captures."""

    digits: str
    every_us: int
    tones: Tones | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(Step):
    """Send a message of the protocol as it is written; texts in it may be templates that need captures."""

    name: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Step):
    """Stay silent on purpose."""

    duration_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Microphone(Step):
    """Let a person speak: until they were silent for so long, or (None) for `duration_us`.

    Somebody is to be heard within `patience_us`.
    """

    until_silence_us: int | None
    duration_us: int | None
    patience_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp(Step):
    """End the call from the caller's side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen(Step):
    """Take the next reply, until it is over.

    `patience_us` runs from the end of the caller's action. `until_heard` leaves as soon as the reply
    begins, for an interruption; `awaits_hangup` goes on until the agent ended the call, or patience
    ran out after the reply; with `acts`, what the agent does without a word is a reply too. `awaits` must
    have been seen, too, or patience be over. `afresh`: what came before this step is no reply, and patience
    counts from here (after a filler); `onward`: the same with what is left of patience (after another).
    """

    patience_us: int
    ends_after_us: int
    until_heard: bool = False
    awaits_hangup: bool = False
    acts: bool = False
    awaits: tuple[Fact, ...] = ()
    afresh: bool = False
    onward: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HearOut(Step):
    """Take no reply: wait until the one that goes on is over; `until_heard`: the next turn talks over it."""

    ends_after_us: int
    until_heard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch(Step):
    """Take no reply: watch the line for so long from the end of the caller's action."""

    duration_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Step):
    """The turn is over: its words become variables, its expectations are held against the evidence.

    `now` judges it while the call is up (`on_failure: end_call`); else it is judged afterwards.
    """

    expectations: tuple[str, ...] = ()
    now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Step):
    """The call is over."""


Question: TypeAlias = Literal["choose", "until", "condition", "filler"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide(Step):
    """Ask the checks about the call so far, and go on by the edge that has the name of their answer.

    An answer without an edge of its own takes the edge `done`, and is kept for the end of the turn: what a
    `choose` decides is where its `Check` leads to.
    """

    question: Question


AnyStep: TypeAlias = (
    Connect
    | Speak
    | Interrupt
    | SendText
    | SendDigits
    | SendMessage
    | Wait
    | Microphone
    | HangUp
    | Listen
    | HearOut
    | Watch
    | Decide
    | Check
    | End
)


@dataclass(frozen=True, slots=True)
class Edge:
    """From one step to the next, on a condition: one of the words above, or what was decided."""

    source: str
    target: str
    condition: str = Condition.DONE


class StepGraph:
    """Steps by id, in the order of the scenario, and the edges between them."""

    def __init__(self, steps: tuple[AnyStep, ...], edges: tuple[Edge, ...]) -> None:
        self.steps = steps
        self.edges = edges
        self._by_id = {step.id: step for step in steps}
        self._next = {(edge.source, edge.condition): edge.target for edge in edges}

    @property
    def start(self) -> AnyStep:
        """The first step."""
        return self.steps[0]

    @property
    def end(self) -> AnyStep:
        """The last step."""
        return self.steps[-1]

    def step(self, step_id: str) -> AnyStep:
        """The step of this id."""
        return self._by_id[step_id]

    def after(self, step: AnyStep, condition: str = Condition.DONE) -> AnyStep:
        """Where to go from `step`; a condition without an edge of its own ends the call."""
        return self._by_id[self._next.get((step.id, condition), self.end.id)]

    def leads(self, step: AnyStep, condition: str) -> bool:
        """Whether there is an edge of its own for this condition."""
        return (step.id, condition) in self._next
