"""Expectations about the protocol's own messages: one of them arrived, or nothing did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from turnspec.call import Messages
from turnspec.call.events import AgentActivity, AgentPressed, AgentTransferred, Event, MessageArrived
from turnspec.checks import shown
from turnspec.checks.behaving import agent_hangup
from turnspec.checks.context import Stage
from turnspec.checks.matching import Match, match_value, written
from turnspec.checks.turns import EventsView, numbers, owner, windows
from turnspec.dsl import Expect, Matcher, Plain
from turnspec.plan.model import CallPlan
from turnspec.results import Finding, Status

PASSED, FAILED, NOT_EXERCISED = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may be the one that is expected: as it came, or a part of one that has several."""

    name: str
    document: Mapping[str, Any]
    at_us: int
    cut: bool = False


def event(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """Each of these messages of the protocol came from the agent's side in this turn."""
    candidates = list(candidates_of(stage.scene.plan, stage.scene.view, stage.turn.index))
    for matcher in expect.event:
        yield _event(stage, matcher, candidates)


def candidates_of(plan: CallPlan, view: EventsView, index: int) -> Iterator[Candidate]:
    """The messages that arrived in a turn, and their parts."""
    turns, places = windows(view), numbers(view)
    for arrived in view.of(MessageArrived):
        if owner(turns, arrived.at_us, places[id(arrived)]) == index:
            yield Candidate(arrived.name, arrived.document, arrived.at_us, arrived.cut)
            yield from _parts(arrived, plan.capabilities.messages)


def _parts(arrived: MessageArrived, messages: Messages | None) -> Iterator[Candidate]:
    parts = arrived.document.get(messages.parts) if messages is not None and messages.parts else None
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict):
            yield Candidate(str(part.get("name") or part.get("type", "")), part, arrived.at_us)


def match_message(candidate: Candidate, matcher: Matcher) -> Match:
    """A message against what is expected: its name, or some of what it carries."""
    if isinstance(matcher, Plain) and isinstance(matcher.value, str):
        return match_value(candidate.name, matcher)
    return match_value(candidate.document, matcher)


def _event(stage: Stage, matcher: Matcher, candidates: Sequence[Candidate]) -> Finding:
    span, expected = matcher.span, f"the event {written(matcher)}"
    matches = [(candidate, match_message(candidate, matcher)) for candidate in candidates]
    held = next((candidate for candidate, match in matches if match.holds), None)
    if held is not None:
        return stage.found(
            "event",
            PASSED,
            f"{held.name} arrived {shown.clock(held.at_us)}.",
            expected=expected,
            actual=shown.value(held.document),
            span=span,
            at_us=held.at_us,
        )
    if not matches:
        message = f"{_wanted(matcher)} did not arrive in this turn: no event of the protocol did."
        return stage.found("event", FAILED, message, expected=expected, actual="no event", span=span)
    if isinstance(matcher, Plain):
        message = f"{_wanted(matcher)} did not arrive in this turn; other events did."
        names = shown.listed(dict.fromkeys(candidate.name for candidate in candidates))
        details = tuple(_seen(candidates))
        actual = shown.short(names)  # each of them is in the details, with its count
        return stage.found(
            "event", FAILED, message, expected=expected, actual=actual, span=span, details=details
        )
    nearest, match = min(matches, key=lambda one: _distance(one[1]))
    status, message = _missed(nearest, match)
    return stage.found(
        "event",
        status,
        message,
        expected=expected,
        actual=shown.value(nearest.document),
        span=span,
        at_us=nearest.at_us,
        details=tuple(_seen(candidates)),
    )


def _wanted(matcher: Matcher) -> str:
    return str(matcher.value) if isinstance(matcher, Plain) else "An event as expected"


def _distance(match: Match) -> tuple[bool, int]:
    """How far a message is from what is expected; one of another name is farther than any of the same."""
    is_other = any(mismatch.path in {"type", "event", "name"} for mismatch in match.mismatches)
    return is_other, len(match.mismatches)


def _missed(nearest: Candidate, match: Match) -> tuple[Status, str]:
    at = shown.clock(nearest.at_us)
    if nearest.cut:
        return NOT_EXERCISED, f"{nearest.name} arrived {at}, but it was too long to be looked into."
    why = "; ".join(map(str, match.mismatches))
    return FAILED, f"No event as expected arrived in this turn. The nearest is {nearest.name} {at}: {why}."


def _seen(candidates: Sequence[Candidate]) -> Iterator[str]:
    """Which events there were, each name once with its number."""
    counts: dict[str, int] = {}
    for candidate in candidates:
        counts[candidate.name] = counts.get(candidate.name, 0) + 1
    for name, count in list(counts.items())[:MOST_SHOWN]:
        yield f"{name} arrived" if count == 1 else f"{name} arrived {count} times"
    if len(counts) > MOST_SHOWN:
        yield f"and {shown.many(len(counts) - MOST_SHOWN, 'event')} of other names"


def nothing(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """Nothing comes of the agent for so long from the end of the caller's action, but housekeeping."""
    if expect.nothing is None:
        return
    since, length = stage.turn.quiet_from_us, expect.nothing.us
    expected, span = f"nothing for {expect.nothing}", expect.span_of("nothing")
    came = sorted((at_us, what) for at_us, what in _all_that_came(stage) if since <= at_us < since + length)
    if came:
        first_us, what = came[0]
        yield stage.found(
            "nothing",
            FAILED,
            f"Nothing was to come for {expect.nothing}, but {what} {shown.clock(first_us)}, "
            f"{shown.ms(first_us - since)} after the caller's end.",
            expected=expected,
            actual=f"{what} after {shown.ms(first_us - since)}",
            span=span,
            at_us=first_us,
            details=tuple(f"{what} {shown.clock(at_us)}" for at_us, what in came[1:MOST_SHOWN]),
        )
        return
    watched = (stage.scene.ended_us or stage.scene.last_us) - since
    if watched < length:
        seen = shown.ms(max(0, watched))
        message = f"The call ended {seen} into the {expect.nothing} in which nothing was to come."
        yield stage.found("nothing", NOT_EXERCISED, message, expected=expected, span=span)
        return
    message = f"Nothing came for {expect.nothing}."
    yield stage.found("nothing", PASSED, message, expected=expected, actual="nothing", span=span)


def _all_that_came(stage: Stage) -> Iterator[tuple[int, str]]:
    turn, scene = stage.turn, stage.scene
    for segment in turn.speech:
        yield max(segment.start_us, _if_still_heard(turn.quiet_from_us, segment.end_us)), "it was heard"
    for line in turn.agent_lines:
        if line.text:
            yield line.began_us, f"it said {shown.quoted(line.text)}"
    for use in turn.functions:
        yield use.called_us, f"{use.name} was called"
    hung_up = agent_hangup(scene, turn.window)
    if hung_up is not None:
        yield hung_up.at_us, "it hung up"
    for seen in scene.view.events:
        if (what := _act(seen)) and scene.owner_of(seen) == turn.index:
            yield seen.at_us, what


def _if_still_heard(since_us: int, end_us: int) -> int:
    """Speech from before that goes on counts from the first moment of the silence."""
    return since_us if end_us > since_us else 0


def _act(seen: Event) -> str:
    match seen:
        case MessageArrived(housekeeping=False):
            return f"{seen.name} arrived"
        case AgentTransferred():
            return "it gave the call away"
        case AgentPressed():
            return f"it pressed {seen.digits}"
        case AgentActivity():
            return f"it sent {seen.name}"
        case _:
            return ""
