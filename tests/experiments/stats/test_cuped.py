from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.stats import cuped, mean
from experiments.stats.estimate import Sums
from experiments.stats.pair_sums import PairSums
from experiments.stats.sequential import confidence_sequence
from tests.experiments.stats.strategies import answer_or_none, from_pairs, pair_sums
from tests.witnesses.inputs import made_up_pairs

CONTROL, TREATMENT = made_up_pairs(1, 120, 0), made_up_pairs(2, 150, 2)
Pairs = list[tuple[int, int]]


def lins_regression(control: Pairs, treatment: Pairs) -> tuple[float, float]:
    """Lin's interacted least squares with HC3: effect and standard error, from the rows."""
    y, x = (np.array([row[i] for row in control + treatment], float) for i in (0, 1))
    t = np.repeat([0.0, 1.0], [len(control), len(treatment)])
    centred = x - x.mean()
    design = np.column_stack([np.ones_like(t), t, centred, t * centred])
    fit = sm.OLS(y, design).fit(cov_type="HC3")
    return float(fit.params[1]), float(fit.bse[1])


def test_with_their_theta_tea_tasting_and_gbstats_have_the_same_answer() -> None:
    # tea-tasting 1.14.0 Mean(covariate=) and gbstats 0.8.0 compute_theta, run on these pairs; they take theta
    # from all rows as if there were one variant, so the effect leaks into it. Ours is taken within variants.
    control, treatment = from_pairs(CONTROL), from_pairs(TREATMENT)
    together = control + treatment
    theirs = Fraction(together.centred_cross, together.centred_covariate)
    assert float(theirs) == pytest.approx(3.1869123983334298, rel=1e-12)
    adjusted = cuped.adjust(control, treatment, theta=theirs)
    answer = mean.difference(adjusted.control, adjusted.treatment, 0.95)
    assert answer.estimate == pytest.approx(2.1089739109305015, rel=1e-12)
    assert answer.interval.lower == pytest.approx(1.386024802778533, rel=1e-9)
    assert answer.interval.upper == pytest.approx(2.83192301908247, rel=1e-9)
    assert adjusted.control.mean == pytest.approx(20.34686634577935, rel=1e-12)
    assert adjusted.treatment.mean == pytest.approx(22.455840256709852, rel=1e-12)
    test = mean.difference_test(adjusted.control, adjusted.treatment)
    assert test.p_value == pytest.approx(2.685568758753558e-08, rel=1e-7)


def test_lins_regression_has_nearly_the_same_answer() -> None:
    effect, error = lins_regression(CONTROL, TREATMENT)
    answer = cuped.difference(from_pairs(CONTROL), from_pairs(TREATMENT), 0.95)
    assert answer.estimate == pytest.approx(effect, rel=1e-3)
    freedom = mean.welch(*_adjusted(CONTROL, TREATMENT)).freedom
    half = (answer.interval.upper - answer.interval.lower) / 2
    assert half == pytest.approx(error * mean.two_sided_t(0.95, freedom), rel=0.01)


def _adjusted(control: Pairs, treatment: Pairs) -> tuple[mean.Means, mean.Means]:
    adjusted = cuped.adjust(from_pairs(control), from_pairs(treatment))
    return adjusted.control, adjusted.treatment


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=12, max_size=12))
def test_where_the_covariate_varies_alike_lins_regression_has_the_same_estimate(noise: Pairs) -> None:
    control = [(3 * x + a, x) for x, (a, _) in enumerate(noise)]
    treatment = [(2 * x + b, x + 4) for x, (_, b) in enumerate(noise)]
    effect, _ = lins_regression(control, treatment)
    answer = answer_or_none(lambda: cuped.difference(from_pairs(control), from_pairs(treatment), 0.95))
    assert answer is None or answer.estimate == pytest.approx(effect, abs=1e-8)


