"""Means: one variant's, the difference of two, its test, and the relative lift; from exact sums, by Welch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special, stats

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Estimate, Interval, Means, Test, check_level
from experiments.stats.fieller import relative_interval


@dataclass(frozen=True, slots=True)
class Welch:
    """What Welch's method needs of two variants: the variances of both means, and the degrees of freedom."""

    control_variance: float
    treatment_variance: float
    freedom: float

    @property
    def standard_error(self) -> float:
        """Standard error of the difference of the means."""
        return math.sqrt(self.control_variance + self.treatment_variance)


def mean(sums: Means, level: float) -> Estimate:
    """One variant's mean with Student's t interval.

    Raises:
        NotEnoughData: There are fewer than two participants, or all have the same value.

    References:
        Student (1908). The probable error of a mean. Biometrika 6, 1-25.
    """
    check_level(level)
    error = math.sqrt(sums.variance / sums.participants)
    if error == 0:
        raise NotEnoughData("Every participant has the same value, so the spread of the mean is not known.")
    return _estimate(sums.mean, error * two_sided_t(level, sums.participants - 1), level, "student_t")


def difference(control: Means, treatment: Means, level: float) -> Estimate:
    """Treatment's mean minus control's, with Welch's interval.

    Raises:
        NotEnoughData: A variant has fewer than two participants, or no value differs from another in either.

    References:
        Welch, B. L. (1947). The generalization of "Student's" problem when several different population
        variances are involved. Biometrika 34, 28-35.
    """
    check_level(level)
    spread = welch(control, treatment)
    reach = spread.standard_error * two_sided_t(level, spread.freedom)
    return _estimate(treatment.mean - control.mean, reach, level, "welch_t")


def difference_test(control: Means, treatment: Means) -> Test:
    """Welch's two-sided test that both means are equal.

    Raises:
        NotEnoughData: A variant has fewer than two participants, or no value differs from another in either.

    References:
        Welch (1947), as in `difference`.
    """
    welch(control, treatment)  # refuses what the test below would answer with nan
    result = stats.ttest_ind_from_stats(
        treatment.mean,
        math.sqrt(treatment.variance),
        treatment.participants,
        control.mean,
        math.sqrt(control.variance),
        control.participants,
        equal_var=False,
    )
    return Test(float(result.pvalue), "welch_t", float(result.statistic))


def relative(control: Means, treatment: Means, level: float) -> Estimate:
    """Treatment's mean over control's, minus 1, with Fieller's interval at Welch's quantile.

    It leaves out 0 exactly when `difference_test` rejects at the same level.

    Raises:
        NotEnoughData: As for `difference`; or the control's mean is not clearly above 0 (over a mean of 0 or
            below, a relative lift says nothing, or the opposite of what it seems to).

    References:
        Fieller (1954), see `experiments.stats.fieller`.
    """
    check_level(level)
    spread = welch(control, treatment)
    interval = relative_interval(
        control.mean,
        treatment.mean,
        control_variance=spread.control_variance,
        treatment_variance=spread.treatment_variance,
        quantile=two_sided_t(level, spread.freedom),
    )
    return Estimate(treatment.mean / control.mean - 1, interval, level, "fieller_welch")


def welch(control: Means, treatment: Means) -> Welch:
    """Welch's standard error in its two parts, and Satterthwaite's degrees of freedom.

    Raises:
        NotEnoughData: A variant has fewer than two participants, or no value differs from another in either.

    References:
        Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components.
        Biometrics Bulletin 2, 110-114.
    """
    a, b = (sums.variance / sums.participants for sums in (control, treatment))
    if a + b == 0:
        raise NotEnoughData(
            "All values are the same within each variant, so the spread of the means is not known."
        )
    share = a / (a + b)  # shares, not squares of variances: those can underflow
    freedom = 1 / (share**2 / (control.participants - 1) + (1 - share) ** 2 / (treatment.participants - 1))
    return Welch(a, b, freedom)


def two_sided_t(level: float, freedom: float) -> float:
    """The two-sided critical value of Student's t: 1.96 at level 0.95 and many degrees of freedom."""
    return -float(special.stdtrit(freedom, (1 - level) / 2))


def _estimate(estimate: float, reach: float, level: float, method: str) -> Estimate:
    return Estimate(estimate, Interval(estimate - reach, estimate + reach), level, method)
