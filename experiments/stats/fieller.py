"""The interval of a ratio of two means, by Fieller's theorem, given as a relative lift."""

from __future__ import annotations

import math

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Interval


def relative_interval(
    control: float, treatment: float, *, control_variance: float, treatment_variance: float, quantile: float
) -> Interval:
    """The interval of treatment / control - 1, from two independent means and the variances of those means.

    It holds every lift L at which |treatment - (1 + L) control| is within `quantile` standard errors of
    itself. So it leaves out 0 exactly when the test of the difference with this quantile rejects.

    Args:
        control: Mean of the control, above 0.
        treatment: Mean of the treatment.
        control_variance: Variance of the control's mean (not of one participant).
        treatment_variance: Variance of the treatment's mean.
        quantile: Two-sided critical value, 1.96 at level 0.95 of a normal curve.

    Raises:
        NotEnoughData: The control mean is not above 0 by more than its own uncertainty, so the set is not
            bounded.

    References:
        Fieller, E. C. (1954). Some problems in interval estimation. JRSS B 16, 175-185.
    """
    return lift_interval(
        control,
        treatment,
        control_variance=control_variance,
        difference_variance=control_variance + treatment_variance,
        covariance=-control_variance,
        quantile=quantile,
    )


def lift_interval(
    control: float,
    treatment: float,
    *,
    control_variance: float,
    difference_variance: float,
    covariance: float,
    quantile: float,
) -> Interval:
    """The same of two means that need not be independent.

    Args:
        control: Mean of the control, above 0.
        treatment: Mean of the treatment.
        control_variance: Variance of the control's mean.
        difference_variance: Variance of treatment - control.
        covariance: Of treatment - control with the control's mean; of independent means -control_variance.
        quantile: Two-sided critical value.

    Raises:
        NotEnoughData: The control mean is not above 0 by more than its own uncertainty.

    References:
        Fieller (1954), as in `relative_interval`.
    """
    spread = quantile**2 * control_variance
    if control <= 0 or control**2 <= spread:
        raise NotEnoughData(
            "The control's mean is not clearly above 0, so a relative lift has no bounded interval."
        )
    lift = treatment - control
    square = control**2 - spread  # the set is square L² - 2 middle L + constant <= 0
    middle = lift * control - quantile**2 * covariance
    constant = lift**2 - quantile**2 * difference_variance
    root = math.sqrt(max(0.0, middle**2 - square * constant))
    far = middle + math.copysign(root, middle)  # never a difference of near equals, so the sign at 0 is exact
    bounds = sorted((far / square, constant / far)) if far else (0.0, 0.0)
    return Interval.holding(treatment / control - 1, *bounds)
