"""One check's result, and one measured time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from turnspec.dsl import Span


class Status(StrEnum):
    """Whether what a finding is about held."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EXERCISED = "not exercised"  # it could not be seen either way, which fails
    NOTE = "note"  # worth showing, judges nothing


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: what was expected, what was there, and where it is written.

    `kind` is a stable key such as `says`, `calls`, `response`, `unexpected-hangup`; `message` one
    sentence that can stand alone; `details` further lines (scores, differing paths).
    """

    kind: str
    status: Status
    message: str
    expected: str = ""
    actual: str = ""
    turn: int | None = None
    at_us: int | None = None
    span: Span | None = None
    details: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether it makes its turn fail."""
        return self.status in {Status.FAILED, Status.NOT_EXERCISED}


class State(StrEnum):
    """How far a measurement could be taken. Missing never passes and is never 0 ms."""

    MEASURED = "measured"
    NOT_EXERCISED = "not exercised"
    CENSORED = "censored"  # cut first: at least this long
    NOT_APPLICABLE = "n/a"


class Judged(StrEnum):
    """A measurement against its limit."""

    UNLIMITED = "unlimited"  # nothing limits it
    WITHIN = "within"
    MARGINAL = "marginal"  # over the limit by less than the error
    EXCEEDED = "exceeded"
    UNMEASURED = "unmeasured"  # a limit, and nothing to hold against it


@dataclass(frozen=True, slots=True)
class Measurement:
    """A time with its error bar; microseconds. `from_us`..`to_us` is where on the call's clock it lies.

    `required` (the budget is written on the turn) makes an unmeasured value fail.
    """

    name: str
    state: State
    value_us: int | None = None
    error_us: int = 0
    limit_us: int | None = None
    required: bool = False
    turn: int | None = None
    from_us: int | None = None
    to_us: int | None = None
    span: Span | None = None
    why: str = ""  # why it was not measured, or what the error bar is made of
    engine: str = ""  # what found the speech that it is about, and its version

    @property
    def judged(self) -> Judged:
        """Against the limit: fails only when value minus error exceeds it."""
        if self.limit_us is None:
            return Judged.UNLIMITED
        if self.value_us is None or self.state in {State.NOT_EXERCISED, State.NOT_APPLICABLE}:
            return Judged.UNMEASURED
        if self.value_us <= self.limit_us:
            return Judged.UNMEASURED if self.state is State.CENSORED else Judged.WITHIN
        return Judged.MARGINAL if self.value_us - self.error_us <= self.limit_us else Judged.EXCEEDED

    @property
    def fails(self) -> bool:
        """Whether it makes its turn fail."""
        return self.judged is Judged.EXCEEDED or (self.judged is Judged.UNMEASURED and self.required)
