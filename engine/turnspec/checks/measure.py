"""Times taken from evidence, each with its error bar, its state and its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

from turnspec.audio.edges import RESOLUTION_US, Segment
from turnspec.call.events import AgentAudio, CallRefused, Dialled, ReplyRequested, Side
from turnspec.checks.scene import Act, Scene, TurnScene
from turnspec.checks.stopping import stopping
from turnspec.plan.model import Limit
from turnspec.results import Measurement, State

HALF_FRAME_US: Final = 10_000
"""What the grid of 20 ms frames leaves open about when something was sent or heard."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One time as read off the evidence, before any limit is held against it."""

    state: State
    why: str = ""
    value_us: int | None = None
    error_us: int = 0
    from_us: int | None = None
    to_us: int | None = None


ANSWERS: Final = frozenset({"response", "first_audio", "function_call", "turn"})
"""Times that count from what the caller said."""

TurnRule: TypeAlias = Callable[[Scene, TurnScene, int], Iterable[Reading]]
CallRule: TypeAlias = Callable[[Scene, int], Reading]


def error_bar(lateness_us: int) -> int:
    """How far off a time between two edges of sound may be."""
    return RESOLUTION_US + HALF_FRAME_US + lateness_us


def as_late_as(
    late_between: Callable[[int, int], int] | None, measurements: tuple[Measurement, ...]
) -> tuple[Measurement, ...]:
    """The measurements with the error bars of how late the engine was just then; None: as they are."""
    if late_between is None:
        return measurements
    return tuple(
        replace(each, error_us=error_bar(late_between(each.from_us, each.to_us)))
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
        for measurement in _held(name, rule(scene, turn, lateness_us), limits, turn.index)
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
        for measurement in _held(name, [rule(scene, lateness_us)], scene.plan.limits, None)
    )


def _held(
    name: str, readings: Iterable[Reading], limits: Mapping[str, Limit], turn: int | None
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
        )


# --- readings ----------------------------------------------------------------------------------


def _between(from_us: int, to_us: int, error_us: int, why: str = "") -> Reading:
    return Reading(State.MEASURED, why, to_us - from_us, error_us, from_us, to_us)


def _at_least(from_us: int, to_us: int, error_us: int, why: str) -> Reading:
    return Reading(State.CENSORED, why, max(0, to_us - from_us), error_us, from_us, to_us)


def _unseen(why: str) -> Reading:
    return Reading(State.NOT_EXERCISED, why)


def _not_applicable(why: str) -> Reading:
    return Reading(State.NOT_APPLICABLE, why)


def _cut_to(reading: Reading, turn: TurnScene) -> Reading:
    """Of a reply that was cut, what was seen is only a lower bound."""
    why = {"interrupted": "the caller talked over it", "cut": "the call ended first"}.get(turn.window.how)
    if why is None or reading.state is not State.MEASURED:
        return reading
    return Reading(State.CENSORED, why, reading.value_us, reading.error_us, reading.from_us, reading.to_us)


def _nothing_to_time(turn: TurnScene) -> Reading | None:
    """Why a reply's times do not exist in this turn, if so."""
    if not turn.plan.takes_reply:
        return _not_applicable("the turn takes no reply")
    if turn.act is None:
        return _not_applicable("the caller did nothing that the reply answers")
    return None


