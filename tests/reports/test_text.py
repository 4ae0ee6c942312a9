"""Numbers and words as people read them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.reports.text import (
    clock,
    first_line,
    lasting,
    length,
    many,
    one_line,
    seconds,
    shortened,
    visible,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("microseconds", "told"),
    [
        (0, "0 ms"),
        (499, "0 ms"),
        (500, "1 ms"),
        (640_000, "640 ms"),
        (1_240_400, "1,240 ms"),
        (9_999_499, "9,999 ms"),
        (10_000_000, "10 s"),
        (18_254_999, "18.25 s"),
        (18_250_000, "18.25 s"),
        (18_200_000, "18.2 s"),
        (60_000_000, "1 min"),
        (125_400_000, "2 min 5 s"),
        (-120_000, "-120 ms"),
        (-12_000_000, "-12 s"),
    ],
)
def test_length(microseconds: int, told: str) -> None:
    """A length is told in the unit that fits it, halves rounded up."""
    assert told == length(microseconds)


@pytest.mark.parametrize(
    ("microseconds", "told"),
    [(0, "0 s"), (9_000_000, "9 s"), (2_314_999, "2.31 s"), (59_994_999, "59.99 s"), (59_995_000, "1 min")],
)
def test_lasting(microseconds: int, told: str) -> None:
    """How long a call took is told in seconds, however short it was."""
    assert told == lasting(microseconds)


@pytest.mark.parametrize(
    ("at_us", "told"), [(0, "0:00.0"), (4_299_999, "0:04.2"), (59_999_999, "0:59.9"), (61_500_000, "1:01.5")]
)
def test_clock(at_us: int, told: str) -> None:
    """A place on the clock is never later than what it tells of."""
    assert told == clock(at_us)


def test_seconds_for_machines_are_exact() -> None:
    """No float comes between microseconds and the seconds that machines read."""
    assert seconds(18_240_001) == "18.240001"
    assert seconds(0) == "0.000000"


def test_visible_writes_out_what_files_cannot_carry() -> None:
    """Control characters, halves of pairs and overrides are shown by their codes; the rest stays."""
    assert (
        visible("a\x00\x1b\x85\ud800\ufffe\u202eb\tc\nd😀é")
        == r"a\x00\x1b\x85\ud800\ufffe\u202eb" + "\tc\nd😀é"
    )
    assert visible("a\r\nb\rc") == "a\nb\\x0dc"


@given(ANY_TEXT)
def test_visible_text_fits_into_every_file(text: str) -> None:
    """Whatever comes in, what comes out can be encoded, and XML carries it unchanged."""
    shown = visible(text)
    element = ET.Element("a", b=shown.replace("\n", " ").replace("\t", " "))
    element.text = shown

    assert shown == shown.encode().decode()
    read = ET.fromstring(ET.tostring(element, encoding="unicode"))
    assert (read.text or "", read.get("b")) == (shown, element.get("b"))


def test_lines() -> None:
    """Text is put on one line, cut and counted as it reads best."""
    assert one_line(" a\n  b\tc ") == "a b c"
    assert first_line("\n \n what \n where") == "what"
    assert first_line("") == ""
    assert shortened("a long label", 6) == "a lon…"
    assert shortened("short", 5) == "short"
    assert (many(1, "turn", "turns"), many(1_200, "turn", "turns")) == ("1 turn", "1,200 turns")
