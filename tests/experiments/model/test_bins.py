"""Tests of bins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.model.bins import COARSE, FINE, bin_of, digits_of
from experiments.model.metric import Metric
from tests.factories import a_metric

values = st.integers(-(10**24), 10**24)
digits = st.sampled_from([COARSE, 2, FINE])


@pytest.mark.parametrize(
    ("value", "edge"),
    [
        *[(0, 0), (7, 7), (999, 999), (1_000, 1_000), (1_001, 1_010), (12_341, 12_400), (12_400, 12_400)],
        *[(99_901, 100_000), (-5, -5), (-12_341, -12_400), (10**24 - 1, 10**24)],
    ],
)
def test_an_edge_is_the_value_rounded_up_to_three_digits(value: int, edge: int) -> None:
    assert bin_of(value) == edge


@given(values, digits)
def test_an_edge_is_its_own_bin(value: int, digits: int) -> None:
    assert bin_of(bin_of(value, digits), digits) == bin_of(value, digits)


@given(values, digits)
def test_an_edge_lies_beyond_its_value_by_less_than_one_step(value: int, digits: int) -> None:
    edge = bin_of(value, digits)
    assert abs(edge) >= abs(value)
    assert (abs(edge) - abs(value)) * 10 ** (digits - 1) <= abs(value)
    assert (edge > 0) == (value > 0)


@given(values, values, digits)
def test_bins_keep_the_order_of_values(one: int, other: int, digits: int) -> None:
    lower, upper = sorted((one, other))
    assert bin_of(lower, digits) <= bin_of(upper, digits)


@given(st.integers(1, 10**12))
def test_a_decade_has_at_most_nine_hundred_bins(value: int) -> None:
    edge = bin_of(value)
    assert edge % 10 ** max(0, len(str(edge)) - FINE) == 0


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (a_metric(), None),
        (a_metric(kind="retention", event="use", from_day=1, to_day=2), None),
        (a_metric(kind="ratio", numerator={"event": "a"}, denominator={"event": "b"}), None),
        (a_metric(kind="mean", event="recharge"), COARSE),
        (a_metric(kind="mean", event="recharge", cap_value=5), None),
        (a_metric(kind="mean", event="recharge", cap_quantile=0.99), FINE),
        (a_metric(kind="time", event="recharge"), FINE),
        (a_metric(kind="quantile", event="recharge"), FINE),
    ],
)
def test_only_metrics_that_need_a_distribution_have_bins(metric: Metric, expected: int | None) -> None:
    assert digits_of(metric) == expected
