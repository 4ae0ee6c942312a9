"""Durations carry a unit and are exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from turnspec.dsl.durations import UNITS_US, Duration


@pytest.mark.parametrize(
    ("written", "us"),
    [
        ("800 ms", 800_000),
        ("1.2 s", 1_200_000),
        ("1.2s", 1_200_000),
        ("2 min", 120_000_000),
        ("1 h", 3_600_000_000),
        ("0 s", 0),
        (" 0.000001 s ", 1),
    ],
)
def test_a_number_and_a_unit(written: str, us: int) -> None:
    """Every unit is read to the microsecond."""
    assert Duration.parse(written).us == us


@pytest.mark.parametrize("written", [5, 1.5, "5", "1.5", 0])
def test_a_bare_number_is_refused(written: object) -> None:
    """A number without a unit is an error that shows both spellings."""
    with pytest.raises(PydanticCustomError) as caught:
        Duration.parse(written)

    assert caught.value.type == "missing-unit"
    assert caught.value.context is not None
    assert caught.value.context["hint"] == f"write '{written} ms' or '{written} s'"


@pytest.mark.parametrize(
    "written", ["", "s", "-1 s", "1 day", "1 s 5 ms", "1e3 ms", "1,5 s", True, None, [], "\uff11 s"]
)
def test_all_else_is_refused(written: object) -> None:
    """What is no duration is refused, never guessed at."""
    with pytest.raises(PydanticCustomError):
        Duration.parse(written)


@pytest.mark.parametrize(
    ("written", "meant"), [("5 sec", "5 s"), ("2 minutes", "2 min"), ("3 msec", "3 ms"), ("1 Hour", "1 h")]
)
def test_a_unit_spelt_out_gets_a_suggestion(written: str, meant: str) -> None:
    """Common spellings are not accepted, but understood."""
    with pytest.raises(PydanticCustomError) as caught:
        Duration.parse(written)

    assert caught.value.context is not None
    assert caught.value.context["suggestion"] == meant


@given(st.integers(min_value=0, max_value=10**14))
def test_what_is_printed_can_be_read(us: int) -> None:
    """Printing and reading a duration gives the same duration."""
    assert Duration.parse(str(Duration(us))) == Duration(us)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way."""
    try:
        us = Duration.parse(text).us
    except PydanticCustomError:
        return

    assert us >= 0


def test_durations_are_ordered() -> None:
    """Longer is greater."""
    assert Duration(1) < Duration(2)
    assert [Duration(us) for us in UNITS_US.values()] == sorted(Duration(us) for us in UNITS_US.values())
