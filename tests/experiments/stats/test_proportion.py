from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.errors import NotEnoughData
from experiments.stats import proportion
from experiments.stats.estimate import Counts, Estimate
from tests.experiments.stats.strategies import answer_or_none, counts

COOKIE_CATS = Counts(44_700, 8_502), Counts(45_489, 8_279)
UDACITY = Counts(145_274, 17_489), Counts(145_310, 17_264)


def is_sound(estimate: Estimate) -> bool:
    return math.isfinite(estimate.estimate) and estimate.interval.contains(estimate.estimate)


def test_cookie_cats_is_as_published() -> None:
    test = proportion.difference_test(*COOKIE_CATS)
    assert test.method == "pooled_z"
    assert test.p_value == pytest.approx(0.00155, abs=5e-6)


def test_udacitys_landing_page_is_as_published() -> None:
    test = proportion.difference_test(*UDACITY)
    assert test.statistic == pytest.approx(-1.31, abs=0.005)
    assert test.p_value == pytest.approx(0.19, abs=0.005)


def test_the_pooled_test_is_the_chi_square_of_the_table() -> None:
    control, treatment = COOKIE_CATS
    table = [[c.conversions, c.participants - c.conversions] for c in (control, treatment)]
    witness = stats.chi2_contingency(table, correction=False).pvalue
    assert proportion.difference_test(control, treatment).p_value == pytest.approx(witness, rel=1e-9)


