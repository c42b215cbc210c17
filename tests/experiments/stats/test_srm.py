from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.errors import NotEnoughData
from experiments.stats import srm

EVEN = [0.5, 0.5]
COOKIE_CATS = [44_700, 45_489]
KOHAVI = [821_588, 815_482]  # Kohavi, Tang, Xu 2020, Trustworthy Online Controlled Experiments, ch. 3


def test_cookie_cats_warns_by_chi_square_and_not_sequentially() -> None:
    assert srm.chi_square(COOKIE_CATS, EVEN).p_value == pytest.approx(0.0086, abs=5e-5)
    assert srm.sequential(COOKIE_CATS, EVEN).p_value == pytest.approx(0.96, abs=5e-3)


def test_kohavis_example_fails_both() -> None:
    assert srm.chi_square(KOHAVI, EVEN).p_value == pytest.approx(1.8e-6, rel=0.02)
    assert srm.sequential(KOHAVI, EVEN).p_value == pytest.approx(0.0015, abs=5e-5)


def test_a_variant_without_weight_is_no_degree_of_freedom() -> None:
    three = srm.chi_square([500, 560, 0], [0.5, 0.5, 0.0])
    assert three == srm.chi_square([500, 560], EVEN)
    assert three.p_value == pytest.approx(0.065, abs=5e-4)


@given(st.lists(st.integers(min_value=5, max_value=10**6), min_size=2, max_size=6))
def test_the_chi_square_is_scipys(observed: list[int]) -> None:
    witness = stats.chisquare(observed)
    found = srm.chi_square(observed, [1.0] * len(observed))
    assert found.statistic == pytest.approx(witness.statistic, rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(witness.pvalue, rel=1e-7, abs=1e-300)


def test_weights_need_not_sum_to_one() -> None:
    assert srm.sequential([900, 110], [9, 1]) == srm.sequential([900, 110], [0.9, 0.1])


def test_the_sequential_e_value_is_the_ratio_of_likelihoods_built_one_participant_at_a_time() -> None:
    shares, concentration = np.array([0.2, 0.3, 0.5]), 7.0
    seen, log_e = np.zeros(3), 0.0
    for variant in [0, 2, 2, 1, 0, 2, 2, 2, 1, 1, 0, 0]:
        predicted = (concentration * shares + seen) / (concentration + seen.sum())
        log_e += float(np.log(predicted[variant] / shares[variant]))
        seen[variant] += 1
    test = srm.sequential([int(n) for n in seen], list(shares), concentration=concentration)
    assert test.statistic == pytest.approx(log_e, abs=1e-12)


def test_evidence_once_had_is_kept_when_the_split_evens_out() -> None:
    days = [[100, 100], [3000, 2400], [9000, 9000]]
    assert srm.sequential(days[-1], EVEN).p_value == 1.0
    assert srm.sequential_so_far(days, EVEN) == srm.sequential(days[1], EVEN)
    assert srm.sequential_so_far(days, EVEN).p_value < 1e-4


@pytest.mark.parametrize(
    ("observed", "weights", "message"),
    [
        ([5, 5], [0.5], "number of weights == 1, must be 2"),
        ([5, -1], EVEN, "participants == -1"),
        ([5, 5], [0.5, -0.5], "must be >= 0 and finite"),
    ],
)
def test_impossible_splits_are_refused(observed: list[int], weights: list[float], message: str) -> None:
    for question in (srm.chi_square, srm.sequential):
        with pytest.raises(ValueError, match=message):
            question(observed, weights)


def test_counts_that_shrink_from_day_to_day_are_refused() -> None:
    with pytest.raises(ValueError, match="must not decrease"):
        srm.sequential_so_far([[5, 5], [4, 9]], EVEN)


def test_too_little_says_why() -> None:
    with pytest.raises(NotEnoughData, match=r"expects 4\.5 participants"):
        srm.chi_square([4, 5], EVEN)
    with pytest.raises(NotEnoughData, match="there are 1"):
        srm.sequential([4, 5], [1, 0])
    with pytest.raises(NotEnoughData, match="no day"):
        srm.sequential_so_far([], EVEN)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=6))
def test_any_split_has_a_sequential_p_value(observed: list[int]) -> None:
    assert 0 <= srm.sequential(observed, [1.0] * len(observed)).p_value <= 1


def _false_alarms(runs: int, *, looks: int = 200, seed: int = 1) -> tuple[int, int]:
    """How many even splits alarm at 1 %: by sequential test, and by chi-square repeated at each look."""
    generator = np.random.default_rng(seed)
    treatment = generator.binomial(100, 0.5, size=(runs, looks)).cumsum(axis=1)
    sequential = chi_square = 0
    for run in treatment:
        days = [[100 * (i + 1) - int(n), int(n)] for i, n in enumerate(run)]
        sequential += srm.sequential_so_far(days, EVEN).p_value < 0.01
        deviations = np.abs(run - 50.0 * np.arange(1, looks + 1)) / np.sqrt(25.0 * np.arange(1, looks + 1))
        chi_square += bool(deviations.max() > 2.5758)
    return sequential, chi_square


def test_two_hundred_looks_at_an_even_split_rarely_alarm() -> None:
    sequential, chi_square = _false_alarms(60)
    assert sequential <= 2
    assert chi_square >= 3  # the reason for the sequential test: repeated chi-square alarms 13 % of the time


@pytest.mark.slow
def test_two_hundred_looks_at_an_even_split_alarm_at_most_once_in_a_hundred() -> None:
    sequential, chi_square = _false_alarms(2000)
    assert sequential / 2000 <= 0.01
    assert 0.10 < chi_square / 2000 < 0.16
