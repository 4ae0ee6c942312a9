"""What blocks of turns refer to, along every way that a call can take through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from turnspec.dsl.caller import HangUp
from turnspec.dsl.conditions import Condition
from turnspec.dsl.flow import Choice, Choose, Entry, Repeat, Together, Use, plain_turns, turns_of
from turnspec.dsl.fragments import Fragment
from turnspec.dsl.names import (
    RESERVED,
    Names,
    captures_of,
    captures_of_conditions,
    captures_of_turn,
    no_templates,
    place_of_capture,
    problems_of_texts,
    reserved_name,
    texts_of,
)
from turnspec.dsl.paths import Paths, joined
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.scenario import Scenario
from turnspec.dsl.spans import Place
from turnspec.dsl.turn import Turn
from turnspec.dsl.turn_references import References

MOST_LEVELS: Final = 10
"""How deep blocks and fragments may lie in one another."""
_MOST_ENTRIES = 5_000
"""Where the analysis gives up: no call may have nearly as many turns, which is said when it is planned."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where an item stands: the names around it, the fragments it lies in, and how deep it lies."""

    names: Names
    files: tuple[str, ...] = ()
    via: Use | None = None
    level: int = 0

    def deeper(self) -> _Scope:
        return replace(self, level=self.level + 1)


def problems_of_flow(scenario: Scenario, names: Names, references: References) -> Iterator[Problem]:
    """What is wrong with all that the turns of a scenario refer to, those of its fragments too."""
    walk = _Walk(references, scenario)
    scope = _Scope(names)
    before = walk.entries(scenario.setup, Paths(), scope)
    after = walk.entries(scenario.turns, before, scope)
    if scenario.teardown:
        walk.entries(scenario.teardown, _at_teardown(before, after), scope)
    yield from walk.problems


def problems_of_fragment(fragment: Fragment, references: References) -> Iterator[Problem]:
    """What is wrong with a fragment wherever it is used."""
    walk = _Walk(references, None)
    scope = _Scope(Names(complete=False), (fragment.path,))
    for number, name in enumerate(fragment.parameters):
        if name in RESERVED:
            step = name if isinstance(fragment.parameters, dict) else number
            place = fragment.place.child("parameters", step)
            yield reserved_name(name, place, key=isinstance(step, str))
    yield from no_templates([(fragment.name, fragment.place.child("fragment"))], "the name of a fragment")
    walk.entries(fragment.turns, Paths(known=False), scope)
    yield from walk.problems


def _at_teardown(before: Paths, after: Paths) -> Paths:
    """What is sure in the end: a call may get there from any turn, once it is set up."""
    why = (
        "teardown is run however the turns went, so what they capture is not sure there: "
        "capture it in `setup`, or give it a value under `variables:`"
    )
    lost = dict.fromkeys(sorted((after.bound | set(after.partly)) - before.bound), why)
    return replace(before, partly={**before.partly, **lost}, known=before.known and after.known, goes_on=True)


