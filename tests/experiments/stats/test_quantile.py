from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.errors import NotEnoughData
from experiments.stats import quantile
from experiments.stats.sequential import confidence_sequence
from tests.experiments.stats.strategies import answer_or_none

numbers = st.lists(
    st.one_of(st.just(0.0), st.integers(0, 9).map(float), st.floats(-1e6, 1e6), st.just(1e12)), max_size=60
)


def test_the_interval_is_scipys_exact_one() -> None:
    values = np.random.default_rng(1).lognormal(3, 1, 157)
    for share in (0.25, 0.5, 0.9):
        for level in (0.8, 0.95):
            answer = quantile.quantile(values, share, level)
            one_sided = [
                stats.quantile_test(values, p=share, alternative=side).confidence_interval(
                    1 - (1 - level) / 2
                )
                for side in ("greater", "less")
            ]
            assert answer.interval.lower == pytest.approx(one_sided[0].low)
            assert answer.interval.upper == pytest.approx(one_sided[1].high)


def test_the_median_of_ten_has_its_textbook_ranks() -> None:
    # ranks 2 and 9 of 10: 97.85 % (David and Nagaraja, table of sign-test intervals)
    answer = quantile.quantile([float(i) for i in range(1, 11)], 0.5, 0.95)
    assert (answer.estimate, answer.interval.lower, answer.interval.upper) == (5.5, 2, 9)
    with pytest.raises(NotEnoughData, match="5 participants are too few"):
        quantile.quantile([1.0, 2, 3, 4, 5], 0.5, 0.95)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_the_variance_is_that_of_the_asymptotic_theory(share: float) -> None:
    """On the quantiles of an exponential themselves: share (1 - share) / density²."""
    n = 40_000
    values = stats.expon.ppf((np.arange(n) + 0.5) / n)
    answer = quantile.moments(values, share)
    assert answer.mean == pytest.approx(-math.log1p(-share), rel=1e-3)
    assert answer.variance == pytest.approx(share * (1 - share) / (1 - share) ** 2, rel=0.02)


def test_resampled_medians_differ_as_the_standard_error_says() -> None:
    generator = np.random.default_rng(2)
    control, treatment = generator.gamma(2, 10, 900), generator.gamma(2, 11, 700)
    medians = [
        np.median(values[generator.integers(0, len(values), (1500, len(values)))], axis=1)
        for values in (control, treatment)
    ]
    answer = quantile.difference(control, treatment, 0.5, 0.95)
    error = (answer.interval.upper - answer.interval.lower) / 2 / 1.96
    assert error == pytest.approx(np.std(medians[1] - medians[0]), rel=0.2)
    assert answer.estimate == pytest.approx(np.median(treatment) - np.median(control))


def test_the_test_and_the_relative_interval_agree_with_the_difference() -> None:
    generator = np.random.default_rng(3)
    control, treatment = generator.gamma(2, 10, 900), generator.gamma(2, 14, 700)
    assert quantile.difference_test(control, treatment, 0.5).p_value < 0.01
    lift = quantile.relative(control, treatment, 0.5, 0.95)
    assert lift.interval.lower > 0
    assert lift.estimate == pytest.approx(np.median(treatment) / np.median(control) - 1)


def test_where_most_have_the_same_value_there_is_no_answer() -> None:
    spenders = [0.0] * 900 + [float(i) for i in range(1, 101)]
    with pytest.raises(NotEnoughData, match="same value at this quantile"):
        quantile.difference(spenders, spenders, 0.5, 0.95)
    assert quantile.difference(spenders, spenders, 0.95, 0.95).estimate == 0.0


@pytest.mark.parametrize("size", [0, 1, 5])
def test_too_few_participants_are_told_so(size: int) -> None:
    with pytest.raises(NotEnoughData, match=f"{size} participants are too few"):
        quantile.moments([1.0] * size, 0.5)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="values must be finite"):
        quantile.quantile([1.0, math.nan], 0.5, 0.95)
    with pytest.raises(ValueError, match=r"share == 1\.0"):
        quantile.quantile([1.0, 2.0], 1.0, 0.95)


@settings(deadline=None)
@given(numbers, numbers, st.sampled_from([0.01, 0.5, 0.9]))
def test_any_values_have_an_answer_or_a_reason(first: list[float], second: list[float], share: float) -> None:
    for question in (quantile.difference, quantile.relative):
        answer = answer_or_none(lambda question=question: question(first, second, share, 0.95))
        assert answer is None or answer.interval.contains(answer.estimate)
    one = answer_or_none(lambda: quantile.quantile(first, share, 0.95))
    assert one is None or one.interval.contains(one.estimate)


def _coverage(runs: int, share: float) -> float:
    generator = np.random.default_rng(4)
    rows = generator.lognormal(3, 1, (runs, 2, 400))
    held = sum(quantile.difference(*pair, share, 0.95).interval.contains(0.0) for pair in rows)
    return held / runs


def test_the_interval_covers() -> None:
    assert 0.91 <= _coverage(300, 0.5) <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_the_interval_covers_as_often_as_promised(share: float) -> None:
    assert 0.935 <= _coverage(3000, share) <= 0.975


def _share_ever_rejected(runs: int) -> float:
    """Share of A/A runs in which one of 25 looks at the medians has p <= 0.05."""
    generator = np.random.default_rng(5)
    rejected = 0
    for rows in generator.lognormal(3, 1, (runs, 2, 2500)):
        looks = ([quantile.moments(one[:n], 0.5) for one in rows] for n in range(100, 2501, 100))
        rejected += any(confidence_sequence(*pair, 0.95, 5000).p_value <= 0.05 for pair in looks)
    return rejected / runs


def test_looking_often_without_a_difference_rarely_finds_one() -> None:
    assert _share_ever_rejected(40) <= 0.05


@pytest.mark.slow
def test_looking_often_keeps_the_promised_error() -> None:
    assert _share_ever_rejected(2000) <= 0.05
