"""A measured time as a small bar against its limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from turnspec.reports.facts import as_finding, measured, place, state_word
from turnspec.reports.text import length
from turnspec.results import Finding, Judged, Measurement

BAR_WIDTH: Final = 160


@dataclass(frozen=True, slots=True)
class Bar:
    """Ends of the value, of its error and of the limit in a bar `BAR_WIDTH` wide."""

    value: float
    error_from: float
    error_width: float
    limit: float
    open_ended: bool  # the value was cut: it is at least this


@dataclass(frozen=True, slots=True)
class Budget:
    """One row of the table of times."""

    name: str
    value: str
    limit: str
    state: str
    judged: str
    fails: bool
    number: int | None
    place: str
    why: str
    bar: Bar | None


def budget(value: Measurement, numbers: dict[Finding, int]) -> Budget:
    """The row of a measurement; `numbers` are those of the call's failing checks."""
    return Budget(
        name=value.name,
        value=measured(value),
        limit="" if value.limit_us is None else length(value.limit_us),
        state=state_word(value),
        judged=value.judged.value,
        fails=value.fails,
        number=_number(value, numbers) if value.fails else None,
        place=place(value.span),
        why=value.why,
        bar=_bar(value),
    )


def _number(value: Measurement, numbers: dict[Finding, int]) -> int | None:
    """The number of the failing check that tells of this budget, whoever worded it."""
    if (own := numbers.get(as_finding(value))) is not None:
        return own
    moments = {None, value.from_us, value.to_us}
    told = (
        number
        for finding, number in numbers.items()
        if (finding.kind, finding.turn) == (value.name, value.turn) and finding.at_us in moments
    )
    return next(told, None)


def _bar(value: Measurement) -> Bar | None:
    if value.value_us is None or value.limit_us is None or value.judged is Judged.UNMEASURED:
        return None
    low, high = value.value_us - value.error_us, value.value_us + value.error_us
    whole = max(high, value.limit_us, 1) * 1.12
    at = [
        round(min(max(us, 0) / whole, 1) * BAR_WIDTH, 1) for us in (value.value_us, low, high, value.limit_us)
    ]
    return Bar(at[0], at[1], round(at[2] - at[1], 1), at[3], value.state.value == "censored")