class _Walk:
    def __init__(self, references: References, scenario: Scenario | None) -> None:
        self.references = references
        self.known = references.known
        self.scenario = scenario
        self.problems: list[Problem] = []
        self.visited = 0
        self.caught: dict[str, str] = {}  # what was captured on any way, and where

    def entries(self, entries: Iterable[Entry], paths: Paths, scope: _Scope) -> Paths:
        """Where all ways lead through these items."""
        for entry in entries:
            self.visited += 1
            if self.visited > _MOST_ENTRIES:
                return replace(paths, known=False)
            paths = self._conditional(entry, paths, scope) if _asks(entry) else self._one(entry, paths, scope)
        return paths

    def _one(self, entry: Entry, paths: Paths, scope: _Scope) -> Paths:
        if isinstance(entry, Turn):
            return self._turn(entry, paths, scope)
        if scope.level >= MOST_LEVELS:
            message = f"these turns lie deeper than {MOST_LEVELS} levels in one another"
            hint = "put some of them one after the other"
            self.problems.append(problem_at(entry.place, "too-deep", message, hint=hint))
            return replace(paths, known=False)
        match entry:
            case Choose():
                return self._choose(entry, paths, scope.deeper())
            case Repeat():
                return self._repeat(entry, paths, scope.deeper())
            case Together():
                return self._together(entry, paths, scope)
            case Use():
                return self._use(entry, paths, scope.deeper())

    def _conditional(self, entry: Entry, paths: Paths, scope: _Scope) -> Paths:
        """An item under conditions: what it captures has a value where they hold."""
        self._conditions((*entry.when, *entry.unless), paths, scope, entry)
        caught = captures_of_conditions(entry.when)
        if caught:
            self._catch(caught, entry)
        inside = replace(paths, bound=paths.names(entry.when, entry.unless)).binding(caught)
        after = self._one(entry, inside, scope)
        if not any(each.variables or each.reply for each in (*entry.when, *entry.unless)):
            # Whether the call supports something is known before it: the plan tells what is lacking then.
            return replace(after, goes_on=True)
        why = f"it is captured in {_called(entry)}, which is run under a condition: write the same one here"
        result = paths.perhaps(after.bound - inside.bound | caught, (entry.when, entry.unless), why)
        partly = {**after.partly, **result.partly}
        return replace(result, partly=partly, known=paths.known and after.known)

    def _turn(self, turn: Turn, paths: Paths, scope: _Scope) -> Paths:
        names = self._names(paths, scope, turn)
        caught = captures_of_turn(turn)
        self._fixed(turn.name, turn.place)
        self.problems.extend(self.references.of_turn(turn, names, captures_of(turn.expect)))
        if caught:
            self._catch(caught, turn)
        if turn.save:
            self._saved(turn)
        paths = paths.binding(caught)
        return paths.ended() if _hangs_up(turn) else paths

    def _saved(self, turn: Turn) -> None:
        """Report names that a turn both captures and saves: which value they get would be a guess."""
        for name in sorted(captures_of(turn.expect).intersection(turn.save)):
            message, hint = f"this turn captures '{name}' already", "give one of them another name"
            place = turn.place.child("save", name)
            self.problems.append(problem_at(place, "clash", message, hint=hint, key=True))

    def _choose(self, choose: Choose, paths: Paths, scope: _Scope) -> Paths:
        self._fixed(choose.name, choose.place)
        ways = []
        for number, choice in enumerate(choose.choose, start=1):
            self._conditions(choice.when, paths, scope, choose)
            caught = captures_of_conditions(choice.when)
            self._catch(caught, choice, _branch(choose, choice, number))
            after = self.entries(turns_of(choice), paths.binding(caught), scope)
            if choice.otherwise != "fail":
                ways.append((after, _branch(choose, choice, number)))
        return joined(paths, ways)

    def _repeat(self, repeat: Repeat, paths: Paths, scope: _Scope) -> Paths:
        after = self.entries(repeat.turns, paths, scope)
        until = repeat.repeat.until
        self._conditions(until, after, scope, repeat)
        caught = captures_of_conditions(until)
        self._catch(caught, repeat)
        if repeat.repeat.otherwise == "continue":
            why = f"it is captured by the `until` in line {_line(repeat)}, which need not hold in the end"
            return after.perhaps(caught, (until, ()), why)
        return after.binding(caught)

    def _together(self, together: Together, paths: Paths, scope: _Scope) -> Paths:
        names = self._names(paths, scope, together)
        self._fixed(together.name, together.place)
        caught: frozenset[str] = frozenset()
        for part in together.together:
            self._fixed(part.name, part.place)
            self.problems.extend(self.references.of_expect(part.expect, names))
            caught |= captures_of(part.expect)
        self._catch(caught, together)
        return paths.binding(caught)

    def _use(self, use: Use, paths: Paths, scope: _Scope) -> Paths:
        names = self._names(paths, scope, use)
        self.problems.extend(problems_of_texts(texts_of(use.with_, use.place.child("with")), names))
        fragment = self._fragment(use)
        if fragment is None:
            return replace(paths, known=False)
        self.problems.extend(_problems_of_values(use, fragment))
        if fragment.path in scope.files:
            self._ring(use, (*scope.files[scope.files.index(fragment.path) :], fragment.path))
            return replace(paths, known=False)
        given = scope.names.with_words(frozenset(fragment.parameters))
        inside = _Scope(given, (*scope.files, fragment.path), use, scope.level)
        return self.entries(fragment.turns, paths, inside)

    def _fragment(self, use: Use) -> Fragment | None:
        place = use.place.child("use")
        wrong = list(self.known.files.problems(use.use, place, "a fragment"))
        self.problems.extend(wrong)
        fragment = self.known.fragment(use)
        if fragment is None and not wrong and not self.known.is_broken(use, use.use):
            message = f"'{use.use}' is not a fragment"
            hint = "a file of turns to be used begins with `fragment: its name`, and has `turns:`"
            self.problems.append(problem_at(place, "not-a-fragment", message, hint=hint))
        return fragment

    def _ring(self, use: Use, ring: tuple[str, ...]) -> None:
        # Each fragment is looked at by itself: the first of the ring, by its path, tells of it.
        if self.scenario is None and ring[0] == min(ring):
            way = " > ".join(ring)
            message = (
                f"this fragment would contain itself: {way}" if len(ring) > 2 else "this fragment uses itself"
            )
            hint = "write `repeat` to do something again"
            self.problems.append(problem_at(use.place.child("use"), "fragment-ring", message, hint=hint))

    def _conditions(self, conditions: Sequence[Condition], paths: Paths, scope: _Scope, entry: Entry) -> None:
        for condition in conditions:
            if condition.variables or condition.reply is not None:
                names = self._names(paths, scope, entry)
                self.problems.extend(self.references.of_condition(condition, names))

    def _names(self, paths: Paths, scope: _Scope, entry: Entry) -> Names:
        """The names that are bound here, and what to say of others."""

        def explained(name: str) -> tuple[str, str] | None:
            if name in RESERVED:
                return None
            if name in paths.partly:
                return f"'{name}' has no value on some of the ways that lead here", paths.partly[name]
            if name in self.caught:
                hint = f"it is captured in {self.caught[name]}, but no way leads from there to here"
                return f"nothing gives '{name}' a value on the way here", hint
            if scope.via is not None:
                hint = f"used in {scope.via.span}: make it a parameter, and give it there below `with`"
                return f"nothing gives '{name}' a value in this fragment", hint
            return self._later(name, entry)

        names = scope.names
        words = names.words | paths.bound if paths.bound else names.words
        return Names(words, names.dotted, explained, names.complete and paths.known)

    def _later(self, name: str, entry: Entry) -> tuple[str, str] | None:
        if self.scenario is None:
            return None
        inside = {id(turn) for turn in plain_turns([entry])}
        begun = False
        for title, turn in zip(self.scenario.titles(), self.scenario.plain_turns(), strict=True):
            begun = begun or id(turn) in inside
            if begun and name in captures_of_turn(turn):
                here = "this turn" if turn is entry else f"'{title}', which comes later"
                return "", f"it is captured in {here}: use it in a turn after that"
        return None

    def _fixed(self, name: str | None, place: Place) -> None:
        if name is not None:
            self.problems.extend(no_templates([(name, place.child("turn"))], "this"))

    def _catch(self, caught: frozenset[str], source: Entry | Choice, where: str = "") -> None:
        for name in sorted(caught):
            self.caught.setdefault(name, where or _called(source))
            if name in RESERVED:
                place, key = place_of_capture(name, source)
                self.problems.append(reserved_name(name, place, key=key))


