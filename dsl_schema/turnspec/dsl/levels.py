"""Levels of sound and offsets of clocks: ratios in dB, levels below full scale in dBFS, and ppm."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Self, TypeVar

from pydantic import AfterValidator

from turnspec.dsl.quantities import Quantity
from turnspec.dsl.refusals import refusal

_RATIO = re.compile(r"([+-]?[0-9]{1,2}(?:\.[0-9])?) ?dB")
_FULL_SCALE = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9])?) ?dBFS")
_PPM = re.compile(r"([+-]?[0-9]{1,4}) ?ppm")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_FULL: Final = 32_768  # of 16-bit samples


def _found(written: object, form: re.Pattern[str], unit: str, kind: str, what: str, hint: str) -> float:
    text = str(written).strip() if isinstance(written, str | int | float) else ""
    if not isinstance(written, bool) and (found := form.fullmatch(text)):
        return float(found[1])
    if not isinstance(written, bool) and _NUMBER.fullmatch(text):
        raise refusal("missing-unit", f"{text} has no unit", hint=f"write '{text} {unit}'")
    raise refusal(kind, f"{written!r} is not {what}", hint=hint)


def _shown(tenths: int) -> str:
    whole, part = divmod(abs(tenths), 10)
    return f"{'-' if tenths < 0 else ''}{whole}{f'.{part}' if part else ''}"


@dataclass(frozen=True, slots=True, order=True)
class Decibels(Quantity):
    """A ratio of two levels, in tenths of a decibel."""

    FORM = _RATIO.pattern
    DESCRIPTION = "a ratio of two levels: 15 dB, -6 dB"

    tenths: int

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `15 dB` or `-3.5 dB`.

        Raises:
            PydanticCustomError: kind `missing-unit` for a bare number, `bad-level` for all else.
        """
        if isinstance(written, cls):
            return written
        hint = "write it with its unit: 15 dB, -6 dB"
        return cls(round(_found(written, _RATIO, "dB", "bad-level", "a ratio of two levels", hint) * 10))

    @property
    def factor(self) -> float:
        """The ratio of the two amplitudes."""
        return float(10 ** (self.tenths / 200))

    def __str__(self) -> str:
        return f"{_shown(self.tenths)} dB"


@dataclass(frozen=True, slots=True, order=True)
class FullScale(Quantity):
    """A level below the loudest sample there is, in tenths of a decibel."""

    FORM = _FULL_SCALE.pattern
    DESCRIPTION = "a level below full scale: -3 dBFS"

    tenths: int

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `-3 dBFS`.

        Raises:
            PydanticCustomError: kind `missing-unit` for a bare number, `bad-level` for all else.
        """
        if isinstance(written, cls):
            return written
        what, hint = "a level below full scale", "write it with its unit: -3 dBFS"
        return cls(round(_found(written, _FULL_SCALE, "dBFS", "bad-level", what, hint) * 10))

    @property
    def amplitude(self) -> float:
        """In 16-bit samples."""
        return float(_FULL * 10 ** (self.tenths / 200))

    def __str__(self) -> str:
        return f"{_shown(self.tenths)} dBFS"


@dataclass(frozen=True, slots=True, order=True)
class Ppm(Quantity):
    """By how many millionths a clock is fast; a slow one has a negative number."""

    FORM = _PPM.pattern
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
        return cls(round(_found(written, _PPM, "ppm", "bad-drift", "an offset of a clock", hint)))

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
