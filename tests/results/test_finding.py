"""Findings and measurements: what fails, and what a time says against its limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.results import Finding, Judged, Measurement, State, Status

MS = 1_000


@pytest.mark.parametrize(
    ("status", "fails"),
    [(Status.PASSED, False), (Status.FAILED, True), (Status.NOT_EXERCISED, True), (Status.NOTE, False)],
)
def test_what_could_not_be_seen_fails_as_what_was_wrong_does(status: Status, fails: bool) -> None:  # noqa: FBT001 # a table
    """A note judges nothing; all else that did not pass fails."""
    assert Finding("says", status, "It said so.").fails is fails


def test_every_status_is_in_the_table() -> None:
    """A new status has to be decided upon."""
    assert len(Status) == 4


def response(value_ms: int | None, error_ms: int = 0, **more: object) -> Measurement:
    """A response time against 800 ms."""
    fields = {"state": State.MEASURED, "limit_us": 800 * MS, **more}
    value_us = None if value_ms is None else value_ms * MS
    return Measurement("response", value_us=value_us, error_us=error_ms * MS, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measurement", "judged"),
    [
        (response(799), Judged.WITHIN),
        (response(800), Judged.WITHIN),
        (response(801), Judged.EXCEEDED),
        # The error bar speaks for the agent: only what is over the limit for certain exceeds it.
        (response(801, 10), Judged.MARGINAL),
        (response(810, 10), Judged.MARGINAL),
        (response(811, 10), Judged.EXCEEDED),
        (response(790, 50), Judged.WITHIN),
        # Without a limit nothing is judged, however long it took.
        (response(9_000, limit_us=None), Judged.UNLIMITED),
        (response(None, limit_us=None, state=State.NOT_EXERCISED), Judged.UNLIMITED),
        # What was cut short took at least so long: over the limit it is proven, below it nothing is.
        (response(700, state=State.CENSORED), Judged.UNMEASURED),
        (response(900, state=State.CENSORED), Judged.EXCEEDED),
        (response(805, 10, state=State.CENSORED), Judged.MARGINAL),
        # What was not measured is never 0 ms.
        (response(None), Judged.UNMEASURED),
        (response(None, state=State.NOT_EXERCISED), Judged.UNMEASURED),
        (response(None, state=State.NOT_APPLICABLE), Judged.UNMEASURED),
        (response(5, state=State.NOT_EXERCISED), Judged.UNMEASURED),
        (response(5, state=State.NOT_APPLICABLE), Judged.UNMEASURED),
    ],
)
def test_a_time_against_its_limit(measurement: Measurement, judged: Judged) -> None:
    """The whole table."""
    assert measurement.judged is judged


@pytest.mark.parametrize(
    ("measurement", "fails"),
    [
        (response(801), True),
        (response(801, required=True), True),
        (response(801, 10), False),
        (response(800), False),
        (response(None, state=State.NOT_EXERCISED), False),
        (response(None, state=State.NOT_EXERCISED, required=True), True),
        (response(700, state=State.CENSORED, required=True), True),
        (response(None, limit_us=None, state=State.NOT_EXERCISED, required=True), False),
    ],
)
def test_what_makes_a_turn_fail(measurement: Measurement, fails: bool) -> None:  # noqa: FBT001 # a table
    """A limit that is exceeded; and one written on the turn that nothing could be held against."""
    assert measurement.fails is fails


@given(st.integers(0, 2_000), st.integers(0, 500), st.integers(0, 2_000))
def test_a_longer_time_is_never_judged_better(value_ms: int, error_ms: int, more_ms: int) -> None:
    """Within, marginal, exceeded, in this order."""
    order = [Judged.WITHIN, Judged.MARGINAL, Judged.EXCEEDED]
    shorter, longer = response(value_ms, error_ms), response(value_ms + more_ms, error_ms)

    assert order.index(shorter.judged) <= order.index(longer.judged)


@given(st.integers(0, 2_000), st.integers(0, 500), st.integers(0, 500))
def test_a_wider_error_bar_fails_nobody(value_ms: int, error_ms: int, wider_ms: int) -> None:
    """What passes with a small error passes with a larger one."""
    if not response(value_ms, error_ms).fails:
        assert not response(value_ms, error_ms + wider_ms).fails
