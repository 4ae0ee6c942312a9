"""Results of repeated runs: how many held, and how long things took over all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from turnspec.results.finding import Finding, Measurement
from turnspec.results.outcome import Outcome

WHOLE_PPM = 1_000_000
Z_95 = 1.959963984540054  # of the normal distribution: 95 % lie within so many standard deviations


@dataclass(frozen=True, slots=True)
class Distribution:
    """One time over the runs of a group, and its percentiles against their limits.

    `values_us` are in rising order, those that are only known to be at least so long (`censored` of them)
    among them; `missing` counts where there was nothing to measure.
    """

    name: str
    where: str  # the turn's name, "every turn", or "" for the call as a whole
    values_us: tuple[int, ...] = ()
    censored: int = 0
    missing: int = 0
    percentiles: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupResult:
    """All runs of one scenario (and row, target, protocol, clock), which count together.

    `id` is the `group` of its calls. `wanted_ppm` is the share that had to hold, in millionths. Runs that
    could not be judged (`errors`) and those that were not made (`skipped`) are no part of the rate.
    """

    id: str
    name: str
    file: str
    line: int
    target: str
    protocol: str
    clock: str
    outcome: Outcome
    runs: int
    held: int
    failed: int
    errors: int
    skipped: int
    wanted_ppm: int
    distributions: tuple[Distribution, ...] = ()
    findings: tuple[Finding, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""

    @property
    def judged(self) -> int:
        """How many runs say something about the agent."""
        return self.held + self.failed

    @property
    def rate_ppm(self) -> int | None:
        """The share that held, in millionths, rounded down; None where no run could be judged."""
        return self.held * WHOLE_PPM // self.judged if self.judged > 0 else None

    @property
    def interval_ppm(self) -> tuple[int, int] | None:
        """Where the true rate lies with 95 % confidence, by Wilson's score."""
        if not 0 <= self.held <= self.judged or not self.judged:
            return None
        low, high = wilson(self.held, self.judged)
        return math.floor(low * WHOLE_PPM), math.ceil(high * WHOLE_PPM)

    @property
    def enough_held(self) -> bool:
        """Whether the rate is what was wanted, exactly."""
        return self.held * WHOLE_PPM >= self.wanted_ppm * self.judged

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """All percentiles."""
        return tuple(each for distribution in self.distributions for each in distribution.percentiles)


def wilson(held: int, judged: int) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson's score: it stays within 0 and 1, and serves few runs too."""
    share, z2 = held / judged, Z_95 * Z_95
    middle = (share + z2 / (2 * judged)) / (1 + z2 / judged)
    half = Z_95 / (1 + z2 / judged) * math.sqrt(share * (1 - share) / judged + z2 / (4 * judged * judged))
    # Rounded, the sums miss 0 and 1 by a hair where none or all held.
    low = middle - half if held else 0.0
    return low, middle + half if held < judged else 1.0