@pytest.mark.parametrize(
    ("treatment", "control", "lower", "upper"),
    [
        # Newcombe 1998, table II, method 10; recomputed to every digit by R 4.2.2, Epi::ci.pd(method = "Nc")
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_the_difference_has_newcombes_published_interval(
    treatment: tuple[int, int], control: tuple[int, int], lower: float, upper: float
) -> None:
    answer = proportion.difference(Counts(control[1], control[0]), Counts(treatment[1], treatment[0]), 0.95)
    assert answer.interval.lower == pytest.approx(lower, abs=6e-5)
    assert answer.interval.upper == pytest.approx(upper, abs=6e-5)


@pytest.mark.parametrize(
    ("conversions", "participants", "lower", "upper"),
    # Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3;
    # recomputed by R 4.2.2, prop.test(x, n, correct = FALSE)
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_rate_has_wilsons_published_interval(
    conversions: int, participants: int, lower: float, upper: float
) -> None:
    interval = proportion.rate(Counts(participants, conversions), 0.95).interval
    assert (interval.lower, interval.upper) == (
        pytest.approx(lower, abs=6e-5),
        pytest.approx(upper, abs=6e-5),
    )


@pytest.mark.parametrize(
    ("control", "treatment", "method"),
    [
        (Counts(1000, 10), Counts(1000, 990), "pooled_z"),
        (Counts(1000, 9), Counts(1000, 30), "boschloo_exact"),
        (Counts(1000, 991), Counts(1000, 900), "boschloo_exact"),
        (Counts(1001, 9), Counts(1000, 30), "fisher_exact"),
        (Counts(500, 0), Counts(500, 0), "fisher_exact"),
    ],
)
def test_a_small_cell_makes_the_test_exact(control: Counts, treatment: Counts, method: str) -> None:
    assert proportion.difference_test(control, treatment).method == method


def test_no_conversion_against_seven_is_not_called_nothing() -> None:
    assert proportion.difference_test(Counts(5000, 0), Counts(5000, 7)).p_value == pytest.approx(
        0.0156, abs=1e-4
    )


def test_a_difference_beyond_all_doubt_has_a_p_value_above_0() -> None:
    assert 0 < proportion.difference_test(Counts(100_000, 10_000), Counts(100_000, 12_000)).p_value < 1e-40


@pytest.mark.parametrize(("conversions", "method"), [(19, "log_walter"), (20, "fieller")])
def test_the_relative_method_is_chosen_by_conversions_and_named(conversions: int, method: str) -> None:
    assert proportion.relative(Counts(1000, 50), Counts(1000, conversions), 0.95).method == method


def test_walters_interval_is_as_computed_by_hand() -> None:
    # log(5.5/100.5 ÷ 10.5/100.5) ± 1.959964 √(1/5.5 - 1/100.5 + 1/10.5 - 1/100.5)
    centre, error = math.log(5.5 / 10.5), math.sqrt(1 / 5.5 + 1 / 10.5 - 2 / 100.5)
    interval = proportion.relative(Counts(100, 10), Counts(100, 5), 0.95).interval
    assert interval.lower == pytest.approx(math.exp(centre - 1.959964 * error) - 1, abs=1e-6)
    assert interval.upper == pytest.approx(math.exp(centre + 1.959964 * error) - 1, abs=1e-6)


def test_a_treatment_without_conversions_is_estimated_at_minus_one() -> None:
    answer = proportion.relative(Counts(100, 10), Counts(100, 0), 0.95)
    assert answer.estimate == -1
    assert answer.interval.lower == -1


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        (Counts(0, 0), Counts(10, 1), "control has no participant"),
        (Counts(10, 1), Counts(0, 0), "treatment has no participant"),
        (Counts(10, 0), Counts(10, 1), "no conversion"),
        (Counts(50, 50), Counts(60, 60), "Every participant"),
    ],
)
def test_a_relative_lift_that_cannot_be_had_says_why(control: Counts, treatment: Counts, reason: str) -> None:
    with pytest.raises(NotEnoughData, match=reason):
        proportion.relative(control, treatment, 0.95)


def test_a_test_without_participants_says_so() -> None:
    with pytest.raises(NotEnoughData, match="control has no participant"):
        proportion.difference_test(Counts(0, 0), Counts(5, 5))


@settings(deadline=None)
@given(counts(), st.floats(0.5, 0.999))
def test_any_counts_have_a_rate_or_a_reason(variant: Counts, level: float) -> None:
    assume(variant.participants > 0)
    answer = proportion.rate(variant, level)
    assert is_sound(answer)
    assert -1e-12 <= answer.interval.lower <= answer.interval.upper <= 1 + 1e-12


@settings(deadline=None)
@given(counts(), counts(), st.floats(0.5, 0.999))
def test_any_counts_have_a_difference_and_a_lift_or_a_reason(
    control: Counts, treatment: Counts, level: float
) -> None:
    for method in (proportion.difference, proportion.relative):
        answer = answer_or_none(partial(method, control, treatment, level))
        assert answer is None or is_sound(answer)


@settings(deadline=None, max_examples=60)
@given(counts(least=1), counts(least=1))
def test_any_counts_have_a_p_value(control: Counts, treatment: Counts) -> None:
    test = proportion.difference_test(control, treatment)
    assert 0 <= test.p_value <= 1
    assert test.statistic is None or math.isfinite(test.statistic)


@given(counts(least=1, most=10**6), counts(least=1, most=10**6))
def test_exchanging_the_variants_turns_the_difference_round(control: Counts, treatment: Counts) -> None:
    there = proportion.difference(control, treatment, 0.95)
    back = proportion.difference(treatment, control, 0.95)
    assert back.estimate == -there.estimate
    assert back.interval.lower == pytest.approx(-there.interval.upper, abs=1e-12)


@pytest.mark.parametrize(("n", "p_control", "p_treatment"), [(200, 0.05, 0.05), (500, 0.02, 0.06)])
def test_the_intervals_cover_by_full_enumeration(n: int, p_control: float, p_treatment: float) -> None:
    """No simulation: every likely table with its probability."""
    covered = {"difference": 0.0, "relative": 0.0}
    weights = [stats.binom.pmf(range(n + 1), n, p) for p in (p_control, p_treatment)]
    likely = [[k for k in range(1, n + 1) if w[k] > 1e-5] for w in weights]
    total = 0.0
    for i in likely[0]:
        for j in likely[1]:
            weight = weights[0][i] * weights[1][j]
            total += weight
            pair = Counts(n, i), Counts(n, j)
            if proportion.difference(*pair, 0.95).interval.contains(p_treatment - p_control):
                covered["difference"] += weight
            if _relative_contains(pair, p_treatment / p_control - 1):
                covered["relative"] += weight
    assert 0.945 < covered["difference"] / total < 0.965
    assert 0.935 < covered["relative"] / total < 0.972


def _relative_contains(pair: tuple[Counts, Counts], truth: float) -> bool:
    answer = answer_or_none(lambda: proportion.relative(*pair, 0.95))
    return answer is None or answer.interval.contains(truth)  # saying nothing is not saying something wrong