def _asks(entry: Entry) -> bool:
    return bool(entry.when or entry.unless)


def _problems_of_values(use: Use, fragment: Fragment) -> Iterator[Problem]:
    """What is wrong with the values that a fragment is given."""
    for name in use.with_:
        if name not in fragment.parameters:
            near = nearest(name, fragment.parameters)
            has = f"it has: {', '.join(fragment.parameters)}" if fragment.parameters else "it has none"
            message = f"the fragment '{fragment.name}' has no parameter '{name}'"
            place = use.place.child("with", name)
            hint = "" if near else has
            yield problem_at(place, "unknown-parameter", message, suggestion=near, hint=hint, key=True)
    lacking = [
        name for name in fragment.parameters if name not in fragment.defaults and name not in use.with_
    ]
    if lacking:
        written = ", ".join(f"{name}: ..." for name in lacking)
        message = f"the fragment '{fragment.name}' needs a value for {', '.join(lacking)}"
        hint = f"write with: {{{written}}}, or give it a default in {fragment.path}"
        yield problem_at(use.place.child("use"), "missing-parameter", message, hint=hint)


def _hangs_up(turn: Turn) -> bool:
    ends = bool(turn.caller) and isinstance(turn.caller[-1], HangUp)
    return ends or (turn.expect is not None and turn.expect.hangup is True)


def _called(entry: Entry | Choice) -> str:
    name = getattr(entry, "name", None)
    return f"'{name}'" if name else f"what begins in line {_line(entry)}"


def _branch(choose: Choose, choice: Choice, number: int) -> str:
    which = "the branch `otherwise`" if choice.otherwise is not None else f"branch {number}"
    return (
        f"{which} of {_called(choose)}" if choose.name else f"{which} of the choice in line {_line(choose)}"
    )


def _line(entry: Entry | Choice) -> int:
    return entry.span.line
