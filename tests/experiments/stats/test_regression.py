from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from experiments.errors import NotEnoughData
from experiments.stats import cuped, mean
from experiments.stats.pair_sums import PairSums
from experiments.stats.regression import MomentSums, adjust

Rows = NDArray[np.int64]


def sums_of(rows: Rows, scale: int = 100) -> MomentSums:
    """The sums of rows of an outcome and covariates in whole hundredths."""
    values = [[int(value) for value in row] for row in rows]
    size = len(values[0])
    products = tuple(tuple(sum(row[i] * row[j] for row in values) for j in range(size)) for i in range(size))
    return MomentSums(
        len(values), tuple(sum(column) for column in zip(*values, strict=True)), products, (scale,) * size
    )


def a_sample(random: np.random.Generator, lift: float, n: int = 300) -> Rows:
    """An outcome that goes with two covariates, one of them with the other."""
    first = random.gamma(2.0, 3.0, n)
    second = 0.5 * first + random.normal(0, 2, n)
    outcome = lift + 1.2 * first - 0.7 * second + random.normal(0, 3, n)
    return np.rint(np.column_stack([outcome, first, second]) * 100).astype(np.int64)


def test_with_one_covariate_it_is_cuped() -> None:
    random = np.random.default_rng(1)
    samples = [a_sample(random, lift, n)[:, :2] for lift, n in ((0.0, 200), (1.0, 300))]
    pairs = [
        PairSums(
            len(rows), *(int(part) for part in (rows[:, 0].sum(), (rows[:, 0] ** 2).sum(), rows[:, 1].sum(),
            (rows[:, 1] ** 2).sum(), (rows[:, 0] * rows[:, 1]).sum())), scale=100,
        )
        for rows in samples
    ]  # fmt: skip
    found, expected = adjust(*map(sums_of, samples)), cuped.adjust(pairs[0], pairs[1])
    assert found.variance_saved == pytest.approx(expected.variance_saved, abs=1e-12)
    for one, other in ((found.control, expected.control), (found.treatment, expected.treatment)):
        assert one.mean == pytest.approx(other.mean, abs=1e-9)
        assert one.variance == pytest.approx(other.variance, rel=1e-9)


def test_the_slopes_and_the_lift_are_those_of_least_squares_where_both_variants_are_as_large() -> None:
    random = np.random.default_rng(2)
    control, treatment = a_sample(random, 0.0), a_sample(random, 1.0)
    found = adjust(sums_of(control), sums_of(treatment))
    rows = np.vstack([control, treatment]) / 100
    treated = np.repeat([0.0, 1.0], 300)
    fitted = sm.OLS(rows[:, 0], sm.add_constant(np.column_stack([treated, rows[:, 1:]]))).fit(cov_type="HC3")
    assert found.slopes == pytest.approx(fitted.params[2:], rel=1e-9)
    assert found.treatment.mean - found.control.mean == pytest.approx(fitted.params[1], abs=1e-9)
    assert mean.welch(found.control, found.treatment).standard_error == pytest.approx(fitted.bse[1], rel=0.02)


def test_two_covariates_save_more_than_either_and_never_add_variance() -> None:
    random = np.random.default_rng(3)
    samples = [a_sample(random, lift) for lift in (0.0, 1.0)]
    both = adjust(*map(sums_of, samples)).variance_saved
    alone = [adjust(*(sums_of(rows[:, [0, place]]) for rows in samples)).variance_saved for place in (1, 2)]
    assert both > max(alone) >= min(alone) >= 0


def test_a_covariate_twice_and_one_that_is_constant_change_nothing() -> None:
    random = np.random.default_rng(4)
    samples = [a_sample(random, lift) for lift in (0.0, 1.0)]
    plain = adjust(*map(sums_of, samples))
    doubled = [np.column_stack([rows, rows[:, 1], np.full(len(rows), 700)]) for rows in samples]
    found = adjust(*map(sums_of, doubled))
    assert found.variance_saved == pytest.approx(plain.variance_saved, abs=1e-9)
    assert found.treatment.mean - found.control.mean == pytest.approx(
        plain.treatment.mean - plain.control.mean, abs=1e-7
    )


def test_the_units_of_covariates_do_not_matter() -> None:
    random = np.random.default_rng(5)
    samples = [a_sample(random, lift) for lift in (0.0, 1.0)]
    scaled = [rows * np.array([1, 10**9, 1]) for rows in samples]
    first, second = adjust(*map(sums_of, samples)), adjust(*map(sums_of, scaled))
    assert second.variance_saved == pytest.approx(first.variance_saved, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(*[st.integers(-(10**12), 10**12)] * 3), min_size=6, max_size=20),
    st.lists(st.tuples(*[st.integers(-(10**12), 10**12)] * 3), min_size=6, max_size=20),
)
def test_any_values_have_a_finite_answer(
    control: list[tuple[int, ...]], treatment: list[tuple[int, ...]]
) -> None:
    found = adjust(*(sums_of(np.array(rows, dtype=object), 1) for rows in (control, treatment)))
    assert math.isfinite(found.variance_saved)
    assert found.variance_saved >= -1e-6
    assert all(map(math.isfinite, found.slopes))


def test_the_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(6)
    held = sum(
        mean.difference(found.control, found.treatment, 0.95).interval.contains(0.5)
        for _ in range(200)
        for found in [adjust(sums_of(a_sample(random, 0.0, 60)), sums_of(a_sample(random, 0.5, 60)))]
    )
    assert held / 200 >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 200)


def test_too_few_participants_are_refused() -> None:
    rows = np.arange(12).reshape(4, 3)
    with pytest.raises(NotEnoughData, match="at least 5 participants"):
        adjust(sums_of(rows), sums_of(rows))


def test_sums_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="must be of an outcome"):
        MomentSums(3, (1,), ((1,),), (1,))
    with pytest.raises(ValueError, match="cannot be those"):
        MomentSums(3, (9, 1), ((1, 1), (1, 1)), (1, 1))
