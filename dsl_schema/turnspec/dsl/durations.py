"""Durations with a unit, as whole microseconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from turnspec.dsl.quantities import Quantity
from turnspec.dsl.refusals import refusal

UNITS_US = {"ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
_WRITTEN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(ms|s|min|h)")
_ENDLESS = re.compile(r"[0-9]{7,}")
_WRITE = "write a number and one of ms, s, min, h: 800 ms, 1.2 s, 2 min"
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True, order=True)
class Duration(Quantity):
    """A length of time, never negative, in whole microseconds."""

    FORM = _WRITTEN.pattern
    DESCRIPTION = "a number and a unit: 800 ms, 1.2 s, 2 min, 1 h"

    us: int

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `800 ms`, `1.2 s`, `2 min` or `1 h`.

        Raises:
            PydanticCustomError: kind `missing-unit` for a bare number, `bad-duration` for all else.
        """
        if isinstance(written, cls):
            return written
        text = written.strip() if isinstance(written, str) else written
        if isinstance(text, str) and (found := _WRITTEN.fullmatch(text)):
            return cls(int(Decimal(found[1]) * UNITS_US[found[2]]))
        if isinstance(text, bool) or not isinstance(text, int | float | str):
            raise refusal(
                "bad-duration", "a duration is a number and a unit", hint="write 800 ms, 1.2 s or 2 min"
            )
        if not isinstance(text, str) or _NUMBER.fullmatch(text):
            raise _without_unit(text)
        if _WRITTEN.fullmatch(_ENDLESS.sub("9", text)):
            raise refusal("bad-duration", f"'{text}' is longer, or finer, than time is kept", hint=_WRITE)
        raise refusal(
            "bad-duration",
            f"'{text}' is not a duration",
            hint=_WRITE,
            suggestion=near if (near := _spelt_out(text)) != text else None,
        )

    @property
    def seconds(self) -> float:
        """The same length in seconds."""
        return self.us / 1_000_000

    @property
    def ms(self) -> float:
        """The same length in milliseconds."""
        return self.us / 1_000

    def __str__(self) -> str:
        for unit in ("h", "min", "s"):
            if self.us and self.us % UNITS_US[unit] == 0:
                return f"{self.us // UNITS_US[unit]} {unit}"
        if self.us >= UNITS_US["s"]:
            return f"{_plain(self.us, 's')} s"
        return f"{_plain(self.us, 'ms')} ms"


def _spelt_out(text: str) -> str | None:
    """The duration that was meant by `5 sec` or `2 minutes`."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(m|s|h)([a-z]*)", text, re.IGNORECASE)
    if found is None:
        return None
    letter, rest = found[2].lower(), found[3].lower()
    unit = {"s": "s", "h": "h"}.get(letter) or ("ms" if rest.startswith(("s", "il")) else "min")
    return f"{found[1]} {unit}"


def _plain(us: int, unit: str) -> str:
    return format((Decimal(us) / UNITS_US[unit]).normalize(), "f")


def _without_unit(number: object) -> Exception:
    return refusal("missing-unit", f"{number} has no unit", hint=f"write '{number} ms' or '{number} s'")
