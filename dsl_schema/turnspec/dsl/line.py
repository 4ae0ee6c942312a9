"""What the caller's line does to the caller's voice on its way to the agent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.durations import Duration
from turnspec.dsl.percent import Percent
from turnspec.dsl.quantities import Quantity
from turnspec.dsl.refusals import refusal

MOST_DELAY = Duration(2_000_000)
"""How long a line may take to bring what the caller says; jitter may add as much."""

_DECIBELS = re.compile(r"(-?[0-9]{1,2}(?:\.[0-9])?) ?dB")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True, order=True)
class Decibels(Quantity):
    """A ratio of two levels, in tenths of a decibel."""

    FORM = _DECIBELS.pattern
    DESCRIPTION = "how much louder the voice is than the noise: 15 dB"

    tenths: int

    @classmethod
    def parse(cls, written: object) -> Self:
        """Read `15 dB` or `-3.5 dB`.

        Raises:
            PydanticCustomError: kind `missing-unit` for a bare number, `bad-level` for all else.
        """
        if isinstance(written, cls):
            return written
        text = str(written).strip() if isinstance(written, str | int | float) else ""
        if not isinstance(written, bool) and (found := _DECIBELS.fullmatch(text)):
            return cls(round(float(found[1]) * 10))
        if not isinstance(written, bool) and _NUMBER.fullmatch(text):
            raise refusal("missing-unit", f"{text} has no unit", hint=f"write '{text} dB'")
        hint = "write how much louder the voice is than the noise: 15 dB"
        raise refusal("bad-level", f"{written!r} is not a ratio of two levels", hint=hint)

    @property
    def factor(self) -> float:
        """The ratio of the two amplitudes."""
        return float(10 ** (self.tenths / 200))

    def __str__(self) -> str:
        whole, part = divmod(abs(self.tenths), 10)
        return f"{'-' if self.tenths < 0 else ''}{whole}{f'.{part}' if part else ''} dB"


def _bounded(delay: Duration) -> Duration:
    if delay > MOST_DELAY:
        raise refusal("bad-delay", f"no line takes {delay}", hint=f"write at most {MOST_DELAY}")
    return delay


Delay = Annotated[Duration, AfterValidator(_bounded)]


class Noise(Model):
    """A recording that is heard behind the caller, over and over."""

    WORD = "noise"

    recording: str = Field(alias="file")
    snr: Decibels

    @property
    def path(self) -> Path:
        """The recording's place on disk."""
        return self.file(self.recording)


class Line(Model):
    """What happens to the caller's voice on its way; the same seed makes the same of it each time."""

    WORD = "line"

    noise: Noise | None = None
    latency: Delay = Duration(0)
    jitter: Delay = Duration(0)
    loss: Percent | None = None
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31)] = 0

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Say where a line that does nothing, or brings everything too late, is written."""
        if not set(data) - {"seed"}:
            hint = "write noise:, latency:, jitter: or loss:, or take `line` out"
            reading.problem("empty", "this line does nothing to the caller's voice", data.place, hint=hint)
        return data

    @property
    def seeded(self) -> bool:
        """Whether anything about it is drawn by chance."""
        return self.jitter.us > 0 or self.loss is not None
