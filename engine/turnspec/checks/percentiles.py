"""Percentiles of times of which some are only known to be at least so long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value", int, float)
ENDLESS = float("inf")


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured time; `censored`: it is at least this long, and may be any longer."""

    value_us: int
    error_us: int = 0
    censored: bool = False


@dataclass(frozen=True, slots=True)
class Quantile:
    """A percentile with its error bar; `censored`: it is at least this long."""

    value_us: int
    error_us: int
    censored: bool
    rank: int


def quantile(samples: Sequence[Sample], percentile: int) -> Quantile:
    """The nearest-rank percentile: the shortest sample that so many percent of all do not exceed.

    Where a censored sample could move it, were it as long as can be, it is known as a lower bound only. Its
    error bar reaches to where it would be if every sample were off by its own error in the same direction.
    """
    rank = -(-percentile * len(samples) // 100)

    def ranked(values: Iterable[Value]) -> Value:
        return sorted(values)[rank - 1]

    value = ranked(sample.value_us for sample in samples)
    longest = ranked(ENDLESS if sample.censored else float(sample.value_us) for sample in samples)
    low = ranked(sample.value_us - sample.error_us for sample in samples)
    high = ranked(sample.value_us + sample.error_us for sample in samples)
    return Quantile(value, max(value - low, high - value), longest != value, rank)
