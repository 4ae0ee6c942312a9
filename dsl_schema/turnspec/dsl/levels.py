"""Levels of sound and offsets of clocks: ratios in dB, levels below full scale in dBFS, and ppm."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Self, TypeVar

from pydantic import AfterValidator

from turnspec.dsl.quantities import Quantity
from turnspec.dsl.refusals import refusal

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_FULL: Final = 32_768  # of 16-bit samples
_WRITE: Final = "write a number, with one digit behind the point at most, and its unit"


def _found(written: object, form: str, unit: str, kind: str, what: str, hint: str) -> float:
    is_one = isinstance(written, str | int | float) and not isinstance(written, bool)
    text = str(written).strip() if is_one else ""
    if found := re.fullmatch(form, text):
        return float(found[1])
    if _NUMBER.fullmatch(text):
        raise refusal("missing-unit", f"{text} has no unit", hint=f"write '{text} {unit}'")
    shown = repr(written) if is_one else "this"
    meant = _respelt(text, form, unit)
    raise refusal(kind, f"{shown} is not {what}", hint="" if meant else hint, suggestion=meant)


def _respelt(text: str, form: str, unit: str) -> str | None:
    """What was meant by `15 db`, or by dB where a level has dBFS; None where that cannot be told."""
    found = re.fullmatch(rf"({_NUMBER.pattern}) ?(ppm|db|decibels?|dbfs)", text, re.IGNORECASE)
    if found is None or (found[2].lower() == "ppm") is not (unit == "ppm"):
        return None
    meant = f"{found[1]} {unit}"
    return meant if re.fullmatch(form, meant) else None


@dataclass(frozen=True, slots=True, order=True)
class _Tenths(Quantity):
    """A level in tenths of its unit; `WHAT` says what it is, where something else is written."""

    UNIT: ClassVar[str]
    WHAT: ClassVar[str]
    HINT: ClassVar[str]

    tenths: int

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read a number with the unit, such as `-3.5 dB`.

        Raises:
            PydanticCustomError: kind `missing-unit` for a bare number, `bad-level` for all else.
        """
        if isinstance(written, cls):
            return written
        return cls(round(_found(written, cls.FORM, cls.UNIT, "bad-level", cls.WHAT, cls.HINT) * 10))

    def __str__(self) -> str:
        whole, part = divmod(abs(self.tenths), 10)
        return f"{'-' if self.tenths < 0 else ''}{whole}{f'.{part}' if part else ''} {self.UNIT}"


class Decibels(_Tenths):
    """A ratio of two levels, in tenths of a decibel."""

    __slots__ = ()

    FORM = r"([+-]?[0-9]{1,4}(?:\.[0-9])?) ?dB"
    DESCRIPTION = "a ratio of two levels: 15 dB, -6 dB"
    UNIT, WHAT, HINT = "dB", "a ratio of two levels", f"{_WRITE}: 15 dB, -6.5 dB"

    @property
    def factor(self) -> float:
        """The ratio of the two amplitudes."""
        return float(10 ** (self.tenths / 200))


class FullScale(_Tenths):
    """A level below the loudest sample there is, in tenths of a decibel."""

    __slots__ = ()

    FORM = r"(-?[0-9]{1,4}(?:\.[0-9])?) ?dBFS"
    DESCRIPTION = "a level below full scale: -3 dBFS"
    UNIT, WHAT, HINT = "dBFS", "a level below full scale", f"{_WRITE}: -3 dBFS"

    @property
    def amplitude(self) -> float:
        """In 16-bit samples."""
        return float(_FULL * 10 ** (self.tenths / 200))


@dataclass(frozen=True, slots=True, order=True)
class Ppm(Quantity):
    """By how many millionths a clock is fast; a slow one has a negative number."""

    FORM = r"([+-]?[0-9]{1,9}) ?ppm"
    DESCRIPTION = "by how much a clock is fast: 100 ppm; slow: -100 ppm"

    millionths: int

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `100 ppm` or `-40 ppm`.

        Raises:
            PydanticCustomError: kind `missing-unit` for a bare number, `bad-drift` for all else.
        """
        if isinstance(written, cls):
            return written
        hint = "write a whole number of millionths: 100 ppm is 6 ms in a minute"
        return cls(round(_found(written, cls.FORM, "ppm", "bad-drift", "an offset of a clock", hint)))

    def __str__(self) -> str:
        return f"{self.millionths} ppm"


Level = TypeVar("Level", Decibels, FullScale, Ppm)


def within(least: Level, most: Level, what: str) -> Callable[[Level], Level]:
    """A check that what is written lies between two bounds; `what` says of whom that is."""

    def checked(written: Level) -> Level:
        if not least <= written <= most:
            raise refusal("out-of-range", f"{written} is no {what}", hint=f"write {least} to {most}")
        return written

    return checked


Gain = Annotated[Decibels, AfterValidator(within(Decibels(-400), Decibels(400), "gain of a line"))]
Ratio = Annotated[Decibels, AfterValidator(within(Decibels(-200), Decibels(600), "ratio of voice to noise"))]
EchoLevel = Annotated[Decibels, AfterValidator(within(Decibels(-600), Decibels(0), "level of an echo"))]
ClipLevel = Annotated[FullScale, AfterValidator(within(FullScale(-400), FullScale(0), "level to clip at"))]
ToneLevel = Annotated[
    FullScale, AfterValidator(within(FullScale(-400), FullScale(-60), "level of two tones"))
]
Drift = Annotated[Ppm, AfterValidator(within(Ppm(-1_000), Ppm(1_000), "clock of a telephone"))]
