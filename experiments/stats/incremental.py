"""What one more conversion costs: a difference of costs over a difference of conversions."""

from __future__ import annotations

from scipy import stats

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Estimate, Interval
from experiments.stats.fieller import lift_interval
from experiments.stats.pair_sums import PairSums


def cost_per_incremental(control: PairSums, treatment: PairSums, level: float) -> Estimate:
    """The cost of each conversion that would not have been without it, with Fieller's interval.

    Both differences are of means over participants, and a participant's cost and conversions go together, so
    their covariance counts.

    Args:
        control, treatment: y is a participant's cost, x the number of its conversions.
        level: Of the interval.

    Raises:
        NotEnoughData: There are fewer than two participants, or the treatment has not clearly more
            conversions, so that the interval would have no end.

    References:
        Fieller (1954), see `experiments.stats.fieller`.
        Polsky, D. et al. (1997). Confidence intervals for cost-effectiveness ratios. Health Economics 6.
    """
    fewest = min(control.participants, treatment.participants)
    if fewest < 2:
        raise NotEnoughData(f"A cost needs at least two participants of each variant; there are {fewest}.")
    cost = treatment.outcomes.mean - control.outcomes.mean
    gain = treatment.covariates.mean - control.covariates.mean
    of_cost, of_gain, of_both = (_of_mean(control, which) + _of_mean(treatment, which) for which in (0, 1, 2))
    if gain <= 0:
        raise NotEnoughData("The treatment has no more conversions than the control, so none can be priced.")
    try:
        shifted = lift_interval(
            gain,
            cost,
            control_variance=of_gain,
            difference_variance=of_cost + of_gain - 2 * of_both,
            covariance=of_both - of_gain,
            quantile=float(stats.norm.isf((1 - level) / 2)),
        )
    except NotEnoughData:
        raise NotEnoughData(
            "The treatment has not clearly more conversions than the control, so the cost of one more has no "
            "bounded interval."
        ) from None
    interval = Interval(shifted.lower + 1, shifted.upper + 1)
    return Estimate(cost / gain, interval, level, "incremental_fieller")


def _of_mean(sums: PairSums, which: int) -> float:
    """The variance of the mean cost, of the mean conversions, or the covariance of both."""
    centred = (sums.centred_squares, sums.centred_covariate, sums.centred_cross)[which]
    n = sums.participants
    return centred / (n * n * (n - 1)) / sums.scale**2
