"""Measurements that break their limit, as findings of the budget's own name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from turnspec.checks import shown
from turnspec.dsl import Span
from turnspec.results import Finding, Judged, Measurement, State, Status

SENTENCES: Final = {
    "connect": "The call was up {value} after dialling",
    "greeting": "The agent began to speak {value} after the call was up",
    "response": "Answered after {value}",
    "first_response": "The agent's first words came after {value}",
    "first_audio": "The first audio of the reply came after {value}",
    "function_call": "{what} was called {value} after the caller's end",
    "function_return": "{what} gave back its output {value} after it was called",
    "barge_in": "The agent stopped {value} after the caller began to talk over it",
    "turn": "The reply was over {value} after the caller's end",
    "speech": "The agent spoke for {value}",
    "gap": "The agent was silent for {value} inside its reply",
    "overlap": "Caller and agent spoke at once for {value}",
    "underrun": "Nothing was left to play for {value} inside the reply",
    "call": "The call took {value}",
}


def over_limits(measurements: Iterable[Measurement], span: Span | None) -> Iterator[Finding]:
    """A finding for each measurement that fails; `span` is where it stands if its limit has no place."""
    for measurement in measurements:
        if measurement.fails:
            yield _finding(measurement, measurement.span or span)


def value_of(measurement: Measurement) -> str:
    """The time with its error bar: `1,240 ms ± 15 ms`, `at least 15,000 ms`."""
    if measurement.value_us is None:
        return "not measured"
    value = shown.ms(measurement.value_us)
    if measurement.error_us:
        value += f" ± {shown.ms(measurement.error_us)}"
    return f"at least {value}" if measurement.state is State.CENSORED else value


def _finding(measurement: Measurement, span: Span | None) -> Finding:
    exceeded = measurement.judged is Judged.EXCEEDED
    limit = shown.ms(measurement.limit_us or 0)
    return Finding(
        kind=measurement.name,
        status=Status.FAILED if exceeded else Status.NOT_EXERCISED,
        message=_exceeded(measurement, limit) if exceeded else _unmeasured(measurement, limit),
        expected=f"at most {limit}",
        actual=value_of(measurement),
        turn=measurement.turn,
        at_us=measurement.to_us,
        span=span,
        details=_from_to(measurement),
    )


def _exceeded(measurement: Measurement, limit: str) -> str:
    if measurement.state is State.CENSORED and measurement.name in {"response", "first_response", "greeting"}:
        return f"Not answered within {shown.ms(measurement.value_us or 0)}; the limit is {limit}."
    sentence = SENTENCES[measurement.name].format(value=value_of(measurement), what=measurement.why)
    return f"{sentence}; the limit is {limit}."


def _unmeasured(measurement: Measurement, limit: str) -> str:
    so_far = f" beyond {value_of(measurement)}" if measurement.value_us is not None else ""
    return (
        f"{measurement.name} could not be measured{so_far}: {measurement.why or 'it was not seen'}; "
        f"its limit of {limit} is written on this turn, so it must be."
    )


def _from_to(measurement: Measurement) -> tuple[str, ...]:
    if measurement.from_us is None or measurement.to_us is None:
        return ()
    return (f"from {shown.seconds(measurement.from_us)} to {shown.seconds(measurement.to_us)} of the call",)