def test_the_variance_saved_is_the_square_of_the_correlation() -> None:
    generator = np.random.default_rng(2)
    x = generator.integers(0, 1000, 40_000)
    y = 2 * x + generator.integers(0, 1000, 40_000)
    rows = list(zip(y.tolist(), x.tolist(), strict=True))
    adjusted = cuped.adjust(from_pairs(rows[:20_000]), from_pairs(rows[20_000:]))
    assert adjusted.variance_saved == pytest.approx(0.8, abs=0.01)
    assert adjusted.theta == pytest.approx(2, abs=0.02)
    assert adjusted.helps


def test_a_covariate_that_explains_nothing_says_that_it_is_no_help() -> None:
    generator = np.random.default_rng(3)
    rows = [(int(y), int(x)) for y, x in generator.integers(0, 100, (4000, 2))]
    adjusted = cuped.adjust(from_pairs(rows[:2000]), from_pairs(rows[2000:]))
    assert 0 <= adjusted.variance_saved < 0.01
    assert not adjusted.helps


def test_without_any_spread_of_the_covariate_it_is_welch() -> None:
    control, treatment = ([(y, 7) for y, _ in rows] for rows in (CONTROL, TREATMENT))
    answer = cuped.difference(from_pairs(control), from_pairs(treatment), 0.95)
    plain = mean.difference(from_pairs(control).outcomes, from_pairs(treatment).outcomes, 0.95)
    assert answer.estimate == pytest.approx(plain.estimate)
    assert answer.interval.lower == pytest.approx(plain.interval.lower)
    assert cuped.adjust(from_pairs(control), from_pairs(treatment)).variance_saved == 0


@given(pair_sums(), pair_sums())
def test_it_never_adds_to_the_variance(control: PairSums, treatment: PairSums) -> None:
    assume(control.scale == treatment.scale)
    adjusted = answer_or_none(lambda: cuped.adjust(control, treatment))
    assert adjusted is None or 0 <= adjusted.variance_saved <= 1


def test_the_relative_interval_reckons_with_what_both_means_share() -> None:
    """Lifts of resampled adjusted means, where the outcome nearly doubles, spread as the interval says."""
    generator = np.random.default_rng(8)
    control, treatment = CONTROL, [(5 * x + y, x) for y, x in TREATMENT]
    rows = [np.array(table) for table in (control, treatment)]
    lifts = []
    for _ in range(3000):
        drawn = [table[generator.integers(0, len(table), len(table))].tolist() for table in rows]
        adjusted = cuped.adjust(*(from_pairs([(y, x) for y, x in table]) for table in drawn))
        lifts.append(adjusted.treatment.mean / adjusted.control.mean - 1)
    answer = cuped.relative(from_pairs(control), from_pairs(treatment), 0.95)
    assert answer.interval.upper - answer.interval.lower == pytest.approx(2 * 1.97 * np.std(lifts), rel=0.05)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_fewer_than_three_participants_cannot_be_adjusted(size: int) -> None:
    for question in (cuped.difference, cuped.relative):
        with pytest.raises(NotEnoughData, match=f"at least three participants a variant; there are {size}"):
            question(from_pairs(CONTROL), from_pairs(TREATMENT[:size]), 0.95)


small = st.lists(st.tuples(st.integers(20, 60), st.integers(0, 9)), min_size=4, max_size=30)


@settings(deadline=None)
@given(small, small, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_relative_interval_leaves_out_0_exactly_when_the_test_rejects(
    first: Pairs, second: Pairs, level: float
) -> None:
    pair = from_pairs(first), from_pairs(second)
    lift = answer_or_none(lambda: cuped.relative(*pair, level))
    assume(lift is not None)
    p_value = cuped.difference_test(*pair).p_value
    assume(abs(p_value - (1 - level)) > 1e-9)
    assert lift.interval.contains(0.0) == (p_value > 1 - level)


@settings(deadline=None)
@given(pair_sums(), pair_sums())
def test_any_sums_have_an_answer_or_a_reason(control: PairSums, treatment: PairSums) -> None:
    assume(control.scale == treatment.scale)
    for question in (cuped.difference, cuped.relative):
        answer = answer_or_none(lambda question=question: question(control, treatment, 0.95))
        assert answer is None or (
            math.isfinite(answer.estimate) and answer.interval.contains(answer.estimate)
        )
    test = answer_or_none(lambda: cuped.difference_test(control, treatment))
    assert test is None or 0 <= test.p_value <= 1


def test_sums_of_two_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="two scales"):
        cuped.adjust(from_pairs(CONTROL), from_pairs(TREATMENT, scale=10))


