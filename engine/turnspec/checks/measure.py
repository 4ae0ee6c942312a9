"""Times taken from evidence, each with its error bar, its state and its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from turnspec.checks import measure_answers, measure_call_times, measure_speech
from turnspec.checks.measure_readings import Reading
from turnspec.checks.scene import Scene, TurnScene
from turnspec.plan.model import Limit
from turnspec.results import Measurement, State

OF_SPEECH: Final = frozenset(
    {"response", "first_response", "turn", "greeting", "barge_in", "speech", "gap", "overlap", "underrun"}
)
"""Times that begin or end where the agent's speech does."""

ANSWERS: Final = frozenset({"response", "first_audio", "first_response", "function_call", "turn"})
"""Times that count from what the caller said."""

TurnRule: TypeAlias = Callable[[Scene, TurnScene, int], Iterable[Reading]]
CallRule: TypeAlias = Callable[[Scene, int], Reading]


def as_late_as(
    late_between: Callable[[int, int], int] | None, lateness_us: int, measurements: tuple[Measurement, ...]
) -> tuple[Measurement, ...]:
    """The measurements with the error bars of how late the engine was just then, in place of `lateness_us`.

    Where that is not known (None), they stay as they are.
    """
    if late_between is None:
        return measurements
    return tuple(
        replace(each, error_us=each.error_us - lateness_us + late_between(each.from_us, each.to_us))
        if each.error_us and each.from_us is not None and each.to_us is not None
        else each
        for each in measurements
    )


def measure_turn(scene: Scene, turn: TurnScene, lateness_us: int) -> tuple[Measurement, ...]:
    """Everything that can be timed in a turn, and everything that is limited there."""
    limits = _limits(turn)
    return tuple(
        measurement
        for name, rule in TURN_RULES.items()
        for measurement in _held(name, rule(scene, turn, lateness_us), limits, turn.index, scene)
    )


def _limits(turn: TurnScene) -> Mapping[str, Limit]:
    """What limits a turn's times: inherited limits of answers do not, where the caller only kept silent."""
    limits = turn.plan.limits
    if not turn.waited:
        return limits
    return {name: limit for name, limit in limits.items() if limit.required or name not in ANSWERS}


def measure_call(scene: Scene, lateness_us: int) -> tuple[Measurement, ...]:
    """The same for the call as a whole."""
    return tuple(
        measurement
        for name, rule in CALL_RULES.items()
        for measurement in _held(name, [rule(scene, lateness_us)], scene.plan.limits, None, scene)
    )


def _held(
    name: str, readings: Iterable[Reading], limits: Mapping[str, Limit], turn: int | None, scene: Scene
) -> Iterator[Measurement]:
    limit = limits.get(name)
    for reading in readings:
        taken = reading.state in {State.MEASURED, State.CENSORED}
        if limit is None and not taken:
            continue
        # A budget inherited from elsewhere does not apply where there is nothing to time.
        inherited = limit is not None and not limit.required
        yield Measurement(
            name=name,
            state=reading.state if taken or not inherited else State.NOT_APPLICABLE,
            value_us=reading.value_us,
            error_us=reading.error_us,
            limit_us=limit.us if limit else None,
            required=bool(limit and limit.required),
            turn=turn,
            from_us=reading.from_us,
            to_us=reading.to_us,
            span=limit.span if limit else None,
            why=reading.why,
            # A time of texts has no error bar, and no engine was asked about it.
            engine=scene.voicing.told if name in OF_SPEECH and reading.error_us else "",
        )


TURN_RULES: Final[Mapping[str, TurnRule]] = {
    "response": measure_answers.response,
    "first_response": measure_answers.first_response,
    "first_audio": measure_answers.first_audio,
    "function_call": measure_answers.function_call,
    "function_return": measure_answers.function_return,
    "barge_in": measure_speech.barge_in,
    "turn": measure_answers.turn_length,
    "speech": measure_speech.speech,
    "gap": measure_speech.gap,
    "overlap": measure_speech.overlap,
    "underrun": measure_speech.underrun,
}
CALL_RULES: Final[Mapping[str, CallRule]] = {
    "connect": measure_call_times.connect,
    "greeting": measure_call_times.greeting,
    "call": measure_call_times.call_length,
}
