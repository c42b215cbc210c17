from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from experiments.errors import NotEnoughData
from experiments.stats import mean, proportion
from experiments.stats.estimate import Counts, Sums
from experiments.stats.noninferiority import (
    constrained_rate,
    noninferior_means,
    noninferior_rates,
    score,
)
from tests.experiments.stats.strategies import answer_or_none, counts, from_values, sums

# Newcombe 1998, Statistics in Medicine 17, 873-890, table II: Miettinen and Nurminen's two-sided 95 %;
# the same figures stand in the tests of R's cicalc (`prop_ci_mn`), which were read
PUBLISHED = [
    ((56, 70), (48, 80), 0.0528, 0.3382),
    ((9, 10), (3, 10), 0.1700, 0.8406),
    ((5, 56), (0, 29), -0.0326, 0.1933),
    ((0, 10), (0, 20), -0.1658, 0.2844),
    ((0, 10), (0, 10), -0.2879, 0.2879),
    ((10, 10), (0, 20), 0.7156, 1.0000),
]


def pair(treatment: tuple[int, int], control: tuple[int, int]) -> tuple[Counts, Counts]:
    return Counts(control[1], control[0]), Counts(treatment[1], treatment[0])


@pytest.mark.parametrize(("treatment", "control", "lower", "upper"), PUBLISHED)
def test_the_bounds_are_the_published_ones(
    treatment: tuple[int, int], control: tuple[int, int], lower: float, upper: float
) -> None:
    counted = pair(treatment, control)
    below = noninferior_rates(*counted, 0.1, alpha=0.025)
    above = noninferior_rates(*counted, 0.1, alpha=0.025, direction="decrease")
    assert below.bound == pytest.approx(lower, abs=6e-5)
    assert above.bound == pytest.approx(upper, abs=6e-5)


def closed_root(control: Counts, treatment: Counts, null: float) -> float:
    """Miettinen and Nurminen's own closed form, by the cosine."""
    n1, n2, x1, x2 = treatment.participants, control.participants, treatment.conversions, control.conversions
    n, x = n1 + n2, x1 + x2
    l2 = ((n1 + 2 * n2) * null - n - x) / n
    l1 = ((n2 * null - n - 2 * x2) * null + x) / n
    l0 = x2 * null * (1 - null) / n
    q = l2**3 / 27 - l1 * l2 / 6 + l0 / 2
    p = math.copysign(math.sqrt(max(0.0, l2**2 / 9 - l1 / 3)), q)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3)))) / 3
    return 2 * p * math.cos(angle) - l2 / 3


@st.composite
def tables_with_null(draw: st.DrawFn) -> tuple[Counts, Counts, float]:
    sizes = draw(st.integers(2, 5000)), draw(st.integers(2, 5000))
    control, treatment = (Counts(n, draw(st.integers(0, n))) for n in sizes)
    return control, treatment, draw(st.floats(-0.9, 0.9).filter(lambda null: abs(null) > 1e-3))


@given(tables_with_null())
def test_the_constrained_rate_is_the_published_closed_root(case: tuple[Counts, Counts, float]) -> None:
    assert constrained_rate(*case) == pytest.approx(closed_root(*case), abs=1e-5)


@settings(deadline=None)
@given(tables_with_null())
def test_the_constrained_rate_is_where_the_likelihood_is_greatest(case: tuple[Counts, Counts, float]) -> None:
    control, treatment, null = case

    def unlikelihood(rate: float) -> float:
        raised = rate + null
        return -sum(
            special.xlogy(c.conversions, p) + special.xlogy(c.participants - c.conversions, 1 - p)
            for c, p in ((control, rate), (treatment, min(1.0, max(0.0, raised))))
        )

    bounds = max(0.0, -null), min(1.0, 1 - null)
    direct = optimize.minimize_scalar(unlikelihood, bounds=bounds, method="bounded", options={"xatol": 1e-12})
    found = min(1 - 1e-16, max(1e-16, constrained_rate(*case)))
    assert unlikelihood(found) <= direct.fun + 1e-6


def test_a_control_that_all_converted_does_not_hide_the_root_beside_the_end() -> None:
    rate = constrained_rate(Counts(606, 606), Counts(314, 9), -0.46875)
    assert rate == pytest.approx(0.9861, abs=1e-4)


def test_rates_of_a_millionth_keep_their_digits() -> None:
    control, treatment, null = Counts(10**9, 1000), Counts(10**9, 1000), -1e-7
    rate = constrained_rate(control, treatment, null)
    slope = (
        1000 / rate - (10**9 - 1000) / (1 - rate) + 1000 / (rate + null) - (10**9 - 1000) / (1 - rate - null)
    )
    assert abs(slope) < 1e-4 * 1000 / rate
    assert rate == pytest.approx(1.05e-6, rel=0.01)