def _draw(generator: np.random.Generator, size: int, effect: int) -> PairSums:
    """Skewed spending after the exposure, most of it foretold by the spending before; uneven slopes."""
    x = generator.gamma(1.0, 100.0, size).astype(np.int64)
    y = (x * (8 + effect) // 10) + generator.gamma(1.0, 60.0, size).astype(np.int64)
    return PairSums(size, *(int(v) for v in (y.sum(), y @ y, x.sum(), x @ x, x @ y)), 1)


def _coverage(runs: int) -> float:
    """Share of intervals at 500 against 150 participants, slopes 0.8 and 1, that hold the true effect."""
    generator = np.random.default_rng(9)
    large = np.random.default_rng(10)
    truth = _draw(large, 2_000_000, 2).outcomes.mean - _draw(large, 2_000_000, 0).outcomes.mean
    held = 0
    for _ in range(runs):
        answer = cuped.difference(_draw(generator, 500, 0), _draw(generator, 150, 2), 0.95)
        held += answer.interval.contains(truth)
    return held / runs


def test_the_interval_covers() -> None:
    assert 0.91 <= _coverage(300) <= 0.985


@pytest.mark.slow
def test_the_interval_covers_as_often_as_promised() -> None:
    assert 0.935 <= _coverage(3000) <= 0.965


def _share_ever_rejected(runs: int) -> float:
    """Share of A/A runs in which one of 50 looks at the adjusted means has p <= 0.05."""
    generator = np.random.default_rng(12)
    rejected = 0
    for _ in range(runs):
        control, treatment = _draw(generator, 60, 0), _draw(generator, 60, 0)
        found = False
        for _ in range(49):
            control, treatment = control + _draw(generator, 60, 0), treatment + _draw(generator, 60, 0)
            adjusted = cuped.adjust(control, treatment)
            answer = confidence_sequence(adjusted.control, adjusted.treatment, 0.95, 6000)
            found = found or answer.p_value <= 0.05
        rejected += found
    return rejected / runs


def test_looking_often_without_a_difference_rarely_finds_one() -> None:
    assert _share_ever_rejected(100) <= 0.05


@pytest.mark.slow
def test_looking_often_keeps_the_promised_error() -> None:
    assert _share_ever_rejected(2000) <= 0.05


def test_an_adjusted_sequence_is_narrower_by_what_was_saved() -> None:
    control, treatment = (from_pairs(rows, copies=10) for rows in (CONTROL, TREATMENT))
    adjusted = cuped.adjust(control, treatment)
    plain = confidence_sequence(control.outcomes, treatment.outcomes, 0.95, 2700)
    narrow = confidence_sequence(adjusted.control, adjusted.treatment, 0.95, 2700)
    widths = [one.interval.upper - one.interval.lower for one in (plain, narrow)]
    assert (widths[1] / widths[0]) ** 2 == pytest.approx(1 - adjusted.variance_saved, rel=0.1)


def test_exact_sums_do_not_cancel() -> None:
    """A billion participants at ten thousand million each, who differ by one: floats would see no spread."""
    pairs = [(10**10 + i % 2, 10**10 + i % 3) for i in range(6)]
    adjusted = cuped.adjust(from_pairs(pairs, copies=10**9), from_pairs(pairs, copies=10**9))
    assert adjusted.control.variance == pytest.approx(0.25, rel=1e-6)
    assert Sums(2, 1, 1).mean == 5e-7
