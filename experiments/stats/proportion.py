"""Rates: one variant's, the difference of two, its test, and the relative lift; from four whole numbers."""

from __future__ import annotations

import math

from scipy import special
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from experiments.errors import NotEnoughData
from experiments.stats import exact
from experiments.stats.estimate import Counts, Estimate, Interval, Test, check_level
from experiments.stats.fieller import relative_interval

SMALL_CELL = 10
"""With any of the four cells below this, the test is exact."""
FEW_CONVERSIONS = 20
"""With fewer conversions in a variant, the relative interval is made on the log scale."""


def rate(counts: Counts, level: float) -> Estimate:
    """One variant's conversion rate with Wilson's score interval.

    Raises:
        NotEnoughData: There is no participant.

    References:
        Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22,
        209-212.
    """
    check_level(level)
    estimate = counts.rate
    lower, upper = proportion_confint(
        counts.conversions, counts.participants, alpha=1 - level, method="wilson"
    )
    return Estimate(estimate, Interval.holding(estimate, lower, upper), level, "wilson")


def difference(control: Counts, treatment: Counts, level: float) -> Estimate:
    """Treatment's rate minus control's, with Newcombe's hybrid score interval.

    Raises:
        NotEnoughData: A variant has no participant.

    References:
        Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions:
        comparison of eleven methods. Statistics in Medicine 17, 873-890 (method 10).
    """
    check_level(level)
    estimate = treatment.rate - control.rate
    lower, upper = confint_proportions_2indep(
        treatment.conversions,
        treatment.participants,
        control.conversions,
        control.participants,
        method="newcomb",
        compare="diff",
        alpha=1 - level,
    )
    return Estimate(estimate, Interval.holding(estimate, lower, upper), level, "newcombe")


def difference_test(control: Counts, treatment: Counts) -> Test:
    """Two-sided test that both rates are equal: pooled z, or exact where any cell is below `SMALL_CELL`.

    The exact test is Boschloo's up to 2,000 participants together and Fisher's above. Where the smallest
    margin is above a million no normal approximation is in doubt, and z is used whatever the cells.

    Raises:
        NotEnoughData: A variant has no participant.

    References:
        Fleiss, J. L., Levin, B., Paik, M. C. (2003). Statistical Methods for Rates and Proportions, 3rd ed.,
        ch. 3. Boschloo (1970) and Fisher (1935), see `experiments.stats.exact`.
    """
    _need_participants(control, treatment)
    if not _needs_exact(control, treatment):
        counts = [treatment.conversions, control.conversions]
        statistic, p_value = proportions_ztest(counts, [treatment.participants, control.participants])
        return Test(float(p_value), "pooled_z", float(statistic))
    if exact.smallest_margin(control, treatment) == 0:  # all converted, or none: only one table is possible
        return Test(1.0, "fisher_exact")
    if control.participants + treatment.participants <= exact.MOST_FOR_BOSCHLOO:
        return Test(exact.boschloo(control, treatment), "boschloo_exact")
    return Test(exact.fisher(control, treatment), "fisher_exact")


def relative(control: Counts, treatment: Counts, level: float) -> Estimate:
    """Treatment's rate over control's, minus 1, with Fieller's interval; at few conversions with Walter's.

    Raises:
        NotEnoughData: A variant has no participant, the control no conversion, every participant of both
            converted, or the control's rate is not clearly above 0.

    References:
        Fieller (1954), see `experiments.stats.fieller`.
        Walter, S. D. (1975). The distribution of Levin's measure of attributable risk. Biometrika 62, 371-374
        (+1/2 in each count, so that a variant without conversions has an interval too).
    """
    check_level(level)
    _need_participants(control, treatment)
    if control.conversions == 0:
        raise NotEnoughData(
            "The control has no conversion, so there is nothing to divide the treatment's rate by."
        )
    if control.variance == treatment.variance == 0 and treatment.conversions > 0:
        raise NotEnoughData(
            "Every participant of both variants converted, so the relative lift has no interval."
        )
    estimate = treatment.rate / control.rate - 1
    if min(control.conversions, treatment.conversions) < FEW_CONVERSIONS:
        return Estimate(estimate, _walter(control, treatment, estimate, level), level, "log_walter")
    interval = relative_interval(
        control.rate,
        treatment.rate,
        control_variance=control.variance / control.participants,
        treatment_variance=treatment.variance / treatment.participants,
        quantile=_two_sided_normal(level),
    )
    return Estimate(estimate, interval, level, "fieller")


def _walter(control: Counts, treatment: Counts, estimate: float, level: float) -> Interval:
    """The interval of the log ratio with +1/2, stretched where it must be to hold the plain estimate."""
    centre = math.log(_half_rate(treatment) / _half_rate(control))
    error = math.sqrt(_log_variance(control) + _log_variance(treatment))
    reach = _two_sided_normal(level) * error
    return Interval.holding(estimate, math.expm1(centre - reach), math.expm1(centre + reach))


def _half_rate(counts: Counts) -> float:
    return (counts.conversions + 0.5) / (counts.participants + 0.5)


def _log_variance(counts: Counts) -> float:
    return 1 / (counts.conversions + 0.5) - 1 / (counts.participants + 0.5)


def _two_sided_normal(level: float) -> float:
    return -float(special.ndtri((1 - level) / 2))


def _needs_exact(control: Counts, treatment: Counts) -> bool:
    cells = [cell for c in (control, treatment) for cell in (c.conversions, c.participants - c.conversions)]
    return min(cells) < SMALL_CELL and exact.smallest_margin(control, treatment) <= exact.LARGEST_MARGIN


def _need_participants(control: Counts, treatment: Counts) -> None:
    for name, counts in (("control", control), ("treatment", treatment)):
        if counts.participants == 0:
            raise NotEnoughData(f"The {name} has no participant.")
