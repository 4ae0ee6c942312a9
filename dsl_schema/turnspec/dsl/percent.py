"""Shares of a whole, written with a percent sign, as exact decimals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from turnspec.dsl.quantities import Quantity
from turnspec.dsl.refusals import refusal

_WRITTEN = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,6})?|100(?:\.0{1,6})?) ?%")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_WORD = re.compile(rf"({_NUMBER.pattern}) ?(?:per ?cents?|percents?|pct)", re.IGNORECASE)
_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True, order=True)
class Percent(Quantity):
    """A share from 0 % to 100 %, exactly as written."""

    FORM = _WRITTEN.pattern
    DESCRIPTION = "a share with its sign: 10 %, 2.5 %"

    of_hundred: Decimal

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `10 %` or `2.5%`.

        Raises:
            PydanticCustomError: kind `missing-percent` for a bare number, `bad-percent` for all else.
        """
        if isinstance(written, cls):
            return written
        text = written.strip() if isinstance(written, str) else written
        if isinstance(text, str) and (found := _WRITTEN.fullmatch(text)):
            return cls(Decimal(found[1]))
        if isinstance(text, bool) or not isinstance(text, int | float | str):
            raise refusal("bad-percent", "a percentage is a number and %", hint="write 10 % or 2.5 %")
        if not isinstance(text, str) or _NUMBER.fullmatch(text):
            raise _without_sign(text)
        raise refusal(
            "bad-percent",
            f"'{text}' is not a percentage",
            hint="write a number from 0 to 100 and %: 10 %",
            suggestion=_spelt_out(text),
        )

    @property
    def fraction(self) -> float:
        """The same share of one: 0.1 for 10 %."""
        return float(self.of_hundred / _WHOLE)

    def __str__(self) -> str:
        return f"{_plain(self.of_hundred)} %"


def _without_sign(number: object) -> Exception:
    """The error for a bare number, which may be meant of a hundred or of one."""
    text = str(number)
    hint = f"write '{text} %'" if _NUMBER.fullmatch(text) else "write a number from 0 to 100 and %: 10 %"
    if _NUMBER.fullmatch(text) and 0 < Decimal(text) < 1:
        hint = f"write '{_plain(Decimal(text) * _WHOLE)} %' or '{text} %'"
    return refusal("missing-percent", f"{text} has no percent sign", hint=hint)


def _spelt_out(text: str) -> str | None:
    """The percentage that was meant by `10 percent`."""
    found = _WORD.fullmatch(text)
    return None if found is None else f"{found[1]} %"


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
