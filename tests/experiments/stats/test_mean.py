from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from experiments.errors import NotEnoughData
from experiments.stats import mean
from experiments.stats.estimate import Sums
from tests.experiments.stats.strategies import answer_or_none, from_values, sums

FIRST = [275, 210, 190, 236, 170, 179, 248, 222, 182, 241, 232, 214, 280, 195, 305]
SECOND = [221, 208, 184, 201, 227, 182, 185, 232, 196, 211, 187, 209, 236, 162, 252]

values = st.lists(st.integers(-1000, 1000), min_size=2, max_size=40)


def witness(control: list[int], treatment: list[int]) -> CompareMeans:
    return CompareMeans(DescrStatsW(np.array(treatment, float)), DescrStatsW(np.array(control, float)))


def test_the_test_and_the_interval_are_statsmodels_welch() -> None:
    compare = witness(FIRST, SECOND)
    control, treatment = from_values(FIRST), from_values(SECOND)
    lower, upper = compare.tconfint_diff(alpha=0.05, usevar="unequal")
    answer = mean.difference(control, treatment, 0.95)
    assert (answer.interval.lower, answer.interval.upper) == (pytest.approx(lower), pytest.approx(upper))
    t, p_value, _ = compare.ttest_ind(usevar="unequal")
    test = mean.difference_test(control, treatment)
    assert (test.statistic, test.p_value) == (pytest.approx(t), pytest.approx(p_value))
    assert test.method == "welch_t"


def test_students_sleep_data_have_their_published_welch_test() -> None:
    # R's ?t.test, extra ~ group: t = -1.8608, df = 17.776, p-value = 0.07939, -3.3654832 to 0.2054832
    # (so says R 4.2.2, which was run)
    first = from_values([7, -16, -2, -12, -1, 34, 37, 8, 0, 20], scale=10)
    second = from_values([19, 8, 11, 1, -1, 44, 55, 16, 46, 34], scale=10)
    test = mean.difference_test(first, second)
    assert test.statistic == pytest.approx(1.8608, abs=5e-5)
    assert test.p_value == pytest.approx(0.07939, abs=5e-6)
    assert mean.welch(first, second).freedom == pytest.approx(17.776, abs=5e-4)
    interval = mean.difference(first, second, 0.95).interval
    assert (interval.lower, interval.upper) == (pytest.approx(-0.2054832), pytest.approx(3.3654832))


def test_a_mean_has_students_interval() -> None:
    lower, upper = DescrStatsW(np.array(FIRST, float)).tconfint_mean(alpha=0.1)
    answer = mean.mean(from_values(FIRST), 0.9)
    assert (answer.interval.lower, answer.interval.upper) == (pytest.approx(lower), pytest.approx(upper))


@settings(deadline=None)
@given(st.lists(st.integers(300, 1000), min_size=2, max_size=40), values, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_relative_interval_leaves_out_0_exactly_when_the_test_rejects(
    first: list[int], second: list[int], level: float
) -> None:
    control, treatment = from_values(first), from_values(second)
    lift = answer_or_none(lambda: mean.relative(control, treatment, level))
    assume(lift is not None)
    p_value = mean.difference_test(control, treatment).p_value
    assume(abs(p_value - (1 - level)) > 1e-9)
    assert lift.interval.contains(0.0) == (p_value > 1 - level)
    assert lift.interval.contains(lift.estimate)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([], [1, 2], "at least two participants; there are 0"),
        ([1], [1, 2], "at least two participants; there are 1"),
        ([1, 1], [2, 2], "same within each variant"),
    ],
)
def test_what_has_no_spread_says_so(first: list[int], second: list[int], reason: str) -> None:
    pair = from_values(first), from_values(second)
    for question in (mean.difference, mean.relative):
        with pytest.raises(NotEnoughData, match=reason):
            question(*pair, 0.95)
    with pytest.raises(NotEnoughData, match=reason):
        mean.difference_test(*pair)


def test_one_variant_without_spread_is_told_so() -> None:
    with pytest.raises(NotEnoughData, match="same value"):
        mean.mean(from_values([3, 3, 3]), 0.95)


@pytest.mark.parametrize("control", [[-5, -4, -6], [-1, 0, 1]])
def test_a_lift_over_a_mean_not_above_0_is_not_given(control: list[int]) -> None:
    with pytest.raises(NotEnoughData, match="not clearly above 0"):
        mean.relative(from_values(control), from_values([1, 2, 3]), 0.95)


@settings(deadline=None)
@given(sums(), sums(), st.floats(0.5, 0.999))
def test_any_sums_have_an_answer_or_a_reason(control: Sums, treatment: Sums, level: float) -> None:
    for question in (
        lambda: mean.mean(control, level),
        lambda: mean.difference(control, treatment, level),
        lambda: mean.relative(control, treatment, level),
    ):
        answer = answer_or_none(question)
        assert answer is None or (
            math.isfinite(answer.estimate) and answer.interval.contains(answer.estimate)
        )


@settings(deadline=None)
@given(sums(least=2), sums(least=2))
def test_any_sums_have_a_p_value_or_a_reason(control: Sums, treatment: Sums) -> None:
    test = answer_or_none(lambda: mean.difference_test(control, treatment))
    assert test is None or (0 <= test.p_value <= 1 and math.isfinite(test.statistic or 0.0))


def test_scipy_on_the_rows_agrees_to_the_last_digits() -> None:
    generator = np.random.default_rng(1)
    first, second = (generator.integers(0, 10**7, size) for size in (3000, 2000))
    pair = (from_values([int(v) for v in rows], scale=10**6) for rows in (first, second))
    expected = stats.ttest_ind(second / 1e6, first / 1e6, equal_var=False)
    assert mean.difference_test(*pair).p_value == pytest.approx(expected.pvalue, rel=1e-10)
