"""One scenario, many cases: one for each row of its examples, and each run of `repeat_run`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import regex
from pydantic import JsonValue

from turnspec.call import Identity
from turnspec.doubles.agent import leaves_to_chance
from turnspec.dsl.models import AgentScript, Scenario
from turnspec.dsl.problems import Problem, problem_at
from turnspec.plan.model import CallPlan

LONGEST_VALUE: Final = 32
LONGEST_SLUG: Final = 60
DIGEST: Final = 8


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one row of the examples, and what it is called; no name where there are no examples."""

    values: Mapping[str, JsonValue] = field(default_factory=dict)
    label: str = ""


def rows_of(scenario: Scenario) -> tuple[Row, ...]:
    """A row for each case; rows that read the same are numbered."""
    if not scenario.examples:
        return (Row(),)
    labels = [_label(values) for values in scenario.examples]
    seen: Counter[str] = Counter()
    rows = []
    for values, label in zip(scenario.examples, labels, strict=True):
        seen[label] += 1
        rows.append(Row(values, f"{label} #{seen[label]}" if seen[label] > 1 else label))
    return tuple(rows)


def _label(values: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{name}={_shown(value)}" for name, value in values.items())


def _shown(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a scenario and the folder of its evidence."""

    plan: CallPlan
    slug: str


def chosen_runs(plan: CallPlan, slugs: Slugs, match: str) -> tuple[Run, ...]:
    """The runs of a plan whose name has this text; all of them, if the name of all has it."""
    runs = [Run(run, slugs.of(run.name)) for run in runs_of(plan)]
    whole = matches(name_of_all(plan), match)
    return tuple(run for run in runs if whole or matches(run.plan.name, match))


def matches(name: str, text: str) -> bool:
    """Whether a name has this text, whatever its case."""
    return text.casefold() in name.casefold()


def equal_runs(scenario: Scenario, script: AgentScript | None) -> tuple[Problem, ...]:
    """Why it is of no use to make a call again in virtual time, where nothing of it is left to chance."""
    line = scenario.caller.line
    if (line is not None and line.seeded) or (script is not None and leaves_to_chance(script)):
        return ()
    hint = "leave something to chance (caller: {line: {loss: 1 %}}, timing or chance in the agent script)"
    if scenario.repeat_run is not None:
        message = "in virtual time all these runs would be the same: nothing in them is left to chance"
        place, force = scenario.place.child("repeat_run"), ", or make them all the same with --force"
        return (problem_at(place, "equal-runs", message, hint=f"{hint}{force}", key=True),)
    if scenario.retries:
        message = "in virtual time it would only fail again: nothing in this call is left to chance"
        told = problem_at(scenario.place.child("retries"), "equal-attempts", message, hint=hint, key=True)
        return (replace(told, warning=True),)
    return ()


def runs_of(plan: CallPlan) -> tuple[CallPlan, ...]:
    """The plan of each run: the only one, or as many as `repeat_run` wants."""
    repeat = plan.scenario.repeat_run
    if repeat is None:
        return (plan,)
    return tuple(
        again(plan, f"run {number}", f"{plan.name} ({number} of {repeat.times})")
        for number in range(1, repeat.times + 1)
    )


def name_of_all(plan: CallPlan) -> str:
    """The name of the case that all runs of a plan count in."""
    repeat = plan.scenario.repeat_run
    return plan.name if repeat is None else f"{plan.name} (all {repeat.times})"


def again(plan: CallPlan, which: str, name: str = "") -> CallPlan:
    """The same call once more: whatever is drawn in it is drawn anew."""
    identity = Identity(f"{plan.identity.seed}/{which}")
    return replace(plan, name=name or plan.name, identity=identity, again=which)


class Slugs:
    """Names of folders: each is given once, and does not depend on which other cases are selected."""

    def __init__(self, mask: Callable[[str], str] | None) -> None:
        self._mask = mask or str
        self._given: set[str] = set()

    def of(self, name: str) -> str:
        """A folder for the case of this name."""
        readable = regex.sub(r"[^a-z0-9]+", "-", self._mask(name).casefold()).strip("-")
        base = readable if len(readable) <= LONGEST_SLUG else _cut(readable)
        slug = next(slug for slug in _numbered(base or "case") if slug not in self._given)
        self._given.add(slug)
        return slug


def _cut(readable: str) -> str:
    """As much of a long name as fits, told apart by all of it."""
    digest = hashlib.sha256(readable.encode()).hexdigest()[:DIGEST]
    return f"{readable[: LONGEST_SLUG - DIGEST - 1].rstrip('-')}-{digest}"


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