def _response(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    if (missing := _nothing_to_time(turn)) or turn.act is None:
        yield missing or _unseen("")
        return
    text_us = turn.first_text_us
    if turn.reply and (text_us is None or turn.reply[0].start_us <= text_us):
        yield _between(turn.act.end_us, turn.reply[0].start_us, error_bar(lateness_us))
    elif text_us is not None:
        yield _between(turn.act.end_us, text_us, 0)
    else:
        yield _unanswered(scene, turn, turn.act.end_us, lateness_us)


def _unanswered(scene: Scene, turn: TurnScene, since_us: int, lateness_us: int) -> Reading:
    if turn.window.how in {"replied", "interrupted"}:
        return _unseen("no speech was heard in the agent's audio")
    until = turn.window.ended_us if turn.window.ended_us is not None else scene.last_us
    return _at_least(since_us, until, error_bar(lateness_us), "no reply was heard")


def _first_audio(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    if (missing := _nothing_to_time(turn)) or turn.act is None:
        yield missing or _unseen("")
        return
    for event in scene.view.of(AgentAudio, Side.LINE):
        plays = event.at_us if event.plays_at_us is None else event.plays_at_us
        # What arrived before a flush was dropped unheard, whenever it was to be played.
        since = max(turn.act.start_us, turn.reply_from_us)
        if turn.reply_from_us <= event.at_us and since <= plays and scene.owner(event.at_us) == turn.index:
            yield _between(turn.act.end_us, plays, error_bar(lateness_us))
            return
    yield _unseen("no audio of the agent arrived")


def _function_call(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    act = turn.act
    if scene.plan.calls is None:
        yield _not_applicable("this target does not show its function calls")
    elif act is None:
        yield _not_applicable("the caller did nothing that the call answers")
    elif not turn.functions:
        yield _unseen("no function was called")
    else:
        error = error_bar(lateness_us) if act.spoken else 0
        yield from (_between(act.end_us, use.called_us, error, use.name) for use in turn.functions)


def _function_return(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    del lateness_us  # both ends are messages
    if scene.plan.calls is None:
        yield _not_applicable("this target does not show its function calls")
    elif not turn.functions:
        yield _unseen("no function was called")
    for use in turn.functions:
        if use.returned_us is None:
            yield _at_least(use.called_us, scene.last_us, 0, f"{use.name} gave nothing back")
        else:
            yield _between(use.called_us, use.returned_us, 0, use.name)


def _barge_in(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    if not turn.plan.interrupts:
        yield _not_applicable("the caller does not talk over the agent here")
        return
    stop = stopping(scene, turn)
    if stop is None:
        yield _unseen("the agent was not speaking when the caller was to talk over it")
    elif stop.call_ended:
        yield _at_least(stop.from_us, stop.stopped_us, error_bar(lateness_us), "the call ended first")
    elif stop.finished(error_bar(lateness_us)):
        yield _unseen("the agent merely finished what it had to say")
    else:
        yield _between(stop.from_us, stop.stopped_us, error_bar(lateness_us))


def _turn(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    del scene
    if (missing := _nothing_to_time(turn)) or turn.act is None:
        yield missing or _unseen("")
    elif not turn.reply:
        yield _unheard(turn)
    else:
        yield _cut_to(_between(turn.act.end_us, turn.reply[-1].end_us, error_bar(lateness_us)), turn)


def _speech(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    del scene
    if not turn.speech:
        yield _unheard(turn)
        return
    total = sum(segment.duration_us for segment in turn.speech)
    first, last = turn.speech[0].start_us, turn.speech[-1].end_us
    yield _cut_to(Reading(State.MEASURED, "", total, error_bar(lateness_us), first, last), turn)


def _gap(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    if not turn.reply:
        yield _unheard(turn)
        return
    first, last = turn.reply[0].start_us, turn.reply[-1].end_us
    speech = [part for part in scene.fine_speech if first <= part.start_us < last]
    pauses = [(one.end_us, following.start_us) for one, following in pairwise(speech)]
    begin, end = max(pauses, key=lambda pause: pause[1] - pause[0], default=(last, last))
    yield _cut_to(_between(begin, end, error_bar(lateness_us)), turn)


def _overlap(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    spoken = [act for act in turn.acts if act.spoken]
    if not spoken:
        yield _not_applicable("the caller does not speak in this turn")
        return
    both = [part for act in spoken for part in _both(act, scene.speech)]
    total = sum(segment.duration_us for segment in both)
    ends = (both[0].start_us, both[-1].end_us) if both else (None, None)
    yield Reading(State.MEASURED, "", total, error_bar(lateness_us), *ends)


def _both(act: Act, speech: tuple[Segment, ...]) -> Iterator[Segment]:
    for segment in speech:
        start, end = max(act.start_us, segment.start_us), min(act.end_us, segment.end_us)
        if start < end:
            yield Segment(start, end)


def _unheard(turn: TurnScene) -> Reading:
    if turn.texts:
        return _not_applicable("the agent answered in text")
    return _unseen("no speech of the agent was heard")


def _connect(scene: Scene, lateness_us: int) -> Reading:
    del lateness_us  # both ends are messages
    dialled = next((event.at_us for event in scene.view.of(Dialled)), None)
    if dialled is None or scene.up_us is None:
        refused = any(scene.view.of(CallRefused))
        return _unseen("the call was refused" if refused else "the call was never up")
    return _between(dialled, scene.up_us, 0)


def _greeting(scene: Scene, lateness_us: int) -> Reading:
    if scene.up_us is None:
        return _unseen("the call was never up")
    # A Realtime agent is asked for its greeting: it cannot begin before.
    asked_us = next((event.at_us for event in scene.view.of(ReplyRequested)), scene.up_us)
    first_act = min((act.start_us for act in scene.acts), default=None)
    first = scene.plan.active[0]
    waits = not first.turn.caller  # a caller who waits acts after the greeting, if only just
    for at_us, error in _first_words(scene, lateness_us):
        if first_act is None or at_us < first_act + waits:
            return _between(asked_us, at_us, error)
    if first.turn.caller:
        return _not_applicable("the caller speaks first")
    return _no_greeting(scene, asked_us, lateness_us)


def _first_words(scene: Scene, lateness_us: int) -> Iterator[tuple[int, int]]:
    """The first agent speech, and the first text, each with its error."""
    found = [(segment.start_us, error_bar(lateness_us)) for segment in scene.speech[:1]]
    found += [(event.at_us, 0) for event in scene.texts[:1]]
    yield from sorted(found)


def _no_greeting(scene: Scene, since_us: int, lateness_us: int) -> Reading:
    turn = scene.turn(scene.plan.active[0].index)
    if turn is None:
        return _unseen("the call was over before the first turn began")
    return _unanswered(scene, turn, since_us, lateness_us)


def _call(scene: Scene, lateness_us: int) -> Reading:
    del lateness_us
    if scene.up_us is None:
        return _unseen("the call was never up")
    if scene.ended_us is None:
        return _at_least(scene.up_us, scene.last_us, 0, "the call goes on")
    return _between(scene.up_us, scene.ended_us, 0)


TURN_RULES: Final[Mapping[str, TurnRule]] = {
    "response": _response,
    "first_audio": _first_audio,
    "function_call": _function_call,
    "function_return": _function_return,
    "barge_in": _barge_in,
    "turn": _turn,
    "speech": _speech,
    "gap": _gap,
    "overlap": _overlap,
}
CALL_RULES: Final[Mapping[str, CallRule]] = {"connect": _connect, "greeting": _greeting, "call": _call}
