"""Means adjusted by a covariate from before the exposure, so that less chance is left in their difference.

The covariate must be measured strictly before the exposure. One that the treatment can have changed takes
part of the effect away with the chance, and no figure here can tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from experiments.errors import NotEnoughData
from experiments.stats import mean
from experiments.stats.estimate import Estimate, Moments, Test
from experiments.stats.fieller import lift_interval
from experiments.stats.pair_sums import PairSums, finite

LEAST_SAVED = 0.01
"""An adjustment that saves less of the variance is no help: the interval narrows by half a hundredth."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Two variants' means, moved to where they would be had both had the same mean of the covariate.

    Attributes:
        theta: How much of the outcome goes with one of the covariate.
        control, treatment: The adjusted means, with what is left of the variance: for comparing them with
            each other, by all that takes means (`sequential.confidence_sequence` too).
        variance_saved: Share of the difference's variance that the adjustment took off; 0 when the covariate
            explains nothing, below 0 only for a theta that was given.
        control_variance: Variance of the control's adjusted mean taken alone, with the covariate's own.
        covariance: Of the adjusted difference with the control's adjusted mean.
    """

    theta: float
    control: Moments
    treatment: Moments
    variance_saved: float
    control_variance: float
    covariance: float

    @property
    def helps(self) -> bool:
        """Whether the covariate explains enough to speak of."""
        return self.variance_saved >= LEAST_SAVED


def adjust(control: PairSums, treatment: PairSums, *, theta: Fraction | None = None) -> Adjusted:
    """Both means less theta times how far their covariate's mean is from that of both variants together.

    Theta is the same in both variants, the one with the least variance of the difference:
    Σ cov(x, y)/n over Σ var(x)/n. So it can never add to the variance, whatever the split and whether or not
    the covariate works alike in both variants; it equals Lin's interacted regression where x varies alike.

    Args:
        control: Sums of the outcome y and the covariate x.
        treatment: The same of the treatment.
        theta: One that was fixed before the start; none is estimated then.

    Raises:
        NotEnoughData: A variant has fewer than three participants.

    References:
        Deng, A., Xu, Y., Kohavi, R., Walker, T. (2013). Improving the sensitivity of online controlled
        experiments by utilizing pre-experiment data. WSDM, 123-132.
        Lin, W. (2013). Agnostic notes on regression adjustments to experimental data: reexamining Freedman's
        critique. Annals of Applied Statistics 7, 295-318.
    """
    _need_three(control, treatment)
    slope = _least_variance(control, treatment) if theta is None else theta
    together = control + treatment
    centre = Fraction(together.covariate, together.participants * together.scale)
    estimated = theta is None and slope != 0
    leanings = [
        slope * _residual_covariance(sums, slope) / together.participants for sums in (control, treatment)
    ]
    left = sum(_of_mean(sums, slope) for sums in (control, treatment))
    before = sum(_of_mean(sums, Fraction(0)) for sums in (control, treatment))
    covariate = slope**2 * _variance_of_centre(control, treatment)
    return Adjusted(
        theta=finite(slope, "covariate's slope"),
        control=_adjusted(control, slope, centre, estimated),
        treatment=_adjusted(treatment, slope, centre, estimated),
        variance_saved=finite(1 - left / before, "share of the variance") if before else 0.0,
        control_variance=finite(_of_mean(control, slope) + 2 * leanings[0] + covariate, "adjusted variance"),
        covariance=finite(leanings[1] - leanings[0] - _of_mean(control, slope), "adjusted covariance"),
    )


def difference(control: PairSums, treatment: PairSums, level: float) -> Estimate:
    """Treatment's adjusted mean minus control's, with Welch's interval.

    Raises:
        NotEnoughData: As for `adjust`; or nothing is left to vary in either variant.

    References:
        Deng et al. (2013), as in `adjust`.
    """
    adjusted = adjust(control, treatment)
    return replace(mean.difference(adjusted.control, adjusted.treatment, level), method="cuped_welch")


def difference_test(control: PairSums, treatment: PairSums) -> Test:
    """Two-sided test that both means are equal, on the adjusted ones.

    Raises:
        NotEnoughData: As for `difference`.

    References:
        Deng et al. (2013), as in `adjust`.
    """
    adjusted = adjust(control, treatment)
    return replace(mean.difference_test(adjusted.control, adjusted.treatment), method="cuped_welch")


def relative(control: PairSums, treatment: PairSums, level: float) -> Estimate:
    """Treatment's adjusted mean over control's, minus 1, with Fieller's interval.

    Both adjusted means carry the covariate's mean of all participants, so they vary together, and the
    interval reckons with it. It leaves out 0 exactly when `difference_test` rejects at the same level.

    Raises:
        NotEnoughData: As for `difference`; or the control's mean is not clearly above 0.

    References:
        Fieller (1954), see `experiments.stats.fieller`.
    """
    adjusted = adjust(control, treatment)
    spread = mean.welch(adjusted.control, adjusted.treatment)
    interval = lift_interval(
        adjusted.control.mean,
        adjusted.treatment.mean,
        control_variance=adjusted.control_variance,
        difference_variance=spread.control_variance + spread.treatment_variance,
        covariance=adjusted.covariance,
        quantile=mean.two_sided_t(level, spread.freedom),
    )
    lift = adjusted.treatment.mean / adjusted.control.mean - 1
    return Estimate(lift, interval, level, "cuped_fieller")


def _need_three(*variants: PairSums) -> None:
    for sums in variants:
        if sums.participants < 3:
            raise NotEnoughData(
                f"An adjustment needs at least three participants a variant; there are {sums.participants}."
            )


def _least_variance(control: PairSums, treatment: PairSums) -> Fraction:
    """The theta of least variance; 0 where the covariate is the same for everybody of a variant."""
    weights = [Fraction(1, n * n * (n - 1)) for n in (control.participants, treatment.participants)]
    pairs = list(zip(weights, (control, treatment), strict=True))
    spread = sum(weight * sums.centred_covariate for weight, sums in pairs)
    return (
        Fraction(sum(weight * sums.centred_cross for weight, sums in pairs)) / spread
        if spread
        else Fraction(0)
    )


def _of_mean(sums: PairSums, slope: Fraction) -> Fraction:
    """Variance of the mean of y - slope · x."""
    return sums.residual_variance(slope) / sums.participants


def _residual_covariance(sums: PairSums, slope: Fraction) -> Fraction:
    """Covariance of y - slope · x with x."""
    n = sums.participants
    return (sums.centred_cross - slope * sums.centred_covariate) / (n * (n - 1) * sums.scale**2)


def _variance_of_centre(control: PairSums, treatment: PairSums) -> Fraction:
    """Variance of the covariate's mean over both variants."""
    together = control.participants + treatment.participants
    spread = sum(
        Fraction(sums.centred_covariate, (sums.participants - 1) * sums.scale**2)
        for sums in (control, treatment)
    )
    return Fraction(spread) / together**2


def _adjusted(sums: PairSums, slope: Fraction, centre: Fraction, estimated: bool) -> Moments:
    """The adjusted mean; a slope that was estimated costs each variant one degree of freedom."""
    n = sums.participants
    unit = n * sums.scale
    adjusted = Fraction(sums.total, unit) - slope * (Fraction(sums.covariate, unit) - centre)
    variance = sums.residual_variance(slope) * (Fraction(n - 1, n - 2) if estimated else 1)
    return Moments(n, finite(adjusted, "adjusted mean"), finite(variance, "adjusted variance"))
