"""Functions that are declared in YAML, run in the agent's place."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from turnspec.checks.matching import match_value, rendered
from turnspec.doubles.agent.reply import FunctionCall, FunctionResult
from turnspec.dsl import Duration, FunctionCase, FunctionSpec

Render = Callable[[JsonValue], JsonValue]


def _as_it_is(value: JsonValue) -> JsonValue:
    return value


def run_function(
    spec: FunctionSpec | None, name: str, arguments: str, number: int, render: Render = _as_it_is
) -> FunctionResult:
    """What a declared function gives back for `arguments` (JSON text), called for the `number`th time from 0.

    A function that is not declared, arguments that are not JSON, and arguments for which no case holds
    give an `error`, as a function of a real bridge would.
    """
    if spec is None:
        return _error(f"there is no function {name}", None)
    try:
        given: JsonValue = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return _error(f"the arguments of {name} are not JSON", spec.takes)
    if spec.returns_in_turn:
        last = len(spec.returns_in_turn) - 1
        return _value(render(spec.returns_in_turn[min(number, last)]), spec.takes)
    for case in spec.returns:
        if case.when is None or match_value(given, rendered(case.when, render)).holds:
            return _answer(case, case.takes or spec.takes, render)
    if spec.returns:
        return _error(f"no case of {name} holds for these arguments", spec.takes)
    return _value(None, spec.takes)


class DeclaredFunctions:
    """The functions of one call, which count how often each was called."""

    def __init__(self, specs: Mapping[str, FunctionSpec]) -> None:
        self._specs = dict(specs)
        self._times: Counter[str] = Counter()

    @property
    def names(self) -> frozenset[str]:
        """The functions that there are."""
        return frozenset(self._specs)

    def run(self, call: FunctionCall, render: Render) -> FunctionResult:
        """What this call of it gives back."""
        return self.run_text(call.name, json.dumps(dict(call.arguments)), render)

    def run_text(self, name: str, arguments: str, render: Render) -> FunctionResult:
        """The same for arguments as they came, which may be no JSON."""
        number = self._times[name]
        self._times[name] += 1
        return run_function(self._specs.get(name), name, arguments, number, render)


def _answer(case: FunctionCase, takes: Duration | None, render: Render) -> FunctionResult:
    if case.error is not None:
        return _error(str(render(case.error)), takes)
    return _value(render(case.returns), takes)


def _error(reason: str, takes: Duration | None) -> FunctionResult:
    return _value({"error": reason}, takes)


def _value(value: JsonValue, takes: Duration | None) -> FunctionResult:
    return FunctionResult(json.dumps(value, ensure_ascii=False), takes.us if takes else 0)
