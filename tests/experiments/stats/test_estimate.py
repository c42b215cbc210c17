from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Counts, Interval, Sums, check_level
from tests.experiments.stats.strategies import from_values


@pytest.mark.parametrize(
    ("participants", "conversions", "message"),
    [
        (-1, 0, "participants == -1, must be >= 0"),
        (10**12 + 1, 0, "must be >= 0 and <= 1000000000000"),
        (5, -1, "conversions == -1, must be >= 0"),
        (5, 6, "conversions == 6, must be >= 0 and <= participants == 5"),
    ],
)
def test_impossible_counts_are_refused_with_field_value_and_bound(
    participants: int, conversions: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Counts(participants, conversions)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 0), "participants == -1"),
        ((2, 0, -1), "squares == -1"),
        ((2, 0, 10**101), r"squares == 10+, must be >= 0 and <= 10\*\*100"),
        ((2, 3, 4), r"squares == 4, must be >= total² / participants"),
        ((0, 1, 1), r"squares == 1, must be >= total² / participants"),
        ((2, 0, 0, 0), "scale == 0, must be >= 1"),
    ],
)
def test_impossible_sums_are_refused_with_field_value_and_bound(
    arguments: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Sums(*arguments)


def test_counts_add_up() -> None:
    assert Counts(10, 3) + Counts(5, 5) == Counts(15, 8)


def test_a_rate_without_participants_is_not_a_number_but_an_answer() -> None:
    with pytest.raises(NotEnoughData, match="at least one participant"):
        _ = Counts(0, 0).rate


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30))
def test_mean_and_variance_are_those_of_the_values(values: list[int]) -> None:
    sums = from_values(values)
    assert sums.mean == statistics.fmean(values)
    assert sums.variance == pytest.approx(statistics.variance(values), rel=1e-12)


def test_the_variance_of_a_billion_nearly_equal_values_does_not_cancel() -> None:
    half = 5 * 10**8
    low, high = 10**12, 10**12 + 1
    sums = Sums(2 * half, half * (low + high), half * (low**2 + high**2), 1)
    assert sums.variance == pytest.approx(0.25, rel=1e-8)


def test_values_are_in_their_own_unit_whatever_the_scale() -> None:
    sums = from_values([1_500_000, 2_500_000], scale=1_000_000)
    assert sums.mean == 2.0
    assert sums.variance == 0.5


@given(st.lists(st.integers(-99, 99), max_size=9), st.lists(st.integers(-99, 99), max_size=9))
def test_sums_of_two_tallies_are_the_sums_of_all_values(first: list[int], second: list[int]) -> None:
    assert from_values(first) + from_values(second) == from_values(first + second)


def test_sums_of_two_scales_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="scale == 100, must be 1:"):
        _ = Sums(1, 1, 1, 1) + Sums(1, 1, 1, 100)


@pytest.mark.parametrize("participants", [0, 1])
def test_a_variance_needs_two_participants(participants: int) -> None:
    with pytest.raises(NotEnoughData, match=f"there are {participants}"):
        _ = Sums(participants, 0, 0).variance


def test_a_mean_needs_a_participant() -> None:
    with pytest.raises(NotEnoughData, match="at least one participant"):
        _ = Sums(0, 0, 0).mean


@pytest.mark.parametrize(("lower", "upper"), [(math.nan, 1.0), (0.0, math.inf), (-math.inf, 0.0), (2.0, 1.0)])
def test_an_interval_has_two_finite_bounds_in_order(lower: float, upper: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Interval(lower, upper)


def test_an_interval_contains_its_bounds_and_no_more() -> None:
    interval = Interval(-1.0, 1.0)
    assert interval.contains(-1.0)
    assert interval.contains(1.0)
    assert not interval.contains(1.0000001)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 95.0, math.nan])
def test_a_level_is_a_share_strictly_between_0_and_1(level: float) -> None:
    with pytest.raises(ValueError, match="must be > 0 and < 1"):
        check_level(level)
