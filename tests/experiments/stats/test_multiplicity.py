from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experiments.stats.multiplicity import benjamini_hochberg, holm, simultaneous_level

P_VALUES = [0.01, 0.04, 0.03, 0.005]

any_p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_is_as_in_rs_p_adjust() -> None:
    assert holm(P_VALUES) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_benjamini_and_hochbergs_published_example_rejects_four() -> None:
    # Benjamini & Hochberg 1995: thrombolysis, 15 hypotheses; at 0.05 Bonferroni rejects 3 and theirs 4
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    published += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert sum(p_value <= 0.05 for p_value in benjamini_hochberg(published)) == 4
    assert sum(p_value <= 0.05 for p_value in holm(published)) == 3


@given(any_p_values)
def test_benjamini_hochberg_is_scipys(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values), abs=1e-15)


@pytest.mark.parametrize("p_values", [P_VALUES, [0.2], [0.5, 0.5, 0.0, 1.0], [0.9, 0.8, 0.04, 0.04, 0.011]])
def test_both_are_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-15)
    assert benjamini_hochberg(p_values) == pytest.approx(
        multipletests(p_values, method="fdr_bh")[1], abs=1e-15
    )


@given(any_p_values)
def test_adjusting_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    ranks = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [adjusted[i] for i in ranks] == sorted(adjusted)


def test_no_p_values_adjust_to_none() -> None:
    assert holm([]) == ()


@pytest.mark.parametrize("p_value", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p_value: float) -> None:
    with pytest.raises(ValueError, match="must be >= 0 and <= 1"):
        holm([0.5, p_value])


def test_four_intervals_together_need_a_quarter_of_the_error_each() -> None:
    assert simultaneous_level(0.95, 4) == pytest.approx(0.9875)
    assert simultaneous_level(0.95, 1) == pytest.approx(0.95)
    with pytest.raises(ValueError, match="comparisons == 0"):
        simultaneous_level(0.95, 0)
