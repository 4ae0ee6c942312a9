"""What an end of the call is to do wrong on purpose, and when."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.durations import Duration
from turnspec.dsl.refusals import refusal

Malformed = Literal["not_json", "truncated", "binary", "bad_base64", "unknown_event"]
Count = Annotated[int, Field(strict=True, ge=1)]

REFUSAL_STATUSES: Final = range(400, 600)
CLOSE_CODES: Final = range(1000, 5000)
# RFC 6455, section 7.4.1: these stand for the lack of a close frame, and are never in one.
NEVER_SENT: Final = frozenset({1004, 1005, 1006, 1015})


def _refusal_code(written: object) -> object:
    if written is True:
        return written
    whole = isinstance(written, int) and not isinstance(written, bool)
    if not whole or (written not in REFUSAL_STATUSES and not _can_be_sent(written)):
        raise refusal(
            "bad-code",
            f"{written!r} is no way to refuse a call",
            hint="write true, an HTTP status from 400 to 599, or a close code from 1000 to 4999",
        )
    return written


def _close_code(written: object) -> object:
    if isinstance(written, bool) or not _can_be_sent(written):
        hint = "write a code from 1000 to 4999, such as 1011 (internal error); drop: true sends none"
        raise refusal("bad-code", f"{written!r} is no close code that can be sent", hint=hint)
    return written


def _can_be_sent(code: object) -> bool:
    return code in CLOSE_CODES and code not in NEVER_SENT


_ERROR_CODE = re.compile(r"[a-z][a-z0-9_]*")


def _error_code(written: str) -> str:
    if not _ERROR_CODE.fullmatch(written):
        hint = "write it as the API does: rate_limit_exceeded"
        raise refusal("bad-code", f"'{written}' is no code of an error", hint=hint)
    return written


ErrorCode = Annotated[str, AfterValidator(_error_code)]
EventName = Annotated[str, Field(min_length=1)]


class FaultMoment(Model):
    """When a fault happens, once: one of `turn`, `after` and `event`; `nth` counts events, or attempts."""

    WORD = "at"

    turn: Count | None = None
    after: Duration | None = None
    event: EventName | None = None
    nth: Count | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Refuse two moments, and none."""
        named = [key for key in ("turn", "after", "event") if key in data]
        if len(named) > 1:
            hint = "write two faults where two moments are meant"
            message = f"a fault has one moment, not {' and '.join(named)}"
            reading.problem("bad-moment", message, data.place, hint=hint)
        elif not data or ("nth" in data and named and named != ["event"]):
            hint = "write {turn: 3}, {after: 5 s}, {event: NAME, nth: 2} or {nth: 2}"
            message = "only events are counted by nth" if data else "there is no moment here"
            reading.problem("bad-moment", message, data.place, hint=hint)
        return data

    def __str__(self) -> str:
        match self:
            case FaultMoment(turn=int(turn)):
                return f"once the caller's turn {turn} is over"
            case FaultMoment(after=Duration() as after):
                return f"{after} after the call came up"
            case FaultMoment(event=str(event), nth=nth):
                return f"at {event} number {nth or 1}"
            case _:
                return f"at number {self.nth}"


class DelayedEvent(Model):
    """Which event comes late, and by how much."""

    WORD = "delay"

    event: EventName
    by: Duration


class ReplyFault(Model):
    """One thing that a local agent does wrong in one reply."""

    WORD = "a fault of a reply"

    truncate_audio: Duration | None = None
    slow_first_audio: Duration | None = None
    error: ErrorCode | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Hold a fault to one thing that goes wrong."""
        words = [key for key in data if key in cls.words()]
        known = cls.keys()
        unknown = [key for key in data if key not in known]
        if len(words) > 1:
            message, hint = (
                f"a fault is one thing, not {', '.join(words)}",
                "write each as an item of its own",
            )
            reading.problem("bad-fault", message, data.place, hint=hint)
        elif not words and not unknown:
            hint = f"write one of {', '.join(sorted(cls.words()))}"
            reading.problem("bad-fault", "nothing goes wrong here", data.place, hint=hint)
        return data

    @classmethod
    def words(cls) -> frozenset[str]:
        """The keys that say what goes wrong."""
        return cls.keys() - {"at", "by"}

    @property
    def word(self) -> str:
        """What goes wrong, by its key."""
        return next(key for key in self.model_fields_set if key in self.words())

    @property
    def value(self) -> Any:
        """What is written under that key."""
        return getattr(self, self.word)

    def __str__(self) -> str:
        value = self.value
        if isinstance(value, DelayedEvent):
            value = f"{value.event} by {value.by}"
        return self.word if value is True else f"{self.word}: {value}"


class Fault(ReplyFault):
    """One thing that an end of the call does wrong; with `at` once, at that moment."""

    WORD = "a fault"

    refuse: Annotated[Literal[True] | int, BeforeValidator(_refusal_code)] | None = None
    answer_late: Duration | None = None
    drop: Literal[True] | None = None
    close: Annotated[int, BeforeValidator(_close_code)] | None = None
    half_close: Literal[True] | None = None
    stall: Duration | None = None
    malformed: Malformed | None = None
    duplicate: EventName | None = None
    reorder: EventName | None = None
    delay: DelayedEvent | None = None
    lose: EventName | None = None
    at: FaultMoment | None = None


class ScenarioFault(Fault):
    """A fault of a scenario: the caller's end does it, or the agent's with `by: agent`."""

    WORD = "a fault of a scenario"

    wrong_auth: Literal[True] | None = None
    by: Literal["caller", "agent"] = "caller"


def faults_listed(data: Located) -> Located:
    """The same mapping, where one fault is a list of it."""
    match data.get("faults"):
        case Located() as one:
            return data.but(faults=[one])
        case _:
            return data


__all__ = [
    "CLOSE_CODES",
    "REFUSAL_STATUSES",
    "DelayedEvent",
    "Fault",
    "FaultMoment",
    "ReplyFault",
    "ScenarioFault",
    "faults_listed",
]
