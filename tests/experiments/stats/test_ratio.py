from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.stats import ratio
from experiments.stats.estimate import Sums
from experiments.stats.pair_sums import PairSums
from experiments.stats.sequential import confidence_sequence
from tests.experiments.stats.strategies import answer_or_none, from_pairs, pair_sums
from tests.witnesses.inputs import made_up_pairs

CONTROL, TREATMENT = made_up_pairs(1, 120, 0), made_up_pairs(2, 150, 2)


def test_tea_tasting_and_gbstats_have_the_same_difference() -> None:
    # tea-tasting 1.14.0 RatioOfMeans and gbstats 0.8.0 RatioStatistic, both run on these pairs
    control, treatment = from_pairs(CONTROL), from_pairs(TREATMENT)
    answer = ratio.difference(control, treatment, 0.95)
    assert answer.estimate == pytest.approx(0.30665944200080686, rel=1e-12)
    assert answer.interval.lower == pytest.approx(0.11754500457521191, rel=1e-9)
    assert answer.interval.upper == pytest.approx(0.49577387942640183, rel=1e-9)
    test = ratio.difference_test(control, treatment)
    assert test.statistic == pytest.approx(3.1934224604640407, rel=1e-9)
    assert test.p_value == pytest.approx(0.0015836091992204961, rel=1e-9)
    assert (answer.method, test.method) == ("ratio_delta", "ratio_delta")


def test_the_relative_lift_is_theirs_and_its_interval_close_to_their_two_approximations() -> None:
    # tea-tasting: log scale, 0.02843 to 0.12723; gbstats: delta method, 0.02733 to 0.12607; ours: Fieller
    answer = ratio.relative(from_pairs(CONTROL), from_pairs(TREATMENT), 0.95)
    assert answer.estimate == pytest.approx(0.07669786302301707, rel=1e-12)
    assert answer.interval.lower == pytest.approx(0.0284338, abs=3e-4)
    assert answer.interval.upper == pytest.approx(0.1272268, abs=3e-4)


def test_rows_clustered_by_participant_have_the_same_error_in_statsmodels() -> None:
    """Least squares on the rows of the denominator, errors robust to clusters: no delta method in it."""
    generator = np.random.default_rng(4)
    sizes = generator.integers(1, 8, 400)
    unit = np.repeat(np.arange(400), sizes)
    converted = generator.binomial(1, generator.beta(2, 5, 400)[unit])
    fit = sm.OLS(converted, np.ones(len(unit))).fit(
        cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False}
    )
    totals = np.bincount(unit, weights=converted).astype(int)
    linear = ratio.linearised(from_pairs(list(zip(totals.tolist(), sizes.tolist(), strict=True))))
    assert linear.mean == pytest.approx(fit.params[0], rel=1e-12)
    assert math.sqrt(linear.variance / 400 * 399 / 400) == pytest.approx(fit.bse[0], rel=1e-9)


def test_resampled_participants_spread_as_the_delta_method_says() -> None:
    generator = np.random.default_rng(5)
    rows = np.array(CONTROL)
    drawn = rows[generator.integers(0, len(rows), (4000, len(rows)))].sum(axis=1)
    linear = ratio.linearised(from_pairs(CONTROL))
    error = math.sqrt(linear.variance / linear.participants)
    assert error == pytest.approx(np.std(drawn[:, 0] / drawn[:, 1]), rel=0.04)


def test_one_variant_has_a_ratio_with_an_interval() -> None:
    answer = ratio.ratio(from_pairs(CONTROL, scale=10), 0.95)
    assert answer.estimate == pytest.approx(3.9982788296041307, rel=1e-12)
    assert answer.interval.contains(4.0)


def test_over_a_denominator_of_ones_it_is_the_mean() -> None:
    linear = ratio.linearised(from_pairs([(y, 1) for y, _ in CONTROL]))
    plain = Sums(120, sum(y for y, _ in CONTROL), sum(y * y for y, _ in CONTROL), 1)
    assert (linear.mean, linear.variance) == (
        pytest.approx(plain.mean, rel=1e-15),
        pytest.approx(plain.variance, rel=1e-12),
    )


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([], "at least two participants; there are 0"),
        ([(1, 1)], "at least two participants; there are 1"),
        ([(1, 0), (2, 0)], "not clearly above 0"),
        ([(1, -4), (2, -4)], "not clearly above 0"),
        ([(1, 0), (0, 1)] * 49, "not clearly above 0"),
    ],
)
def test_a_denominator_that_is_not_clearly_above_0_carries_no_ratio(
    pairs: list[tuple[int, int]], reason: str
) -> None:
    for question in (lambda s: ratio.ratio(s, 0.95), ratio.linearised):
        with pytest.raises(NotEnoughData, match=reason):
            question(from_pairs(pairs))
    with pytest.raises(NotEnoughData, match=reason):
        ratio.difference_test(from_pairs(pairs), from_pairs(TREATMENT))