def test_at_a_null_of_0_the_score_is_the_pooled_z() -> None:
    control, treatment = Counts(44_700, 8_502), Counts(45_489, 8_279)
    pooled = proportion.difference_test(control, treatment).statistic
    assert pooled is not None
    n = 44_700 + 45_489
    assert score(control, treatment, 0.0) == pytest.approx(pooled * math.sqrt((n - 1) / n), rel=1e-12)


@settings(deadline=None)
@given(counts(least=1, most=10**6), counts(least=1, most=10**6), st.sampled_from([0.001, 0.02, 0.1]))
def test_the_bound_is_within_the_margin_exactly_when_the_null_is_rejected(
    control: Counts, treatment: Counts, margin: float
) -> None:
    for direction, sign in (("increase", 1), ("decrease", -1)):
        answer = noninferior_rates(control, treatment, margin, direction=direction)
        if abs(answer.p_value - 0.05) > 1e-6:
            assert answer.noninferior == (sign * answer.bound > -margin)


def test_directions_mirror_each_other() -> None:
    control, treatment = Counts(200, 30), Counts(180, 21)
    more = noninferior_rates(control, treatment, 0.05)
    fewer = noninferior_rates(Counts(200, 170), Counts(180, 159), 0.05, direction="decrease")
    assert fewer.p_value == pytest.approx(more.p_value)
    assert (fewer.bound, fewer.estimate) == (pytest.approx(-more.bound), pytest.approx(-more.estimate))


@settings(deadline=None)
@given(counts(), counts(), st.floats(0, 0.99), st.sampled_from(["increase", "decrease"]))
def test_any_counts_have_an_answer_or_a_reason(
    control: Counts, treatment: Counts, margin: float, direction: str
) -> None:
    answer = answer_or_none(lambda: noninferior_rates(control, treatment, margin, direction=direction))
    assert answer is None or (0 <= answer.p_value <= 1 and -1 <= answer.bound <= 1)


def test_means_are_welchs_test_shifted_by_the_margin() -> None:
    generator = np.random.default_rng(4)
    first, second = generator.integers(0, 100, 60), generator.integers(0, 90, 50)
    control, treatment = (from_values([int(v) for v in rows]) for rows in (first, second))
    answer = noninferior_means(control, treatment, 5.0)
    expected = stats.ttest_ind(second + 5.0, first, equal_var=False, alternative="greater")
    assert answer.p_value == pytest.approx(expected.pvalue)
    assert answer.bound == pytest.approx(mean.difference(control, treatment, 0.9).interval.lower)
    down = noninferior_means(control, treatment, 5.0, direction="decrease")
    assert down.bound == pytest.approx(mean.difference(control, treatment, 0.9).interval.upper)
    assert down.p_value == pytest.approx(
        stats.ttest_ind(second - 5.0, first, equal_var=False, alternative="less").pvalue
    )


@given(sums(), sums(), st.floats(0, 1e6), st.sampled_from(["increase", "decrease"]))
def test_any_sums_have_an_answer_or_a_reason(
    control: Sums, treatment: Sums, margin: float, direction: str
) -> None:
    answer = answer_or_none(lambda: noninferior_means(control, treatment, margin, direction=direction))
    assert answer is None or (0 <= answer.p_value <= 1 and math.isfinite(answer.bound + answer.statistic))


@pytest.mark.parametrize(
    ("margin", "alpha"), [(-0.1, 0.05), (1.0, 0.05), (math.nan, 0.05), (0.1, 0.5), (0.1, 0.0)]
)
def test_what_cannot_be_is_refused(margin: float, alpha: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        noninferior_rates(Counts(10, 5), Counts(10, 5), margin, alpha=alpha)


def test_no_participants_are_no_answer() -> None:
    with pytest.raises(NotEnoughData, match="participants in both"):
        noninferior_rates(Counts(10, 5), Counts(0, 0), 0.1)


def test_its_error_at_the_margin_is_close_to_alpha_by_full_enumeration() -> None:
    n, p_control, margin = 150, 0.3, 0.1
    weights_c, weights_t = (stats.binom.pmf(range(n + 1), n, p) for p in (p_control, p_control - margin))
    error = sum(
        weights_c[i] * weights_t[j]
        for i in range(20, 71)
        for j in range(8, 55)
        if score(Counts(n, i), Counts(n, j), -margin) >= 1.644854
    )
    assert 0.04 < error < 0.055
