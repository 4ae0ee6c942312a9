"""What can be run as it is written, but hardly means what its author meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from turnspec.call import Capability
from turnspec.dsl.flow import Entry, plain_turns, turns_of, uses
from turnspec.dsl.models import (
    Choose,
    Condition,
    Expect,
    Fragment,
    Model,
    Place,
    Repeat,
    Scenario,
    Turn,
    Use,
)
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.templates import is_template, names
from turnspec.dsl.texts import texts_of_entries, texts_of_functions
from turnspec.plan.setting import Setting

_OF_FUNCTIONS: Final = frozenset({"function_call", "function_return"})
_OF_SPEECH: Final = frozenset({"first_audio", "speech", "gap", "overlap", "underrun", "barge_in"})


def warnings_of(scenario: Scenario, setting: Setting) -> Iterator[Problem]:
    """What is never run, taken, used, measured or heard."""
    found = (
        *_never_taken((*scenario.setup, *scenario.turns, *scenario.teardown)),
        *_unused_names(scenario, setting.fragments),
        *_unused_parameters(scenario, setting.fragments),
        *_unmeasured(scenario, setting),
        *_unheard(scenario, setting),
    )
    yield from (replace(problem, warning=True) for problem in found)


def _inside(entry: Entry) -> list[Sequence[Entry]]:
    match entry:
        case Choose():
            return [turns_of(choice) for choice in entry.choose]
        case Repeat():
            return [entry.turns]
        case _:
            return []


def _fragment(use: Use, fragments: Mapping[str, Fragment]) -> Fragment | None:
    path = use.file(use.use).resolve()
    return next((each for each in fragments.values() if _path_of(each) == path), None)


def _path_of(fragment: Fragment) -> object:
    table = fragment.place.table
    return (table.folder / table.file.rpartition("/")[2]).resolve()


def _never_taken(entries: Iterable[Entry]) -> Iterator[Problem]:
    for entry in entries:
        yield from _contradictions(entry)
        if isinstance(entry, Choose):
            yield from _hidden_branches(entry)
        for inner in _inside(entry):
            yield from _never_taken(inner)


def _contradictions(entry: Entry) -> Iterator[Problem]:
    if entry.unless and all(each in entry.when for each in entry.unless):
        message = "this is never run: `unless` leaves it out whenever `when` holds"
        hint = "take one of the two out"
        yield problem_at(entry.place.child("unless"), "never-run", message, hint=hint, key=True)


def _hidden_branches(choose: Choose) -> Iterator[Problem]:
    for number, choice in enumerate(choose.choose):
        if choice.otherwise is not None:
            continue
        for before in choose.choose[:number]:
            if before.when and all(each in choice.when for each in before.when):
                message = "this branch is never taken: whenever it could be, an earlier one is"
                line = before.span_of("when").line
                hint = f"the branch in line {line} asks for the same, or for less; put this one before it"
                yield problem_at(choice.place.child("when"), "never-taken", message, hint=hint, key=True)
                break


def _unused_names(scenario: Scenario, fragments: Mapping[str, Fragment]) -> Iterator[Problem]:
    entries = (*scenario.setup, *scenario.turns, *scenario.teardown)
    reached = _with_fragments(entries, fragments)
    if any(expect is not None and expect.check for expect in (turn.expect for turn in plain_turns(reached))):
        return  # a check in Python is told all variables
    used = _used(reached, [text for text, _ in texts_of_functions(scenario.functions)])
    for name in scenario.variables:
        if name not in used:
            yield _unused(f"no turn uses the variable '{name}'", scenario.place.child("variables", name))
    for name in scenario.examples[0] if scenario.examples else ():
        if name not in used:
            message = f"no turn uses '{name}': the calls of all rows are alike in it"
            yield _unused(message, scenario.place.child("examples", 0, name))


def _unused_parameters(scenario: Scenario, fragments: Mapping[str, Fragment]) -> Iterator[Problem]:
    for fragment in _used_fragments((*scenario.setup, *scenario.turns, *scenario.teardown), fragments):
        used = _used(_with_fragments(fragment.turns, fragments), [])
        for number, name in enumerate(fragment.parameters):
            if name not in used:
                step = name if isinstance(fragment.parameters, dict) else number
                message = f"no turn of this fragment uses the parameter '{name}'"
                yield _unused(message, fragment.place.child("parameters", step))


def _unused(message: str, place: Place) -> Problem:
    hint = "write {{ name }} where it is meant, or take it out"
    return problem_at(place, "unused-name", message, hint=hint, key=True)


def _used(entries: Iterable[Entry], others: Iterable[str]) -> frozenset[str]:
    """The names that templates and conditions among these use, without what is behind their dots."""
    entries = list(entries)
    texts = [*(text for text, _ in texts_of_entries(entries)), *others]
    named = {name for text in texts if is_template(text) for name in names(text)}
    asked = {name for condition in _conditions(entries) for name in condition.variables}
    return frozenset({name.partition(".")[0] for name in named} | asked)


def _conditions(part: object) -> Iterator[Condition]:
    match part:
        case str() | None | Expect():  # most of what there is, and none of it has any
            return
        case Condition():
            yield part
        case Model():
            for name in type(part).model_fields:
                yield from _conditions(getattr(part, name))
        case list() | tuple():
            for each in part:
                yield from _conditions(each)
        case _:
            return


def _with_fragments(entries: Iterable[Entry], fragments: Mapping[str, Fragment]) -> list[Entry]:
    entries = list(entries)
    return [*entries, *(turn for each in _used_fragments(entries, fragments) for turn in each.turns)]


def _used_fragments(entries: Iterable[Entry], fragments: Mapping[str, Fragment]) -> list[Fragment]:
    """The fragments that these use, and those that they use, each once."""
    found: list[Fragment] = []
    waiting = list(uses(entries))
    while waiting:
        fragment = _fragment(waiting.pop(0), fragments)
        if fragment is not None and not any(fragment is each for each in found):
            found.append(fragment)
            waiting += uses(fragment.turns)
    return found


def _unmeasured(scenario: Scenario, setting: Setting) -> Iterator[Problem]:
    turns = list(scenario.plain_turns())
    interrupted = any(_interrupts(turn) for turn in turns) or any(True for _ in _uses_of(scenario))
    for name in scenario.budgets.names():
        lacking = _why_not(name, setting, interrupted=interrupted)
        if lacking:
            yield _never_measured(name, scenario.budgets.place.child(name), lacking)
    for turn in turns:
        for name in turn.budget.names():
            lacking = _why_not(name, setting, interrupted=_interrupts(turn))
            if lacking:
                yield _never_measured(name, turn.budget.place.child(name), lacking)


def _uses_of(scenario: Scenario) -> Iterator[Use]:
    return uses((*scenario.setup, *scenario.turns, *scenario.teardown))


def _why_not(name: str, setting: Setting, *, interrupted: bool) -> str:
    if name in _OF_SPEECH and not setting.can(Capability.AUDIO):
        return "calls like this carry no sound"
    if name in _OF_FUNCTIONS and setting.calls is None:
        return "nobody tells which functions this target calls"
    if name == "barge_in" and not interrupted:
        return "nothing here interrupts the agent"
    return ""


def _never_measured(name: str, place: Place, why: str) -> Problem:
    message = f"nothing measures '{name}' here: {why}"
    hint = "take it out" if name != "barge_in" else "take it out, or let the caller `interrupt`"
    return problem_at(place, "never-measured", message, hint=hint, key=True)


def _interrupts(turn: Turn) -> bool:
    return any(getattr(action, "interrupt", None) is not None for action in turn.caller)


def _unheard(scenario: Scenario, setting: Setting) -> Iterator[Problem]:
    if scenario.caller.line is not None and setting.capabilities.caller_format is None:
        message = f"nothing of this line is heard: calls like this, over {setting.protocol}, carry no sound"
        hint = "take it out, or call a target with sound"
        yield problem_at(scenario.caller.place.child("line"), "never-heard", message, hint=hint, key=True)
