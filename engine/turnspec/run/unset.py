"""What the files of a run need of the environment, and do not find there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from turnspec.dsl.names import Text, texts_of
from turnspec.dsl.problems import Problem, in_reading_order, problem_at
from turnspec.dsl.templates import names
from turnspec.dsl.texts import texts_of_call, texts_of_condition, texts_of_turn
from turnspec.plan import CallPlan
from turnspec.run.case import Case


def unset_variables(cases: Iterable[Case]) -> tuple[Problem, ...]:
    """A problem for every place where a variable of the environment is used that is not set."""
    found: list[Problem] = []
    for case in cases:
        texts = chain(
            texts_of_call(case.plan.scenario, case.target, case.script),
            _texts_of_turns(case.plan),
            case.engine_texts,
        )
        found += (problem for problem in unset_in(texts, case.environment) if problem not in found)
    return in_reading_order(found)


def _texts_of_turns(plan: CallPlan) -> Iterator[Text]:
    """The texts of all turns of a call, those of fragments and what they are given, too."""
    for planned in plan.turns:
        yield from texts_of_turn(planned.turn)
        for condition in (*planned.conditions, *planned.unless):
            yield from texts_of_condition(condition)
        for frame in planned.frames:
            yield from texts_of(frame, planned.turn.place)


def unset_in(texts: Iterable[Text], environment: Collection[str]) -> Iterator[Problem]:
    """A problem for each of these texts that uses a variable that is not in the environment."""
    for text, place in texts:
        for name in sorted(names(text)):
            root, _, variable = name.partition(".")
            if root == "env" and variable not in environment:
                message = f"the environment variable {variable} is not set, and it is needed here"
                hint = f"set it where turnspec is started: export {variable}=..."
                yield problem_at(place, "unset-variable", message, hint=hint)
