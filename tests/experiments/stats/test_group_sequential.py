from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from experiments.stats.group_sequential import (
    HIGHEST_BOUND,
    boundaries,
    conditional_power,
    crossing_probability,
    inflation,
    spent,
)

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)
FIXED = stats.norm.isf(0.025) + stats.norm.isf(0.2)


def evenly(looks: int) -> tuple[float, ...]:
    return tuple((k + 1) / looks for k in range(looks))


@pytest.mark.parametrize(
    ("spending", "published"),
    # as printed by R's ldbounds and gsDesign (sfLDOF, sfLDPocock), 0.025 on each side
    [
        ("obrien_fleming", (4.877, 3.357, 2.680, 2.290, 2.031)),
        ("pocock", (2.438, 2.427, 2.410, 2.397, 2.386)),
    ],
)
def test_five_equal_looks_have_the_published_bounds(spending: str, published: tuple[float, ...]) -> None:
    assert boundaries(FIVE, 0.05, spending) == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize(
    ("looks", "error"),
    # Armitage, McPherson & Rowe 1969: |z| > 1.96 at each of so many equal looks
    [(1, 0.050), (2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320)],
)
def test_naive_looking_has_the_published_error(looks: int, error: float) -> None:
    assert crossing_probability(evenly(looks), [1.959964] * looks) == pytest.approx(error, abs=6e-4)


@pytest.mark.parametrize(
    ("shape", "constant", "factor"),
    # Jennison & Turnbull 2000, tables 2.1 to 2.4, K = 5, alpha 0.05, power 0.8
    [(0.0, 2.413, 1.228), (0.5, 2.040, 1.028)],
)
def test_pococks_and_obrien_flemings_own_tests_have_their_published_constants(
    shape: float, constant: float, factor: float
) -> None:
    bounds = [constant / t**shape for t in FIVE]
    assert crossing_probability(FIVE, bounds) == pytest.approx(0.05, abs=1e-4)
    drift = optimize.brentq(lambda theta: crossing_probability(FIVE, bounds, theta) - 0.8, 1, 6)
    assert (drift / FIXED) ** 2 == pytest.approx(factor, abs=1e-3)


def test_two_looks_agree_with_scipys_bivariate_normal() -> None:
    fractions, bounds = (0.3, 1.0), (2.5, 2.0)
    correlation = np.sqrt(0.3)
    law = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    inside = law.cdf(np.array(bounds), lower_limit=-np.array(bounds))
    assert crossing_probability(fractions, bounds) == pytest.approx(1 - inside, abs=1e-7)


def test_one_look_is_the_plain_test() -> None:
    assert boundaries([1.0]) == pytest.approx((1.959964,), abs=1e-6)
    assert inflation(1) == pytest.approx(1.0)


def test_looks_next_to_each_other_take_no_more_memory_than_others() -> None:
    fractions = (0.9989999999999999, 0.999)
    assert crossing_probability(fractions, boundaries(fractions, 0.05)) == pytest.approx(0.0499, abs=2e-4)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0.001, 0.999), min_size=1, max_size=30, unique=True),
    st.sampled_from([0.01, 0.05, 0.2]),
    st.sampled_from(["obrien_fleming", "pocock"]),
)
def test_any_looks_spend_all_alpha_and_no_more(looks: list[float], alpha: float, spending: str) -> None:
    fractions = [*sorted(looks), 1.0]
    error = crossing_probability(fractions, boundaries(fractions, alpha, spending))
    assert error <= alpha * (1 + 1e-6)
    if min(np.diff([0.0, *fractions])) > 1e-3:
        assert error == pytest.approx(alpha, rel=1e-6)


def test_looks_a_moment_apart_are_bounded_on_the_safe_side() -> None:
    hurried = boundaries([0.3, 0.30001, 0.5, 0.7, 1.0])
    calm = boundaries([0.3, 0.5, 0.7, 1.0])
    assert [hurried[i] for i in (0, 2, 3, 4)] == pytest.approx(calm, abs=1e-4)
    assert hurried[1] > hurried[0]


def test_an_over_run_and_an_early_end_both_spend_what_is_left() -> None:
    over, early = [0.4, 0.8, 1.2], [0.4, 0.8, 0.9]
    assert crossing_probability(over, boundaries(over)) == pytest.approx(0.05, rel=1e-6)
    assert crossing_probability(early, boundaries(early, final=True)) == pytest.approx(0.05, rel=1e-6)
    assert boundaries([0.4, 0.8, 0.9], final=True)[-1] < boundaries([0.4, 0.8, 0.9])[-1]


def test_bounds_do_not_depend_on_looks_to_come() -> None:
    assert boundaries(FIVE)[:3] == pytest.approx(boundaries(FIVE[:3]), abs=1e-9)


