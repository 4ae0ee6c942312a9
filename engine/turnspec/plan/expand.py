"""What is written as blocks, as a tree of single turns: fragments put in, repetitions written out.

A tree says how turns follow one another; which of them are run in some setting, and their numbers, are
worked out from it by `layout`.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final, TypeAlias, assert_never

from pydantic import JsonValue

from turnspec.dsl.flow import turns_of
from turnspec.dsl.models import (
    Choice,
    Choose,
    Condition,
    Entry,
    Fragment,
    Model,
    Place,
    Repeat,
    Scenario,
    Together,
    Turn,
    Use,
)
from turnspec.dsl.problems import Problem, problem_at
from turnspec.plan.model import Block, Part, Role

MOST_TURNS: Final = 500


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around an item of `turns`: its part of the scenario, branches, fragments with values."""

    part: Part = "body"
    branch: tuple[str, ...] = ()
    frames: tuple[Mapping[str, JsonValue], ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One turn to be, or one question about the call. `turn` has the keys that a block shares with turns.

    `passes` are the numbers of the passes that it lies in, the innermost first; `first` is the same one in
    the first passes.
    """

    turn: Turn
    around: Around
    role: Role = "turn"
    block: Block | None = None
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    passes: tuple[int, ...] = ()
    first: Unit | None = None

    @property
    def original(self) -> Unit:
        """The same one in the first passes."""
        return self.first or self


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One turn."""

    unit: Unit


@dataclass(frozen=True, slots=True, eq=False)
class Fork:
    """A reply, and what follows by what it was: outcome and branch."""

    unit: Unit
    branches: tuple[tuple[str, Nodes], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """The same turns several times; each pass but those of `times` ends with a test."""

    bodies: tuple[Nodes, ...]
    tests: tuple[Unit, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """Turns that are run under a condition, all or none."""

    unit: Unit
    body: Nodes


Node: TypeAlias = Leaf | Fork | Passes | Gate
Nodes: TypeAlias = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Expanded:
    """The three parts of a scenario as trees, and the problems on the way."""

    setup: Nodes
    body: Nodes
    teardown: Nodes
    problems: tuple[Problem, ...] = ()

    @property
    def nodes(self) -> Nodes:
        """All parts, in the order in which they are run."""
        return (*self.setup, *self.body, *self.teardown)


def expand(scenario: Scenario, fragments: Mapping[str, Fragment]) -> Expanded:
    """Every turn that a call of `scenario` may come to, in order; at most `MOST_TURNS`."""
    expansion = _Expansion(fragments)
    setup = expansion.nodes(scenario.setup, Around("setup"))
    body = expansion.nodes(scenario.turns, Around("body"))
    teardown = expansion.nodes(scenario.teardown, Around("teardown"))
    return Expanded(setup, body, teardown, tuple(expansion.problems))


def units_of(nodes: Sequence[Node]) -> Iterator[Unit]:
    """All units of a tree, in the order of the file."""
    for node in nodes:
        match node:
            case Leaf():
                yield node.unit
            case Fork():
                yield node.unit
                for _, branch in node.branches:
                    yield from units_of(branch)
            case Passes():
                for number, body in enumerate(node.bodies):
                    yield from units_of(body)
                    yield from node.tests[number : number + 1]
            case Gate():
                yield node.unit
                yield from units_of(node.body)
            case _:
                assert_never(node)


@dataclass(slots=True)
class _Expansion:
    fragments: Mapping[str, Fragment]
    problems: list[Problem] = field(default_factory=list)
    made: int = 0

    def nodes(self, entries: Sequence[Entry], around: Around) -> Nodes:
        return tuple(node for entry in entries for node in self._entry(entry, around))

    def _entry(self, entry: Entry, around: Around) -> Nodes:
        alone = isinstance(entry, Turn | Together | Choose)  # other blocks are no more than what is in them
        if self._too_many(int(alone), entry.place):
            return ()
        match entry:
            case Turn():
                return (Leaf(Unit(entry, around, when=entry.when, unless=entry.unless)),)
            case Together():
                return (Leaf(_unit(entry, around, "turn", _turn_of(entry, _label("together", entry)))),)
            case Choose():
                return (self._fork(entry, around),)
            case Repeat():
                return self._gated(entry, around, self._passes(entry, around))
            case Use():
                return self._gated(entry, around, self._used(entry, around))
            case _:
                assert_never(entry)

    def _too_many(self, more: int, place: Place) -> bool:
        """Count `more` turns, or report the one place where there are too many."""
        if self.made + more <= MOST_TURNS:
            self.made += more
            return False
        if not any(problem.kind == "too-many-turns" for problem in self.problems):
            message = f"written out, the scenario has more than {MOST_TURNS} turns from here on"
            hint = "repeat fewer times, or split the scenario"
            self.problems.append(problem_at(place, "too-many-turns", message, hint=hint))
        return True

    def _gated(self, entry: Repeat | Use, around: Around, body: Nodes) -> Nodes:
        if not (entry.when or entry.unless):
            return body
        return (Gate(_unit(entry, around, "when", _turn_of(entry, _label("when", entry))), body),)

    def _fork(self, entry: Choose, around: Around) -> Fork:
        made = _unit(entry, around, "choose", _turn_of(entry, entry.name or _label("choose", entry)))
        branches = [
            (outcome, self.nodes(turns_of(choice), _inside(around, label)))
            for (outcome, choice), label in zip(taken_of(entry), ways_of(made.turn, entry), strict=True)
        ]
        return Fork(made, tuple(branches))

    def _passes(self, entry: Repeat, around: Around) -> Nodes:
        spec, before = entry.repeat, self.made
        body = self.nodes(entry.turns, around)
        tests: Nodes = ()
        if spec.until:
            tests = (Leaf(_unit(entry, around, "until", _turn_of(entry, _label("until", entry)))),)
        count = spec.times or spec.at_most or 1
        self.made += len(tests)
        if self._too_many((self.made - before) * (count - 1), entry.place):
            count = 1
        bodies = [_again(body, number) for number in range(1, count + 1)]
        each = [unit for number in range(1, count + 1) for unit in units_of(_again(tests, number))]
        return (Passes(tuple(bodies), tuple(each)),)

    def _used(self, entry: Use, around: Around) -> Nodes:
        fragment, path = self._fragment(entry)
        if fragment is None or path in around.files:
            message = f"'{entry.use}' is no fragment" if fragment is None else f"'{entry.use}' uses itself"
            kind = "unknown-fragment" if fragment is None else "fragment-cycle"
            self.problems.append(problem_at(entry.place.child("use"), kind, message))
            return ()
        given = fragment.bound(entry.with_)
        inside = replace(around, frames=(*around.frames, given), files=(*around.files, path))
        return self.nodes(fragment.turns, inside)

    def _fragment(self, entry: Use) -> tuple[Fragment | None, str]:
        path = _whole_path(entry, entry.use)
        return next(
            (
                (fragment, path)
                for fragment in self.fragments.values()
                if path == _whole_path(fragment, PurePosixPath(fragment.path).name)
            ),
            (None, path),
        )


def outcomes_of(block: Choose) -> Iterator[tuple[str, Choice]]:
    """The branches, each with the word of the decision for it: its number, or `otherwise`."""
    for number, choice in enumerate(block.choose, start=1):
        yield (str(number) if choice.otherwise is None else "otherwise"), choice


def taken_of(block: Choose) -> list[tuple[str, Choice]]:
    """The same without an `otherwise: fail`, which leads nowhere."""
    return [each for each in outcomes_of(block) if each[1].otherwise != "fail"]


def ways_of(turn: Turn, block: Choose) -> tuple[str, ...]:
    """What reports call the branches that lead somewhere."""
    return tuple(f"{turn.name}: {outcome}" for outcome, _ in taken_of(block))


def _whole_path(source: Model, written: str) -> str:
    return os.path.normpath(source.file(written))


def _inside(around: Around, label: str) -> Around:
    return replace(around, branch=(*around.branch, label))


def _unit(entry: Choose | Repeat | Together | Use, around: Around, role: Role, turn: Turn) -> Unit:
    conditional = role != "until"
    return Unit(
        turn,
        around,
        role,
        block=entry,
        when=entry.when if conditional else (),
        unless=entry.unless if conditional else (),
    )


def _turn_of(entry: Choose | Repeat | Together | Use, name: str) -> Turn:
    """What a block has in common with a turn, in its place."""
    shared = ("budget", "patience", "reply_ends_after")
    turn = Turn(turn=name, **{key: value for key in shared if (value := getattr(entry, key, None))})
    turn._place = entry.place  # noqa: SLF001 # it stands where the block is written
    return turn


def _label(word: str, entry: Choose | Repeat | Together | Use) -> str:
    name = getattr(entry, "name", None)
    if name:
        return str(name)
    source = entry.repeat if isinstance(entry, Repeat) and word == "until" else entry
    key = "unless" if word == "when" and not entry.when else word
    return f"{word} (line {source.key_span(key).line})"


def _again(nodes: Nodes, number: int) -> Nodes:
    """The same turns in another pass."""
    return tuple(_node_again(node, number) for node in nodes)


def _node_again(node: Node, number: int) -> Node:
    match node:
        case Leaf():
            return Leaf(_unit_again(node.unit, number))
        case Fork():
            branches = tuple((outcome, _again(branch, number)) for outcome, branch in node.branches)
            return Fork(_unit_again(node.unit, number), branches)
        case Passes():
            tests = tuple(_unit_again(unit, number) for unit in node.tests)
            return Passes(tuple(_again(body, number) for body in node.bodies), tests)
        case Gate():
            return Gate(_unit_again(node.unit, number), _again(node.body, number))
        case _:
            assert_never(node)


def _unit_again(unit: Unit, number: int) -> Unit:
    return replace(unit, passes=(*unit.passes, number), first=unit.original)
