"""Percentages carry their sign and are exact."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from turnspec.dsl.percent import Percent


@pytest.mark.parametrize(
    ("written", "fraction"),
    [
        ("10 %", 0.1),
        ("10%", 0.1),
        (" 2.5 % ", 0.025),
        ("0 %", 0.0),
        ("100 %", 1.0),
        ("33.333333 %", 0.33333333),
    ],
)
def test_a_number_and_a_sign(written: str, fraction: float) -> None:
    """A percentage is read to its last digit."""
    assert Percent.parse(written).fraction == fraction


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        (10, "write '10 %'"),
        ("90", "write '90 %'"),
        (0.1, "write '10 %' or '0.1 %'"),
        (0.025, "write '2.5 %' or '0.025 %'"),
        (1, "write '1 %'"),
        (0, "write '0 %'"),
        (-3, "write a number from 0 to 100 and %: 10 %"),
        (float("nan"), "write a number from 0 to 100 and %: 10 %"),
    ],
)
def test_a_bare_number_is_refused(written: object, hint: str) -> None:
    """A number without a sign is an error; one that may be a share of one is shown in both spellings."""
    with pytest.raises(PydanticCustomError) as caught:
        Percent.parse(written)

    assert caught.value.type == "missing-percent"
    assert caught.value.context is not None
    assert caught.value.context["hint"] == hint


@pytest.mark.parametrize(
    "written", ["", "%", "-1 %", "101 %", "100.1 %", "1,5 %", "10 % 5", "\uff11 %", True, None, [], {}]
)
def test_all_else_is_refused(written: object) -> None:
    """What is no percentage, or more than all, is refused, never guessed at."""
    with pytest.raises(PydanticCustomError) as caught:
        Percent.parse(written)

    assert caught.value.type == "bad-percent"


@pytest.mark.parametrize("written", ["10 percent", "10 per cent", "10 Percents", "10 pct"])
def test_a_sign_spelt_out_gets_a_suggestion(written: str) -> None:
    """Common spellings are not accepted, but understood."""
    with pytest.raises(PydanticCustomError) as caught:
        Percent.parse(written)

    assert caught.value.context is not None
    assert caught.value.context["suggestion"] == "10 %"


@given(st.decimals(min_value=0, max_value=100, places=6))
def test_what_is_printed_can_be_read(share: Decimal) -> None:
    """Printing and reading a percentage gives the same one."""
    assert Percent.parse(str(Percent(share))) == Percent(share)


class _Holder(BaseModel):
    share: Percent


@given(st.one_of(st.text(max_size=8), st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,7})? ?%", fullmatch=True)))
def test_the_published_pattern_says_the_same(text: str) -> None:
    """What the JSON Schema takes is what is read, but for spaces around it."""
    pattern = _Holder.model_json_schema()["properties"]["share"]["pattern"]
    try:
        read = Percent.parse(text) is not None and text == text.strip()
    except PydanticCustomError:
        read = False

    assert read is (re.fullmatch(pattern, text, re.ASCII) is not None)
