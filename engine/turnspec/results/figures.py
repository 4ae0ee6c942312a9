"""Numbers about a whole call that no budget limits: how it was delivered, who spoke how much."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a figure is counted in."""

    SHARE = "ppm"  # millionths
    TIME = "us"
    COUNT = "count"
    RATE = "words/min"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number about a call; None where it could not be taken, and `why`.

    `samples` is how many single values it was made of; 0 where that says nothing.
    """

    name: str
    unit: Unit
    value: int | None
    why: str = ""
    samples: int = 0
    at_us: int | None = None  # where in the call it was so
