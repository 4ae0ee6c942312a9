"""Faults that an end of a call cannot have, refused before any call is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from turnspec.adapters.faults.declared import ON_ANSWER, ON_LINE, ON_MESSAGES, ON_REPLY
from turnspec.adapters.faults.dialect import Dialect
from turnspec.dsl.faults import DelayedEvent, Fault, FaultMoment, ReplyFault
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.spans import Place

End = Literal["caller", "agent"]

_BY_CALLER: Final = {"wrong_auth": ("it is the caller that shows a key", "write by: caller, or leave it out")}
_BY_AGENT: Final = {
    "refuse": ("it is the agent's end that takes or refuses a call", "write by: agent"),
    "answer_late": ("it is the agent's end that answers a call", "write by: agent"),
    "truncate_audio": ("only what the agent says is cut", "write by: agent, or play a shorter recording"),
    "slow_first_audio": ("only replies of the agent begin late", "write by: agent, or begin with silence:"),
    "error": ("only a model's end reports errors by code", "write by: agent"),
}
_REFUSED: Final = {"caller": _BY_AGENT, "agent": _BY_CALLER}


@dataclass(frozen=True, slots=True)
class FaultyEnd:
    """One end of a call over one protocol; `dialect` None: its adapter lets nobody spoil its messages.

    `tls`: the line is encrypted; `turns`: how many turns the caller will have, where that is known.
    """

    end: End
    protocol: str
    dialect: Dialect | None
    tls: bool = False
    turns: int | None = None

    @property
    def messages(self) -> frozenset[str]:
        """The names of what it sends."""
        if self.dialect is None:
            return frozenset()
        return self.dialect.caller if self.end == "caller" else self.dialect.agent


def fault_problems(faults: Sequence[ReplyFault], end: FaultyEnd) -> tuple[Problem, ...]:
    """Everything that stands against these faults at this end."""
    return tuple(problem for fault in faults for problem in _problems(fault, end))


def _problems(fault: ReplyFault, end: FaultyEnd) -> Iterator[Problem]:
    wrong = _impossible(fault, end)
    if wrong is not None:
        yield _refusal(fault, "cannot-do", *wrong)
        return
    at = fault.at if isinstance(fault, Fault) else None
    if at is not None:
        yield from _wrong_moment(fault, at, end)
    yield from _unknown_event(fault, at, end)


def _impossible(fault: ReplyFault, end: FaultyEnd) -> tuple[str, str] | None:
    """Why this end can never do it, and what to write instead."""
    if fault.word in _REFUSED[end.end]:
        return _REFUSED[end.end][fault.word]
    if fault.word == "wrong_auth":
        return None
    if end.dialect is None:
        return f"the adapter '{end.protocol}' lets nobody inject faults", "take it out"
    if fault.word == "half_close" and end.tls:
        return "a line over TLS cannot be closed in one direction only", "write drop: true"
    return _impossible_error(fault, end.dialect) if fault.word == "error" else None


def _impossible_error(fault: ReplyFault, dialect: Dialect) -> tuple[str, str] | None:
    if dialect.error is None:
        return f"{dialect.protocol} has no message that reports an error by code", "close: CODE ends the line"
    if not (isinstance(fault, Fault) or dialect.fails_replies):
        hint = "write it under the script's own faults"
        return f"over {dialect.protocol} no error comes in place of a reply", hint
    return None


def _refusal(fault: ReplyFault, kind: str, message: str, hint: str) -> Problem:
    return problem_at(fault.place.child(fault.word), kind, message, hint=hint, key=True)


_MOMENTS: Final = (
    (ON_ANSWER, frozenset({"nth"}), "write at: {nth: 2}, the second attempt, or leave it out"),
    (ON_REPLY, frozenset({"turn"}), "write at: {turn: 3}, or leave it out"),
    (ON_MESSAGES, frozenset({"turn", "after", "nth"}), "write at: {nth: 2}, {turn: 3} or {after: 5 s}"),
    (ON_LINE, frozenset({"turn", "after", "event"}), "write at: {turn: 3}, {after: 5 s} or {event: NAME}"),
    (frozenset({"wrong_auth"}), frozenset[str](), "leave it out: the key is shown when the call is made"),
)


def _wrong_moment(fault: ReplyFault, at: FaultMoment, end: FaultyEnd) -> Iterator[Problem]:
    allowed, hint = next((keys, hint) for words, keys, hint in _MOMENTS if fault.word in words)
    written = "nth" if at.event is None and at.nth is not None else _moment_of(at)
    if written not in allowed:
        message = f"`{fault.word}` has no moment by `{written}`"
        yield problem_at(at.place.child(written), "bad-moment", message, hint=hint, key=True)
    elif at.turn is not None and end.turns is not None and at.turn > end.turns:
        count = f"{end.turns} turn" if end.turns == 1 else f"{end.turns} turns"
        message = f"the caller says something in {count} only, so this would never happen"
        yield problem_at(at.place.child("turn"), "never", message, hint="count those in which it acts")


def _moment_of(at: FaultMoment) -> str:
    return next(key for key in ("turn", "after", "event", "nth") if getattr(at, key) is not None)


def _unknown_event(fault: ReplyFault, at: FaultMoment | None, end: FaultyEnd) -> Iterator[Problem]:
    if at is not None and at.event is not None:
        yield from _wrong_event(at.event, at.place.child("event"), end)
        if fault.value == "bad_base64" and at.event in end.messages:
            yield from _without_audio(at, end)
    value = fault.value
    if isinstance(value, DelayedEvent):
        yield from _wrong_event(value.event, value.place.child("event"), end)
    elif fault.word in ON_MESSAGES:
        yield from _wrong_event(value, fault.place.child(fault.word), end)


def _wrong_event(name: str, place: Place, end: FaultyEnd) -> Iterator[Problem]:
    if name not in end.messages:
        near = nearest(name, end.messages)
        hint = "" if near else f"it sends {', '.join(sorted(end.messages))}"
        message = f"over {end.protocol} the {end.end}'s end sends no '{name}'"
        yield problem_at(place, "unknown-event", message, suggestion=near, hint=hint)


def _without_audio(at: FaultMoment, end: FaultyEnd) -> Iterator[Problem]:
    assert end.dialect is not None, "its messages are known"
    if at.event not in end.dialect.audio:
        carrying = ", ".join(sorted(end.messages & end.dialect.audio.keys()))
        message = f"'{at.event}' carries no audio whose base64 could be wrong"
        yield problem_at(at.place.child("event"), "cannot-do", message, hint=f"audio is in {carrying}")
