"""Expectations about what the agent's side does besides speaking: transfers, keys, named messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from turnspec.call.events import AgentActivity, AgentPressed, AgentTransferred, Event
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.matching import MISSING, Match, match_value, written
from turnspec.dsl import Absent, ActivityExpectation, AnyValue, Expect, Matcher
from turnspec.results import Finding, Status

PASSED, FAILED = Status.PASSED, Status.FAILED
AnyEvent = TypeVar("AnyEvent", bound=Event)


def transfer(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The agent's side gives the call to somebody else in this turn, or does not."""
    if expect.transfer is None:
        return
    events = _of_turn(stage, AgentTransferred)
    last = events[-1] if events else None
    match = match_value(last.target if last else MISSING, expect.transfer)
    what = "gave the call away" if last is None or not last.target else f"gave the call to {last.target}"
    yield stage.found(
        "transfer",
        PASSED if match.holds else FAILED,
        _sentence(match, expect.transfer, what, last, "did not give the call away"),
        expected=_expected("the agent gives the call", "away", "to", expect.transfer, "no transfer"),
        actual=what if last else "the call was not given away",
        span=expect.span_of("transfer"),
        at_us=last.at_us if last else None,
        details=tuple(f"{key}: {shown.value(value)}" for key, value in last.details.items()) if last else (),
    )


def dtmf(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The agent's side presses these keys in this turn, all that it presses taken together, or none."""
    if expect.dtmf is None:
        return
    events = _of_turn(stage, AgentPressed)
    digits = "".join(event.digits for event in events)
    match = match_value(digits if events else MISSING, expect.dtmf)
    what = f"pressed {digits}{_ways(events)}" if events else "pressed no key"
    yield stage.found(
        "dtmf",
        PASSED if match.holds else FAILED,
        _sentence(match, expect.dtmf, what, events[0] if events else None, "pressed no key"),
        expected=_expected("the agent presses", "keys", "", expect.dtmf, "no key pressed"),
        actual=what,
        span=expect.span_of("dtmf"),
        at_us=events[0].at_us if events else None,
    )


def _ways(events: Sequence[AgentPressed]) -> str:
    """How keys came, where it was not by events of the protocol alone."""
    tones = "".join(event.digits for event in events if event.in_band)
    if not tones:
        return ""
    return " as tones" if all(event.in_band for event in events) else f" ({tones} as tones)"


def activity(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """Each of these named messages came from the agent's side in this turn, with what it must have."""
    events = _of_turn(stage, AgentActivity)
    for item in expect.activity:
        yield _activity(stage, item, events)


def _activity(stage: Stage, item: ActivityExpectation, events: Sequence[AgentActivity]) -> Finding:
    named = [event for event in events if event.name == item.name]
    matches = [(event, _payload(event, item)) for event in named]
    held = next((event for event, match in matches if match.holds), None)
    expected = item.name if item.with_ is None else f"{item.name} with {written(item.with_)}"
    if held is not None:
        status, at_us = PASSED, held.at_us
        message = f"The agent's side sent {item.name} {shown.clock(held.at_us)}."
        actual = shown.value(held.payload)
    elif named:
        status, at_us = FAILED, named[-1].at_us
        why = "; ".join(map(str, matches[-1][1].mismatches))
        message = f"The agent's side sent {item.name} {shown.clock(at_us)}, but not as expected: {why}."
        actual = shown.value(named[-1].payload)
    else:
        status, at_us = FAILED, None
        others = shown.listed(dict.fromkeys(event.name for event in events))
        sent = f"it sent {others}" if events else "it sent no activity"
        message, actual = f"The agent's side did not send {item.name} in this turn: {sent}.", sent
    return stage.found(
        "activity", status, message, expected=expected, actual=actual, span=item.span, at_us=at_us
    )


def _payload(event: AgentActivity, item: ActivityExpectation) -> Match:
    return Match() if item.with_ is None else match_value(event.payload, item.with_)


def _of_turn(stage: Stage, kind: type[AnyEvent]) -> list[AnyEvent]:
    """The agent's own account of a call that it makes over another side is not counted again."""
    return [event for event in stage.scene.view.of(kind) if stage.scene.owner_of(event) == stage.turn.index]


def _sentence(match: Match, matcher: Matcher, what: str, event: Event | None, nothing: str) -> str:
    if event is None:
        return f"The agent {nothing} in this turn."
    at = shown.clock(event.at_us)
    if match.holds:
        return f"The agent {what} {at}."
    if isinstance(matcher, Absent):
        return f"The agent {what} {at}, which it must not do in this turn."
    why = "; ".join(map(str, match.mismatches))
    return f"The agent {what} {at}, not as expected: {why}."


def _expected(verb: str, anything: str, to: str, matcher: Matcher, nothing: str) -> str:
    if isinstance(matcher, Absent):
        return nothing
    if isinstance(matcher, AnyValue):
        return f"{verb} {anything}"
    return " ".join(part for part in (verb, to, written(matcher)) if part)
