"""What functions give back, worked out as far as it can be before any call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from turnspec.dsl.models import FunctionSpec
from turnspec.dsl.names import Text, texts_of
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.templates import TemplateError, names, render


def answer_problems(functions: Mapping[str, FunctionSpec], variables: Mapping[str, Any]) -> Iterator[Problem]:
    """Templates of functions that have no outcome, whatever is called."""
    for function in functions.values():
        for text, place in _texts(function):
            if not all(name.partition(".")[0] in variables for name in names(text)):
                continue
            try:
                render(text, variables)
            except TemplateError as error:
                yield problem_at(place, error.kind, str(error), hint=error.hint)


def _texts(function: FunctionSpec) -> Iterator[Text]:
    for case in function.returns:
        yield from texts_of(case.returns, case.place.child("returns"))
        yield from texts_of(case.error, case.place.child("error"))
    yield from texts_of(function.returns_in_turn, function.place.child("returns_in_turn"))
