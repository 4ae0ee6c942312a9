"""Checks of your own: plain functions that look at one turn and say what they found.

A check is called with a `TurnView` and the arguments written in the scenario, and gives back findings: those
of `holds`, `fails` and `unknown`, or none where there is nothing to say, which holds. It runs in turnspec's
own process, is trusted as a test is, and may be called from several threads.

    from turnspec.checks.custom import TurnView, fails

    def reference_is_short(turn: TurnView, most: int = 8):
        reference = turn.variables["reference"]
        if len(reference) > most:
            yield fails(f"{reference} has more than {most} characters", actual=reference)
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from turnspec.call import Track
from turnspec.call.events import Captured, Event
from turnspec.checks import shown
from turnspec.checks.calling import value_of
from turnspec.checks.context import Stage
from turnspec.checks.measure import measure_turn
from turnspec.checks.words import CALLER
from turnspec.dsl import CheckExpectation, Expect
from turnspec.plan.scope import variables_for
from turnspec.results import Finding, FunctionUse, Measurement, Status

__all__ = ["CustomCheck", "Findings", "FunctionSeen", "TurnView", "fails", "holds", "unknown"]

Findings: TypeAlias = Iterable[Finding] | Finding | None
"""What a check gives back; None, and no findings, mean that it holds."""


@dataclass(frozen=True, slots=True)
class FunctionSeen:
    """A function that was called in the turn. Arguments and output are JSON, or texts that are none."""

    name: str
    arguments: Any
    output: Any
    called_us: int
    returned_us: int | None


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn as it went. Times are microseconds since the call began.

    `agent_words` are what was heard of it. `measurements` are the times of the turn by name. `events` are the
    turn's own, in order. The tracks begin at `began_us`; they are None where the call carried no audio.
    """

    name: str
    index: int
    began_us: int
    ended_us: int
    agent_words: str
    caller_words: str
    functions: tuple[FunctionSeen, ...]
    measurements: Mapping[str, Measurement]
    events: tuple[Event, ...]
    variables: Mapping[str, Any]
    agent_audio: Track | None = None
    caller_audio: Track | None = None

    def called(self, name: str) -> tuple[FunctionSeen, ...]:
        """The calls of one function, in order."""
        return tuple(seen for seen in self.functions if seen.name == name)


class CustomCheck(Protocol):
    """What a check is: a callable that takes a turn, and its arguments by name."""

    def __call__(self, turn: TurnView, /, **arguments: Any) -> Findings:
        """Say what was found."""
        ...


def fails(
    message: str,
    *,
    expected: str = "",
    actual: str = "",
    at_us: int | None = None,
    details: Iterable[str] = (),
) -> Finding:
    """What does not hold, in a sentence; `at_us` is when it showed."""
    return _finding(Status.FAILED, message, expected, actual, at_us, details)


def holds(
    message: str,
    *,
    expected: str = "",
    actual: str = "",
    at_us: int | None = None,
    details: Iterable[str] = (),
) -> Finding:
    """What holds, in a sentence."""
    return _finding(Status.PASSED, message, expected, actual, at_us, details)


def unknown(
    message: str,
    *,
    expected: str = "",
    actual: str = "",
    at_us: int | None = None,
    details: Iterable[str] = (),
) -> Finding:
    """What could not be told either way, which fails the turn as *not exercised*."""
    return _finding(Status.NOT_EXERCISED, message, expected, actual, at_us, details)


def _finding(
    status: Status, message: str, expected: str, actual: str, at_us: int | None, details: Iterable[str]
) -> Finding:
    return Finding("check", status, message, expected, actual, at_us=at_us, details=tuple(details))


def checks(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """Each of these checks holds for the turn."""
    view = turn_view(stage)
    for item in expect.check:
        yield from _checked(stage, item, view)


def turn_view(stage: Stage) -> TurnView:
    """What a check is shown of a turn."""
    turn, scene = stage.turn, stage.scene
    caught = {event.name: event.value for event in scene.view.of(Captured) if event.turn <= turn.index}
    measured = measure_turn(scene, turn, stage.context.lateness_us)
    began_us = turn.window.began_us
    return TurnView(
        name=turn.plan.name,
        index=turn.index,
        began_us=began_us,
        ended_us=turn.end_us,
        agent_words=turn.text,
        caller_words=" ".join(line.text for line in turn.lines if line.who == CALLER),
        functions=tuple(map(_seen, turn.functions)),
        measurements=MappingProxyType({each.name: each for each in measured}),
        events=tuple(event for event in scene.view.events if scene.owner_of(event) == turn.index),
        variables=MappingProxyType(dict(variables_for(scene.plan, turn.index, caught))),
        agent_audio=_cut(scene.view.agent, began_us, turn.end_us),
        caller_audio=_cut(scene.view.caller, began_us, turn.end_us),
    )


def _seen(use: FunctionUse) -> FunctionSeen:
    output = None if use.output is None else value_of(use.output)
    return FunctionSeen(use.name, value_of(use.arguments), output, use.called_us, use.returned_us)


def _cut(track: Track | None, from_us: int, until_us: int) -> Track | None:
    if track is None:
        return None
    start, end = (max(0, at_us) * track.rate_hz // 1_000_000 * 2 for at_us in (from_us, until_us))
    return Track(track.rate_hz, track.pcm[start:end])


def _checked(stage: Stage, item: CheckExpectation, view: TurnView) -> Iterator[Finding]:
    check = stage.context.custom.get(item.name)
    if check is None:
        yield _of_itself(stage, item, f"The check {item.name} is not loaded here, so it says nothing.")
        return
    try:
        found = _listed(check(view, **item.with_))
    except AssertionError as error:
        said = str(error) or "an assertion does not hold"
        yield stage.found(
            "check",
            Status.FAILED,
            f"{item.name}: {said}{_line(error, check)}.",
            expected=item.name,
            span=item.span,
        )
        return
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of other people may raise anything
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        yield _of_itself(stage, item, f"The check {item.name} broke{_line(error, check)}: {reason}.")
        return
    yield from _as_ours(stage, item, found)


def _listed(returned: Any) -> list[Any]:
    """What was given back, as a list; generators do their work here."""
    if returned is None or isinstance(returned, Finding):
        return [] if returned is None else [returned]
    is_several = isinstance(returned, Iterable) and not isinstance(returned, str | bytes | Mapping)
    return list(returned) if is_several else [returned]


def _as_ours(stage: Stage, item: CheckExpectation, found: list[Any]) -> Iterator[Finding]:
    wrong = next((each for each in found if not isinstance(each, Finding)), None)
    if wrong is not None:
        kind = type(wrong).__name__
        message = f"The check {item.name} gave back {kind} {shown.short(repr(wrong))}, which is no finding."
        yield _of_itself(stage, item, message)
    for each in found:
        if isinstance(each, Finding):
            yield replace(
                each,
                kind="check",
                turn=stage.turn.index,
                span=item.span,
                expected=each.expected or item.name,
            )
    if not found:
        yield stage.found("check", Status.PASSED, f"{item.name} holds.", expected=item.name, span=item.span)


def _of_itself(stage: Stage, item: CheckExpectation, message: str) -> Finding:
    return stage.found("check", Status.NOT_EXERCISED, message, expected=item.name, span=item.span)


def _line(error: BaseException, check: object) -> str:
    """Where in its own file a check was when this was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    file = getattr(getattr(check, "__code__", None), "co_filename", None)
    own = [frame for frame in frames if frame.filename == file] or list(frames[1:])
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
