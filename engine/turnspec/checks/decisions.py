"""Which way a call goes on: conditions held against what was seen of it so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from turnspec.call import EvidenceView
from turnspec.checks.captures import groups_in, variables
from turnspec.checks.context import Context, Stage
from turnspec.checks.expectations import expected
from turnspec.checks.fillers import all_filler
from turnspec.checks.matching import MISSING, match_value, rendered
from turnspec.checks.scene import Scene
from turnspec.checks.words import text_of
from turnspec.dsl import Condition, Expect, Matcher
from turnspec.dsl.models import Choose
from turnspec.dsl.templates import TemplateError, render, render_value
from turnspec.plan.expand import outcomes_of
from turnspec.plan.model import CallPlan, TurnPlan


@dataclass(frozen=True, slots=True)
class Decision:
    """Which way a call goes on, and why; the words of `outcome` are those of the event `Decided`.

    `captured` is what named groups of the conditions that hold caught.
    """

    outcome: str
    why: str = ""
    captured: Mapping[str, Any] = field(default_factory=dict)


def decide(plan: CallPlan, index: int, question: str, view: EvidenceView, context: Context) -> Decision:
    """The answer to one of the questions that a plan asks while the call is up."""
    turn = plan.turns[index]
    asked = _Asked(Scene(plan, view, context.found_out), turn, context, variables(plan, index, view))
    match question:
        case "choose" if isinstance(turn.block, Choose):
            return _chosen(asked, turn.block)
        case "until":
            return _repeated(asked)
        case "filler":
            return _filler(asked)
        case _:
            return _conditional(asked)


def variable_holds(name: str, matcher: Matcher, known: Mapping[str, Any]) -> bool | None:
    """Whether a variable is as a matcher wants it; None where that cannot be worked out."""
    try:
        filled = rendered(matcher, lambda value: render_value(value, known))
    except TemplateError:
        return None
    match = match_value(_value(name, known), filled, path=name)
    return None if match.undecided else match.holds


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question about a call: the turn that it is asked for, and what is known by then."""

    scene: Scene
    turn: TurnPlan
    context: Context
    known: Mapping[str, Any]

    def against(self, conditions: Sequence[Condition]) -> list[str]:
        """What speaks against these, all of which are wanted; nothing if they hold."""
        return [reason for condition in conditions for reason in self._against(condition)]

    def _against(self, condition: Condition) -> Iterator[str]:
        can = self.scene.plan.capabilities.can
        for word in condition.supports:
            if word not in can:
                yield f"{self.scene.plan.protocol} does not support {word} here"
        for name, matcher in condition.variables.items():
            yield from self._unlike(name, matcher)
        if condition.reply is not None:
            yield from self._otherwise_replied(condition.reply)

    def _unlike(self, name: str, matcher: Matcher) -> Iterator[str]:
        try:
            filled = rendered(matcher, lambda value: render_value(value, self.known))
        except TemplateError as error:
            yield f"what {name} is to be cannot be filled in: {error}"
            return
        for mismatch in match_value(_value(name, self.known), filled, path=name).mismatches:
            yield str(mismatch)

    def _otherwise_replied(self, reply: Expect) -> Iterator[str]:
        stage = self._stage()
        if stage is None:
            yield "the agent has not replied yet"
            return
        try:
            for finding in expected(stage, reply, self.known):
                if finding.fails:
                    yield finding.message
        except TemplateError as error:
            yield f"what the reply is to be cannot be filled in: {error}"

    def captured(self, conditions: Sequence[Condition]) -> dict[str, Any]:
        """What the named groups of conditions that hold caught."""
        found: dict[str, Any] = {}
        index = self._replied_in()
        for condition in conditions:
            for name, matcher in condition.variables.items():
                filled = rendered(matcher, lambda value: render_value(value, self.known))
                found |= match_value(_value(name, self.known), filled, path=name).captures
            if condition.reply is not None and index is not None:
                scene = self.scene
                words = text_of(line for line in scene.lines if line.turn == index)
                found |= groups_in(scene.plan, index, scene.view, condition.reply, self.known, words)
        return found

    def _stage(self) -> Stage | None:
        """Where the last reply is seen."""
        index = self._replied_in()
        turn = None if index is None else self.scene.turn(index)
        return None if turn is None else Stage(self.scene, turn, self.context)

    def _replied_in(self) -> int | None:
        """The turn of the last reply: this one, or the last one before it that took one."""
        turns, windows = self.scene.plan.turns, self.scene.windows
        return next((w.index for w in reversed(windows) if turns[w.index].takes_reply), None)


def _chosen(asked: _Asked, block: Choose) -> Decision:
    why: list[str] = []
    for outcome, choice in outcomes_of(block):
        if choice.otherwise == "fail":
            continue
        reasons = asked.against(choice.when)
        if not reasons:
            return Decision(outcome, "\n".join(why), asked.captured(choice.when))
        why += [f"{outcome}: {reason}" for reason in reasons]
    return Decision("none", "\n".join(why))


def _repeated(asked: _Asked) -> Decision:
    reasons = asked.against(asked.turn.branch_conditions)
    if not reasons:
        return Decision("done", captured=asked.captured(asked.turn.branch_conditions))
    return Decision("exhausted" if "exhausted" in asked.turn.leads else "again", "\n".join(reasons))


def _filler(asked: _Asked) -> Decision:
    """Whether all that was said in answer so far only fills the time until the reply."""
    turn = asked.scene.turn(asked.turn.index)
    lines = () if turn is None else turn.agent_lines
    since_us = 0 if turn is None else turn.reply_from_us
    said = [line.text for line in lines if (line.ended_us or line.began_us) >= since_us]
    if all_filler(said, asked.turn.fillers):
        return Decision("filler", f'"{said[-1]}" is not the reply')
    return Decision("reply")


def _conditional(asked: _Asked) -> Decision:
    reasons = asked.against(asked.turn.conditions)
    if reasons:
        return Decision("skip", "\n".join(reasons))
    if asked.turn.unless and not asked.against(asked.turn.unless):
        return Decision("skip", "what `unless` asks for is so")
    return Decision("run", captured=asked.captured(asked.turn.conditions))


def _value(name: str, known: Mapping[str, Any]) -> Any:
    try:
        return render("{{ " + name + " }}", known)
    except TemplateError:
        return MISSING
