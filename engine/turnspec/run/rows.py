"""One scenario, many cases: one for each row of its examples, and each run of `repeat_run`."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

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
RESERVED: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)))
)
"""Names that Windows gives to devices, so that no folder can have them."""

Mask: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one row of the examples, and what it is called; no name where there are no examples."""

    values: Mapping[str, JsonValue] = field(default_factory=dict)
    label: str = ""


def rows_of(scenario: Scenario, mask: Mask | None = None) -> tuple[Row, ...]:
    """A row for each case; rows that read the same are numbered."""
    if not scenario.examples:
        return (Row(),)
    labels = [_label(values, mask or str) for values in scenario.examples]
    seen: Counter[str] = Counter()
    rows = []
    for values, label in zip(scenario.examples, labels, strict=True):
        seen[label] += 1
        rows.append(Row(values, f"{label} #{seen[label]}" if seen[label] > 1 else label))
    return tuple(rows)


def _label(values: Mapping[str, JsonValue], mask: Mask) -> str:
    return ", ".join(f"{name}={_shown(value, mask)}" for name, value in values.items())


def _shown(value: JsonValue, mask: Mask) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Masked before it is cut: the beginning of a secret is no longer found in what is left of it.
    line = " ".join(mask(text).split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a scenario and the folder of its evidence."""

    plan: CallPlan
    slug: str


def chosen_runs(plan: CallPlan, slugs: Slugs, match: str) -> tuple[Run, ...]:
    """The runs of a plan whose name has this text; all of them, if the name of all has it."""
    runs = [Run(run, slugs.of(run.name, plan.scenario.retries)) for run in runs_of(plan)]
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

    def __init__(self, mask: Mask | None) -> None:
        self._mask = mask or str
        self._given: set[str] = set()

    def of(self, name: str, retries: int = 0) -> str:
        """A folder for the case of this name; those of its attempts stay free as well."""
        names = (folders(slug, retries) for slug in _numbered(_readable(self._mask(name))))
        free = next(each for each in names if self._given.isdisjoint(each))
        self._given.update(free)
        return free[0]


def folders(slug: str, retries: int) -> tuple[str, ...]:
    """The folder of each attempt of a case."""
    return (slug, *(f"{slug}-attempt-{number}" for number in range(2, retries + 2)))


def _readable(name: str) -> str:
    """As much of a name as every file system takes; what does not keep all of it has a digest of it."""
    plain = regex.sub(r"\p{M}+", "", unicodedata.normalize("NFKD", name.casefold()))
    words = regex.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    lost = regex.search(r"(?![a-z0-9])[\p{L}\p{N}]", plain) is not None
    if words and not lost and words not in RESERVED and len(words) <= LONGEST_SLUG:
        return words
    digest = hashlib.sha256(plain.encode()).hexdigest()[:DIGEST]
    return f"{words[: LONGEST_SLUG - DIGEST - 1].rstrip('-') or 'case'}-{digest}"


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
