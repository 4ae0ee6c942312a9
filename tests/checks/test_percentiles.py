"""Percentiles: nearest rank, error bars, and samples that are only known to be at least so long."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.call import Identity
from turnspec.checks.percentiles import Quantile, Sample, quantile
from turnspec.dsl.repeating import LEAST_SAMPLES

PERCENTILES = tuple(LEAST_SAMPLES)
SAMPLES = st.lists(
    st.builds(Sample, st.integers(-1_000, 10_000), st.integers(0, 500), st.booleans()),
    min_size=1,
    max_size=60,
)


def measured(*values: int) -> list[Sample]:
    """Samples without error bars."""
    return [Sample(value) for value in values]


@pytest.mark.parametrize(
    ("percentile", "count", "rank"),
    [(50, 2, 1), (50, 3, 2), (90, 10, 9), (95, 20, 19), (95, 21, 20), (99, 100, 99), (99, 101, 100)],
)
def test_the_nearest_rank_counts(percentile: int, count: int, rank: int) -> None:
    """Of so many samples it is this one, in rising order, whatever the order they came in."""
    samples = measured(*reversed(range(1, count + 1)))

    assert quantile(samples, percentile) == Quantile(rank, 0, censored=False, rank=rank)


@pytest.mark.parametrize("percentile", PERCENTILES)
def test_with_as_few_samples_as_may_be_it_is_not_the_longest(percentile: int) -> None:
    """That is what the least numbers are for."""
    least = LEAST_SAMPLES[percentile]

    assert quantile(measured(*range(least)), percentile).value_us < least - 1


def test_the_error_bar_is_that_of_all_samples_off_at_once() -> None:
    """The neighbour's large error can move the percentile as well as its own."""
    samples = [Sample(100, 1), Sample(110, 50), Sample(120, 1)]

    assert quantile(samples, 50) == Quantile(110, 11, censored=False, rank=2)


def test_a_censored_sample_above_the_percentile_moves_nothing() -> None:
    """However long it really was, the percentile is the same."""
    samples = [*measured(1, 2, 3, 4), Sample(5, censored=True)]

    assert not quantile(samples, 50).censored


def test_a_censored_sample_below_the_percentile_makes_it_a_lower_bound() -> None:
    """It may have been longer than all others, so the percentile is at least this."""
    samples = [Sample(1, censored=True), *measured(2, 3, 4, 5)]

    assert quantile(samples, 50) == Quantile(3, 0, censored=True, rank=3)


@given(SAMPLES, st.sampled_from(PERCENTILES))
def test_a_percentile_is_a_sample_that_enough_others_do_not_exceed(
    samples: list[Sample], percentile: int
) -> None:
    """At least so many percent of the samples are at most it, and fewer are below it."""
    found = quantile(samples, percentile)
    values = [sample.value_us for sample in samples]

    assert found.value_us in values
    assert 100 * sum(value <= found.value_us for value in values) >= percentile * len(values)
    assert 100 * sum(value < found.value_us for value in values) < percentile * len(values)
    assert found.error_us <= max(sample.error_us for sample in samples)


@given(SAMPLES, st.sampled_from(PERCENTILES), st.lists(st.integers(0, 10_000), min_size=60, max_size=60))
def test_a_percentile_that_is_not_censored_is_the_true_one(
    samples: list[Sample], percentile: int, longer: list[int]
) -> None:
    """However long the censored samples really were, it stays; and one that is censored never shrinks."""
    found = quantile(samples, percentile)
    true = [
        Sample(sample.value_us + more * sample.censored)
        for sample, more in zip(samples, longer, strict=False)
    ]
    really = quantile(true, percentile).value_us

    assert really == found.value_us if not found.censored else really >= found.value_us


@pytest.mark.parametrize("count", [200, 400])
@pytest.mark.parametrize("seed", range(10))
def test_the_estimate_is_near_the_true_percentile(seed: int, count: int) -> None:
    """Over seeds: of evenly drawn times, within five standard errors of the share."""
    draws = Identity(str(seed))
    samples = [Sample(draws.below(1_000_000, number)) for number in range(count)]
    for percentile in PERCENTILES:
        share = percentile / 100
        slack = 5 * math.sqrt(share * (1 - share) / count) + 2 / count

        assert abs(quantile(samples, percentile).value_us / 1_000_000 - share) <= slack
