from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.stats.fieller import relative_interval

positive = st.floats(1e-3, 1e3)


@given(control=positive, ratio=st.floats(0.2, 5), a=positive, b=positive, quantile=st.floats(0.5, 5))
def test_each_bound_is_a_lift_exactly_quantile_standard_errors_away(
    control: float, ratio: float, a: float, b: float, quantile: float
) -> None:
    treatment = ratio * control
    a, b = a * control**2 / 1e4, b * control**2 / 1e4
    assume(control**2 > 1.01 * quantile**2 * a)
    interval = relative_interval(
        control, treatment, control_variance=a, treatment_variance=b, quantile=quantile
    )
    for lift in (interval.lower, interval.upper):
        distance = (treatment - (1 + lift) * control) ** 2 / (b + (1 + lift) ** 2 * a)
        assert distance == pytest.approx(quantile**2, rel=1e-6)


def test_it_equals_finneys_form_with_g() -> None:
    # Finney 1978, Statistical Method in Biological Assay, 4.5: g = (t SE_B / B)², Q = A / B,
    # SE_Q = Q / (1 - g) √((1 - g) SE_A²/A² + SE_B²/B²), interval Q / (1 - g) ± t SE_Q.
    a, se_a, b, se_b, t = 8.0, 0.4, 4.0, 0.3, 2.1
    g = (t * se_b / b) ** 2
    quotient = a / b
    error = quotient / (1 - g) * ((1 - g) * (se_a / a) ** 2 + (se_b / b) ** 2) ** 0.5
    interval = relative_interval(b, a, control_variance=se_b**2, treatment_variance=se_a**2, quantile=t)
    assert interval.lower == pytest.approx(quotient / (1 - g) - t * error - 1, rel=1e-12)
    assert interval.upper == pytest.approx(quotient / (1 - g) + t * error - 1, rel=1e-12)


@pytest.mark.parametrize("control", [0.0, -1.0, 0.19])
def test_a_control_not_clearly_above_0_has_no_bounded_interval(control: float) -> None:
    with pytest.raises(NotEnoughData, match="not clearly above 0"):
        relative_interval(control, 1.0, control_variance=0.01, treatment_variance=0.01, quantile=1.96)


def test_no_difference_and_no_spread_is_a_point_at_0() -> None:
    interval = relative_interval(2.0, 2.0, control_variance=0.0, treatment_variance=0.0, quantile=1.96)
    assert (interval.lower, interval.upper) == (0.0, 0.0)