def test_the_first_days_have_a_finite_bound() -> None:
    assert boundaries([0.001, 0.01, 1.0])[:2] == (HIGHEST_BOUND, HIGHEST_BOUND)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_spending_rises_from_nothing_to_alpha(spending: str) -> None:
    amounts = [spent(t, 0.05, spending) for t in (0.01, 0.25, 0.5, 0.75, 1.0, 1.5)]
    assert amounts == sorted(amounts)
    assert amounts[0] < 1e-3
    assert amounts[-2:] == [0.05, 0.05]


def test_half_way_each_spends_its_published_alpha() -> None:
    # Lan & DeMets 1983 on each side of 0.025: 0.00153 and 0.0155 (gsDesign's sfLDOF and sfLDPocock)
    assert spent(0.5, 0.05, "obrien_fleming") / 2 == pytest.approx(0.00153, abs=5e-6)
    assert spent(0.5, 0.05, "pocock") / 2 == pytest.approx(0.0155, abs=5e-5)


def test_many_looks_cost_little_by_late_spending_and_more_by_even() -> None:
    assert 1.02 < inflation(5) < 1.03
    assert 1.20 < inflation(5, spending="pocock") < 1.23
    assert inflation(5) < inflation(20) < 1.05


def test_the_inflated_number_has_the_promised_power() -> None:
    drift = FIXED * np.sqrt(inflation(5))
    assert crossing_probability(FIVE, boundaries(FIVE), drift) == pytest.approx(0.8, abs=1e-6)


def test_conditional_power_is_the_tail_of_what_is_still_to_come() -> None:
    # halfway at z = 1 with the trend going on, z ends about √2 with variance 1/2
    assert conditional_power(1.0, 0.5, final_bound=2.0) == pytest.approx(
        float(special.ndtr((np.sqrt(2) - 2.0) / np.sqrt(0.5)))
    )
    planned = conditional_power(0.0, 0.5, final_bound=2.0, drift=2.8)
    assert planned == pytest.approx(float(special.ndtr((1.4 - 2.0) / np.sqrt(0.5))))


def test_fifty_daily_looks_take_less_than_fifty_milliseconds() -> None:
    boundaries(evenly(50))
    started = time.process_time()
    for _ in range(5):
        boundaries(evenly(50))
    assert (time.process_time() - started) / 5 < 0.05


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ([], "not empty"),
        ([0.0, 1.0], "> 0"),
        ([0.5, 0.5], "must increase"),
        ([0.5, float("nan")], "must be finite"),
        ([0.5, 1.0, 1.1], "nothing is left to spend"),
    ],
)
def test_impossible_looks_are_refused(fractions: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        boundaries(fractions)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_conditional_power_is_for_the_time_between(fraction: float) -> None:
    with pytest.raises(ValueError, match="must be > 0 and < 1"):
        conditional_power(1.0, fraction, final_bound=2.0)


def test_no_looks_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="looks == 0"):
        inflation(0)


def _share_rejected(runs: int, rates: tuple[float, float], looks: int = 20, per_look: int = 400) -> float:
    """Share of simulated experiments in which pooled z passes its bound at one of the looks."""
    generator = np.random.default_rng(13)
    x_c, x_t = (generator.binomial(per_look, rate, size=(runs, looks)).cumsum(axis=1) for rate in rates)
    n = per_look * np.arange(1, looks + 1)
    pooled = (x_c + x_t) / (2 * n)
    z = (x_t - x_c) / n / np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * 2 / n)
    return float((np.abs(z) >= np.array(boundaries(evenly(looks)))).any(axis=1).mean())


@pytest.mark.parametrize("rate", [0.005, 0.05, 0.5])
def test_twenty_looks_without_a_difference_keep_the_error(rate: float) -> None:
    assert _share_rejected(400, (rate, rate)) < 0.075  # 0.05 and two and a half standard errors


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.005, 0.05, 0.5])
def test_twenty_looks_keep_the_error_of_one(rate: float) -> None:
    assert 0.042 < _share_rejected(8000, (rate, rate)) < 0.058


@pytest.mark.slow
def test_power_is_within_three_points_of_the_fixed_test() -> None:
    fixed = stats.norm.sf(1.96 - 0.01 / np.sqrt(0.055 * 0.945 * 2 / 8000))
    assert _share_rejected(8000, (0.05, 0.06)) > fixed - 0.03


@pytest.mark.parametrize("looks", [1, 2, 50])
def test_where_chance_alone_has_the_power_looks_cost_nothing(looks: int) -> None:
    assert inflation(looks, alpha=0.5, power=0.5) == 1.0
    assert 1.0 <= inflation(looks, alpha=0.5, power=0.51) < 1.2
