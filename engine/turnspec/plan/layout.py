"""From the tree of a scenario to numbered turns: which are run in a setting, and which comes after which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from turnspec.dsl.models import Choose, Condition, Repeat, Together
from turnspec.dsl.names import captures_of, captures_of_conditions, captures_of_turn
from turnspec.plan.conditions import Settled, Settling
from turnspec.plan.expand import Expanded, Fork, Gate, Leaf, Node, Nodes, Passes, Unit, units_of
from turnspec.plan.setting import Setting

NOTHING_LEFT = "nothing of what it is about is run here"


@dataclass(frozen=True, slots=True)
class Placed:
    """A unit with its number and name, what became of its conditions, and the names that may be captured."""

    index: int
    name: str
    unit: Unit
    settled: Settled
    captured_before: frozenset[str]
    leads: Mapping[str, int | None] = field(default_factory=dict)


def laid_out(expanded: Expanded, setting: Setting, variables: Mapping[str, Any]) -> tuple[Placed, ...]:
    """Every unit, in order; those that are not run here have no `leads`."""
    layout = _Layout(setting, variables, {})
    for part in (expanded.setup, expanded.body, expanded.teardown):
        layout.settle(part, "")
    teardown = layout.link(expanded.teardown, None)
    body = layout.link(expanded.body, teardown)
    layout.link(expanded.setup, body)
    return tuple(layout.placed(expanded.nodes))


@dataclass(slots=True)
class _Layout:
    setting: Setting
    variables: Mapping[str, Any]
    settled: dict[Unit, tuple[Settled, frozenset[str]]]
    captured: frozenset[str] = frozenset()
    numbers: dict[Unit, int] = field(default_factory=dict)
    leads: dict[Unit, dict[str, int | None]] = field(default_factory=dict)

    # --- which are run ---------------------------------------------------------------------

    def settle(self, nodes: Sequence[Node], why: str) -> None:
        """Decide what can be decided now; `why` says that none of these is run."""
        for node in nodes:
            match node:
                case Leaf():
                    self._settle_unit(node.unit, why)
                case Fork():
                    skipped = self._settle_unit(node.unit, why).why
                    for _, branch in node.branches:
                        self.settle(branch, skipped)
                case Passes():
                    self._settle_passes(node, why)
                case Gate():
                    self._settle_gate(node, why)
                case _:
                    assert_never(node)

    def _settle_unit(self, unit: Unit, why: str) -> Settled:
        self.numbers[unit] = len(self.numbers)
        settled = Settled(why)
        if not why:
            settling = Settling(self.setting, self.variables, unit.around.frames, self.captured)
            settled = settling.settle(unit.when, unit.unless)
        self.settled[unit] = settled, self.captured | captures_of_conditions(unit.when)
        if not settled.why:
            self.captured |= caught_by(unit)
        return settled

    def _settle_passes(self, node: Passes, why: str) -> None:
        for number, body in enumerate(node.bodies):
            self.settle(body, why)
            idle = why or ("" if self._any_runs(body) else NOTHING_LEFT)
            for test in node.tests[number : number + 1]:
                self._settle_unit(test, idle)

    def _settle_gate(self, node: Gate, why: str) -> None:
        settled = self._settle_unit(node.unit, why)
        self.settle(node.body, settled.why)
        if not settled.why and not self._any_runs(node.body):
            self.settled[node.unit] = Settled(NOTHING_LEFT), self.captured

    def _any_runs(self, nodes: Sequence[Node]) -> bool:
        return any(not self.settled[unit][0].why for unit in units_of(nodes))

    # --- which comes after which -----------------------------------------------------------

    def link(self, nodes: Sequence[Node], after: int | None) -> int | None:
        """Where a call that comes to these goes first; `after` is what comes after them."""
        for node in reversed(nodes):
            after = self._link(node, after)
        return after

    def _link(self, node: Node, after: int | None) -> int | None:
        match node:
            case Leaf():
                return self._enter(node.unit, {"done": after}, after)
            case Fork():
                if self._is_out(node.unit):
                    return after
                leads = {outcome: self.link(branch, after) for outcome, branch in node.branches}
                if "otherwise" not in leads:
                    leads["none"] = after
                return self._enter(node.unit, leads, after)
            case Passes():
                return self._link_passes(node, after)
            case Gate():
                return self._link_gate(node, after)
            case _:
                assert_never(node)

    def _link_passes(self, node: Passes, after: int | None) -> int | None:
        entry = after
        for number in reversed(range(len(node.bodies))):
            tests = node.tests[number : number + 1]
            target = entry
            for test in tests:
                last = number == len(node.bodies) - 1
                leads = {"done": after, ("exhausted" if last else "again"): entry}
                target = self._enter(test, leads, entry)
            entry = self.link(node.bodies[number], target)
        return entry

    def _link_gate(self, node: Gate, after: int | None) -> int | None:
        unit, (settled, _) = node.unit, self.settled[node.unit]
        entry = self.link(node.body, after)
        if settled.why or not settled.is_open:
            return entry  # all of it is run, or none
        return self._enter(unit, {"run": entry}, after)

    def _enter(self, unit: Unit, leads: dict[str, int | None], after: int | None) -> int | None:
        if self._is_out(unit):
            return after
        if self.settled[unit][0].is_open:
            leads = {**leads, "skip": after}
        self.leads[unit] = leads
        return self.numbers[unit]

    def _is_out(self, unit: Unit) -> bool:
        return bool(self.settled[unit][0].why)

    # --- the outcome -----------------------------------------------------------------------

    def placed(self, nodes: Nodes) -> Iterator[Placed]:
        """The units in order, without conditions of blocks that were decided."""
        kept = [unit for unit in units_of(nodes) if unit.role != "when" or self.settled[unit][0].is_open]
        numbers = {self.numbers[unit]: index for index, unit in enumerate(kept)}
        firsts = {unit.original: index for index, unit in reversed(list(enumerate(kept)))}
        for index, unit in enumerate(kept):
            settled, captured = self.settled[unit]
            leads = {
                outcome: None if target is None else numbers[target]
                for outcome, target in self.leads.get(unit, {}).items()
            }
            yield Placed(index, _name(unit, firsts), unit, settled, captured, leads)


def _name(unit: Unit, firsts: Mapping[Unit, int]) -> str:
    base = unit.turn.name or f"turn {firsts[unit.original] + 1}"
    if all(number == 1 for number in unit.passes):
        return base
    return f"{base} ({'.'.join(str(number) for number in reversed(unit.passes))})"


def caught_by(unit: Unit) -> frozenset[str]:
    """The names that a unit may give a value to."""
    watched = unit.block.together if isinstance(unit.block, Together) else ()
    found = captures_of_turn(unit.turn) | captures_of_conditions(_conditions(unit))
    return found.union(*(captures_of(part.expect) for part in watched))


def _conditions(unit: Unit) -> tuple[Condition, ...]:
    match unit.block:
        case Choose():
            return (*unit.when, *(condition for choice in unit.block.choose for condition in choice.when))
        case Repeat() if unit.role == "until":
            return unit.block.repeat.until
        case _:
            return unit.when
