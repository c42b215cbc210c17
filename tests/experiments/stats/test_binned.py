"""Tests of values by bins: against the same values in a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.model.bins import bin_of
from experiments.stats import quantile
from experiments.stats.binned import Bin, BinnedValues
from experiments.stats.quantile import BinnedQuantile

values = st.lists(st.integers(-(10**18), 10**18), min_size=1, max_size=60)


def binned(found: list[int], digits: int = 3) -> BinnedValues:
    """These values by bins, each counted."""
    bins: dict[int, Bin] = {}
    for value in found:
        edge = bin_of(value, digits)
        one = Bin(edge, 1, 1, value, value * value)
        bins[edge] = bins[edge] + one if edge in bins else one
    return BinnedValues.of(bins.values(), scale=1)


@given(values)
def test_a_rank_gives_the_value_of_that_rank_to_within_its_bin(found: list[int]) -> None:
    ordered, by_bin = sorted(found), binned(found)
    assert len(by_bin) == len(found)
    for rank, value in enumerate(ordered, start=1):
        assert abs(by_bin.at(rank) - value) <= abs(bin_of(value)) * 0.0100001


@given(values)
def test_higher_ranks_have_no_lower_values(found: list[int]) -> None:
    by_bin = binned(found, digits=1)
    ranked = [by_bin.at(rank) for rank in range(1, len(found) + 1)]
    assert ranked == sorted(ranked)


@given(values, values)
def test_two_add_up_to_one(one: list[int], other: list[int]) -> None:
    assert binned(one) + binned(other) == binned(one + other)


@given(st.lists(st.sampled_from([0, 5, 19_900_000, 20_000_000, -7_500_000]), min_size=12, max_size=80))
def test_where_values_repeat_it_is_the_row_itself(found: list[int]) -> None:
    by_bin = binned(found)
    for share in (0.1, 0.5, 0.9):
        assert quantile.at(by_bin, share) == pytest.approx(quantile.at(found, share), rel=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_quantile_interval_and_variance_are_near_those_of_the_row(share: float) -> None:
    found = np.random.default_rng(7).lognormal(16, 1, 3_000).astype(int).tolist()
    row, by_bin = quantile.quantile(found, share, 0.95), quantile.quantile(binned(found), share, 0.95)
    assert by_bin.estimate == pytest.approx(row.estimate, rel=0.002)
    assert by_bin.interval.lower == pytest.approx(row.interval.lower, rel=0.002)
    assert by_bin.interval.upper == pytest.approx(row.interval.upper, rel=0.002)
    one, other = quantile.moments(found, share), quantile.moments(binned(found), share)
    assert other.variance == pytest.approx(one.variance, rel=0.05)


def test_very_many_values_in_one_bin_still_have_a_spread() -> None:
    found = list(range(10_000_000, 10_009_000))  # all of them in two bins
    row, by_bin = quantile.moments(found, 0.5), quantile.moments(binned(found), 0.5)
    assert by_bin.mean == pytest.approx(row.mean, rel=1e-6)
    assert by_bin.variance == pytest.approx(row.variance, rel=0.01)


def test_equal_values_have_none() -> None:
    with pytest.raises(NotEnoughData, match="same value"):
        quantile.moments(binned([20] * 100), 0.5)


def test_only_the_values_that_are_meant_have_ranks() -> None:
    part = BinnedValues.of([Bin(0, 1, 50, 0, 0), Bin(7, 2, 2, 14, 98)], scale=1)
    assert [part.at(rank) for rank in (1, 2, 3)] == [0, 7, 7]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Bin(5, 3, 2, 10, 50),
        lambda: Bin(5, 1, 2, 10, 49),
        lambda: Bin(5, 1, 1, 5, 25) + Bin(6, 1, 1, 6, 36),
        lambda: BinnedValues((Bin(5, 1, 1, 5, 25), Bin(5, 1, 1, 5, 25))),
        lambda: BinnedValues((), 1) + BinnedValues((), 2),
        lambda: BinnedQuantile(BinnedValues(()), 0.5, 0) + BinnedQuantile(BinnedValues(()), 0.6, 0),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="must"):
        wrong()  # type: ignore[operator]


def test_no_value_has_no_quantile() -> None:
    with pytest.raises(NotEnoughData):
        quantile.at(BinnedValues(()), 0.5)
