"""Secrets are taken out of texts in every form in which they travel."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.run.masking import masked_throughout, masker

SECRET = 'p4ss "wörd"/+x'
HIDE = masker([SECRET])


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps({"key": SECRET}),
        json.dumps({"key": SECRET}, ensure_ascii=False),
        f"wss://bot.example/{quote(SECRET, safe='')}",
        f"wss://bot.example/{quote(SECRET)}",
        urlencode({"token": SECRET}),
        quote_plus(SECRET),
        re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote(SECRET, safe="")),
        json.dumps(SECRET).replace("/", "\\/"),
        json.dumps(SECRET).replace("\\u00f6", "\\u00F6"),
        html.escape(SECRET),
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    """As it is, in JSON, in a path, in a query."""
    assert HIDE is not None
    assert "***" in HIDE(written)
    assert "p4ss" not in HIDE(written)


@given(before=st.binary(max_size=20), after=st.binary(max_size=20), safe=st.booleans())
def test_a_secret_is_found_in_base64_wherever_it_stands(before: bytes, after: bytes, safe: bool) -> None:  # noqa: FBT001 # drawn
    """As in `Authorization: Basic`, where a name comes first; at most its first and last character stay."""
    assert HIDE is not None
    encode = base64.urlsafe_b64encode if safe else base64.b64encode

    assert "***" in HIDE(encode(before + SECRET.encode() + after).decode())


def test_short_values_are_left() -> None:
    """Blacking out every `on` and `1` would leave nothing to read."""
    assert masker(["on", ""]) is None


class Choice(StrEnum):
    """A word of ours."""

    SECRET = "s3cret"


@dataclass(frozen=True)
class Part:
    """Something with texts at every depth."""

    text: str
    choice: Choice
    more: tuple[dict[str, list[str]], ...] = ()


def test_texts_at_every_depth_are_masked() -> None:
    """In fields, lists and mappings with their keys; words of enumerations stay."""
    hide = masker(["s3cret"])
    assert hide is not None

    masked = masked_throughout(Part("a s3cret", Choice.SECRET, ({"s3cret": ["x", "s3cret"]},)), hide)

    assert masked == Part("a ***", Choice.SECRET, ({"***": ["x", "***"]},))
    assert masked.choice is Choice.SECRET


@pytest.mark.parametrize("written", [SECRET, base64.b64encode(SECRET.encode()).decode()])
def test_a_secret_that_ends_in_a_line_break_is_found_without_it(written: str) -> None:
    """As those do that are read from files: clients send them without."""
    hide = masker([f" {SECRET}\n"])

    assert hide is not None
    assert hide(f"Bearer {written}.").startswith("Bearer ***")
