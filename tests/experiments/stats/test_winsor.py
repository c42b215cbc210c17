from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.mstats import winsorize

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Sums
from experiments.stats.winsor import Bounds, bounds_at, winsorised, winsorised_pairs
from tests.experiments.stats.strategies import from_pairs, from_values

values = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=60)


@given(values, st.sampled_from([0.5, 0.9, 0.99, 0.999]))
def test_the_bound_is_numpys_quantile_without_interpolation(rows: list[int], share: float) -> None:
    expected = np.quantile(np.array(rows), share, method="inverted_cdf")
    assert bounds_at(rows, upper=share).upper == expected


def test_a_share_is_the_number_that_is_written() -> None:
    # in floats 0.07 of 100 is 7.000000000000001, and the seventh value would be missed
    assert bounds_at(range(1, 101), upper=0.07) == Bounds(None, 7)
    assert bounds_at(range(1, 1001), upper=0.999) == Bounds(None, 999)
    assert bounds_at(range(1, 1001), lower=0.999) == Bounds(2, None)


def test_scipy_winsorises_to_the_same_values() -> None:
    rows = np.random.default_rng(1).permutation(1000)
    kept = winsorised(rows.tolist(), bounds_at(rows.tolist(), lower=0.95, upper=0.98), scale=1)
    expected = winsorize(rows, limits=(0.05, 0.02))
    assert kept.sums == from_values([int(v) for v in expected])
    assert kept.capped == 70


def test_one_outlier_is_brought_to_the_bound() -> None:
    kept = winsorised([1, 2, 3, 10**12], Bounds(upper=100), scale=1)
    assert (kept.sums, kept.capped) == (Sums(4, 106, 10_014, 1), 1)


def test_a_floor_lifts_refunds() -> None:
    assert winsorised([-500, 5], Bounds(lower=-10), scale=1).sums.total == -5


@given(values)
def test_without_bounds_nothing_changes(rows: list[int]) -> None:
    kept = winsorised(rows, Bounds(), scale=1)
    assert (kept.sums, kept.capped) == (from_values(rows), 0)


@given(values, st.integers(-100, 100))
def test_capping_never_adds_to_the_variance(rows: list[int], cap: int) -> None:
    if len(rows) > 1:
        assert winsorised(rows, Bounds(upper=cap), scale=1).sums.variance <= from_values(rows).variance


def test_both_halves_of_a_ratio_are_capped() -> None:
    sums = winsorised_pairs([(5, 50), (900, 7000), (1, 1)], Bounds(upper=10), Bounds(upper=100), scale=1)
    assert sums == from_pairs([(5, 50), (10, 100), (1, 1)])


def test_without_values_there_is_no_quantile() -> None:
    with pytest.raises(NotEnoughData, match="there is none"):
        bounds_at([], upper=0.9)


def test_bounds_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="lower == 2, must be <= upper == 1"):
        Bounds(2, 1)
    with pytest.raises(ValueError, match=r"upper == 1\.5"):
        bounds_at([1], upper=1.5)
