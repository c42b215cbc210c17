"""Ratios of two means, such as refunds per recharge, by the delta method with the participant as the unit.

Participants are independent of each other, their events are not: to treat the events of the denominator as
rows would make the error too small, the more so the more the events of one participant resemble each other.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from experiments.errors import NotEnoughData
from experiments.stats import mean
from experiments.stats.estimate import Estimate, Moments, Test
from experiments.stats.pair_sums import PairSums, finite

MOST_VARIATION = Fraction(1, 10)
"""Standard error of the denominator's mean over that mean; above it the ratio is not near normal."""


def linearised(sums: PairSums) -> Moments:
    """The ratio Σy / Σx as the mean of one value a participant, with the delta method's variance.

    It is the variance of one participant's (y - R x) / x̄, R the ratio. With it the ratio can be compared by
    all that takes means: `mean.difference`, `sequential.confidence_sequence`, `noninferior_means`.

    Raises:
        NotEnoughData: There are fewer than two participants, or the denominator's mean is not clearly above
            0: its standard error is more than `MOST_VARIATION` of it.

    References:
        Deng, A., Knoblich, U., Lu, J. (2018). Applying the delta method in metric analytics: a practical
        guide with novel ideas. KDD, 233-242.
        Cochran, W. G. (1977). Sampling Techniques, 3rd ed., section 6.5 (the rule of a tenth).
    """
    if sums.participants < 2:
        raise NotEnoughData(f"A ratio needs at least two participants; there are {sums.participants}.")
    if not _clearly_above_0(sums):
        raise NotEnoughData(
            f"The denominator's mean, {sums.covariates.mean:g} of {sums.participants} participants, is not "
            "clearly above 0: its standard error must be at most a tenth of it, or the ratio is not known."
        )
    ratio = Fraction(sums.total, sums.covariate)
    of_mean = Fraction(sums.covariate, sums.participants * sums.scale)
    variance = sums.residual_variance(ratio) / of_mean**2
    return Moments(sums.participants, finite(ratio, "ratio"), finite(variance, "ratio's variance"))


def ratio(sums: PairSums, level: float) -> Estimate:
    """One variant's ratio with its interval.

    Raises:
        NotEnoughData: As for `linearised`; or every participant has the same ratio.

    References:
        Deng, Knoblich, Lu (2018), as in `linearised`.
    """
    return _named(mean.mean(linearised(sums), level))


def difference(control: PairSums, treatment: PairSums, level: float) -> Estimate:
    """Treatment's ratio minus control's, with its interval at Welch's quantile.

    Raises:
        NotEnoughData: As for `linearised`; or every participant has the same ratio in both variants.

    References:
        Deng, Knoblich, Lu (2018), as in `linearised`.
    """
    return _named(mean.difference(linearised(control), linearised(treatment), level))


def difference_test(control: PairSums, treatment: PairSums) -> Test:
    """Two-sided test that both ratios are equal.

    Raises:
        NotEnoughData: As for `difference`.

    References:
        Deng, Knoblich, Lu (2018), as in `linearised`.
    """
    return replace(mean.difference_test(linearised(control), linearised(treatment)), method="ratio_delta")


def relative(control: PairSums, treatment: PairSums, level: float) -> Estimate:
    """Treatment's ratio over control's, minus 1, with Fieller's interval.

    It leaves out 0 exactly when `difference_test` rejects at the same level.

    Raises:
        NotEnoughData: As for `difference`; or the control's ratio is not clearly above 0.

    References:
        Fieller (1954), see `experiments.stats.fieller`.
    """
    lift = mean.relative(linearised(control), linearised(treatment), level)
    return replace(lift, method="ratio_delta_fieller")


def _clearly_above_0(sums: PairSums) -> bool:
    """Whether the standard error of the denominator's mean is at most `MOST_VARIATION` of it, exactly."""
    square = sums.centred_covariate * MOST_VARIATION.denominator**2
    return (
        sums.covariate > 0
        and square <= (sums.participants - 1) * (MOST_VARIATION.numerator * sums.covariate) ** 2
    )


def _named(estimate: Estimate) -> Estimate:
    return replace(estimate, method="ratio_delta")
