"""Calls that are made more than once: tables of examples, repeated runs, percentiles of their times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Discriminator, Field, Tag

from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.durations import Duration
from turnspec.dsl.percent import Percent
from turnspec.dsl.problems import nearest
from turnspec.dsl.spans import Place

LEAST_SAMPLES: Final[Mapping[int, int]] = {50: 2, 90: 10, 95: 20, 99: 100}
"""How many samples a percentile needs: so many that it is not simply the longest of them."""
ALL: Final = Percent(Decimal(100))


class RepeatRun(Model):
    """How often a scenario is called, and how many of these calls must hold."""

    WORD = "repeat_run"

    times: Annotated[int, Field(strict=True, ge=2, le=1_000)]
    pass_rate: Percent = ALL


class Percentiles(Model):
    """The longest that so many of a hundred samples of a time may take."""

    WORD = "a budget of percentiles"

    p50: Duration | None = None
    p90: Duration | None = None
    p95: Duration | None = None
    p99: Duration | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Refuse a budget that limits nothing."""
        if not data:
            hint = "write one or more of p50, p90, p95, p99: {p50: 800 ms, p95: 1.5 s}"
            reading.problem("empty", "no percentile has a limit here", data.place, hint=hint)
        return data

    def items(self) -> Iterator[tuple[int, Duration]]:
        """The percentiles that have a limit, each with it."""
        for percentile in LEAST_SAMPLES:
            limit: Duration | None = getattr(self, f"p{percentile}")
            if limit is not None:
                yield percentile, limit


def _tag(written: Any) -> str:
    return "<percentiles>" if isinstance(written, Mapping | Percentiles) else "<duration>"


TimeLimit = Annotated[
    Annotated[Duration, Tag("<duration>")] | Annotated[Percentiles, Tag("<percentiles>")],
    Discriminator(_tag),
]
"""A limit of one time: of each call by itself, or of its percentiles over the runs of `repeat_run`."""


def examples_checked(data: Located, reading: Reading) -> Located:
    """A scenario whose examples, if it has any, are a table: else they are reported, and left out."""
    if "examples" not in data or _is_table(data["examples"], data.place.child("examples"), reading):
        return data
    return Located({key: value for key, value in data.items() if key != "examples"}, data.place)


def _is_table(rows: Any, place: Place, reading: Reading) -> bool:
    hint = 'write a row for each run: examples: [{last4: "4821"}, {last4: "9910"}]'
    if not isinstance(rows, list):
        reading.problem("wrong-type", "examples are a list of rows", place, hint=hint)
        return False
    if not rows:
        reading.problem("empty", "there is no row, so nothing would be called", place, hint=hint)
        return False
    for number, row in enumerate(rows):
        if not isinstance(row, Located):
            message = f"row {number + 1} is no mapping of names to values"
            reading.problem("wrong-type", message, place.child(number), hint=hint)
            return False
        if not row:
            reading.problem(
                "empty", f"row {number + 1} gives nothing a value", place.child(number), hint=hint
            )
            return False
    for name in rows[0]:
        _check_name(name, rows[0].place.child(name), reading)
    for number, row in enumerate(rows[1:], start=2):
        _check_names(row, number, rows[0], reading)
    return True


def _check_name(name: str, place: Place, reading: Reading) -> None:
    if not name.isidentifier():
        message = f"templates cannot use the name '{name}'"
        hint = "a name has letters, digits and _, and begins with no digit"
        reading.problem("bad-name", message, place, hint=hint, key=True)


def _check_names(row: Located, number: int, first: Located, reading: Reading) -> None:
    """Report where a row has other names than the first."""
    lacking = [name for name in first if name not in row]
    for name in row:
        if name in first:
            continue
        near = nearest(name, lacking)
        lacking = [each for each in lacking if each != near]
        message = f"row {number} has '{name}', which row 1 has not"
        hint = "" if near else "give every row the same names"
        reading.problem("unknown-key", message, row.place.child(name), hint=hint, suggestion=near, key=True)
    if lacking:
        listed = ", ".join(f"'{name}'" for name in lacking)
        message = f"row {number} lacks {listed}, which row 1 has"
        reading.problem("missing-key", message, row.place, hint="give every row the same names")


def clash_of_repeats(data: Located, reading: Reading) -> None:
    """Report `retries` beside `repeat_run`: a rate over runs of which some were tried again means nothing."""
    if "repeat_run" in data and "retries" in data:
        message = "a scenario has repeat_run or retries, not both"
        hint = "repeat_run tells how often it holds; retries tries again what did not"
        reading.problem("clash", message, data.place.child("retries"), hint=hint, key=True)