def test_a_tenth_is_still_clear() -> None:
    # 0 and 1 in turn: standard error over mean is 1/√(n - 1), a tenth at 101 participants
    assert ratio.linearised(from_pairs([(1, 0), (0, 1)] * 51)).mean == 1.0


small = st.lists(st.tuples(st.integers(0, 40), st.integers(5, 9)), min_size=5, max_size=30)


@settings(deadline=None)
@given(small, small, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_relative_interval_leaves_out_0_exactly_when_the_test_rejects(
    first: list[tuple[int, int]], second: list[tuple[int, int]], level: float
) -> None:
    pair = from_pairs(first), from_pairs(second)
    lift = answer_or_none(lambda: ratio.relative(*pair, level))
    assume(lift is not None)
    p_value = ratio.difference_test(*pair).p_value
    assume(abs(p_value - (1 - level)) > 1e-9)
    assert lift.interval.contains(0.0) == (p_value > 1 - level)


@settings(deadline=None)
@given(pair_sums(), pair_sums())
def test_any_sums_have_an_answer_or_a_reason(control: PairSums, treatment: PairSums) -> None:
    for question in (
        lambda: ratio.ratio(control, 0.95),
        lambda: ratio.difference(control, treatment, 0.95),
        lambda: ratio.relative(control, treatment, 0.95),
    ):
        answer = answer_or_none(question)
        assert answer is None or (
            math.isfinite(answer.estimate) and answer.interval.contains(answer.estimate)
        )
    test = answer_or_none(lambda: ratio.difference_test(control, treatment))
    assert test is None or 0 <= test.p_value <= 1
    sequence = answer_or_none(
        lambda: confidence_sequence(ratio.linearised(control), ratio.linearised(treatment), 0.95, 1000)
    )
    assert sequence is None or 0 <= sequence.p_value <= 1


def _rows(generator: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Recharges of a participant, and how many of them were refunded: a refund-prone few cause most."""
    recharges = generator.poisson(2.0, shape) + 1
    refunds = generator.binomial(recharges, generator.beta(0.3, 2.7, shape))
    return refunds, recharges


def _coverage(runs: int, size: int) -> float:
    """Share of runs in which the interval of the difference of two ratios of 0.1 holds 0."""
    generator = np.random.default_rng(6)
    y, x = _rows(generator, (runs, 2, size))
    held = 0
    for i in range(runs):
        control, treatment = (
            PairSums(size, *(int(v) for v in (a.sum(), a @ a, b.sum(), b @ b, a @ b)), 1)
            for a, b in zip(y[i], x[i], strict=True)
        )
        held += ratio.difference(control, treatment, 0.95).interval.contains(0.0)
    return held / runs


def test_the_interval_covers() -> None:
    assert 0.91 <= _coverage(300, 200) <= 0.985


@pytest.mark.slow
def test_the_interval_covers_as_often_as_promised() -> None:
    assert 0.94 <= _coverage(4000, 200) <= 0.96


def _share_ever_rejected(runs: int) -> float:
    """Share of A/A runs in which one of 100 looks at 40 more participants a variant has p <= 0.05."""
    generator = np.random.default_rng(7)
    rejected = 0
    for _ in range(runs):
        y, x = _rows(generator, (2, 100, 40))
        tables = [table.sum(axis=2).cumsum(axis=1) for table in (y, y * y, x, x * x, x * y)]
        looks = (
            [PairSums(40 * (i + 1), *(int(t[v, i]) for t in tables), 1) for v in (0, 1)] for i in range(100)
        )
        rejected += any(_rejects(*pair) for pair in looks)
    return rejected / runs


def _rejects(control: PairSums, treatment: PairSums) -> bool:
    answer = answer_or_none(
        lambda: confidence_sequence(ratio.linearised(control), ratio.linearised(treatment), 0.95, 8000)
    )
    return answer is not None and answer.p_value <= 0.05


def test_a_hundred_looks_without_a_difference_rarely_find_one() -> None:
    assert _share_ever_rejected(100) <= 0.05


@pytest.mark.slow
def test_a_hundred_looks_keep_the_promised_error() -> None:
    assert _share_ever_rejected(2000) <= 0.05
