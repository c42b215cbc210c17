"""What a lift is likely to be in truth: shrunk by what is known of such experiments, or corrected for having
won.

A winner is chosen for a high figure, and part of every high figure is luck. Both corrections are for reading,
beside the plain estimate; neither decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize, special

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Counts, Estimate, Interval, Means, check_level
from experiments.stats.posterior import NormalPosterior


@dataclass(frozen=True, slots=True)
class RelativePrior:
    """What is believed of the relative lift before: normal, with the source of that belief in words."""

    mean: float
    deviation: float
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0 < self.deviation < math.inf):
            raise ValueError(
                f"prior == Normal({self.mean}, {self.deviation}), must be finite, deviation > 0."
            )


E_COMMERCE = RelativePrior(
    mean=0.0,
    deviation=0.0073,  # 0.012 over 1.645, so that nine in ten are within 0.012
    source=(
        "Browne and Swarbrick Jones 2017, What works in e-commerce, section 3.2: of 6,700 experiments "
        "nine in ten moved revenue per visitor by less than 0.012 of itself, up or down"
    ),
)
"""The default: whole sites, all their visitors. Where a wall is seen by few who want to pay, effects can be
greater; a prior from one's own earlier experiments (`pooling.next_prior`) is better once there are some."""


@dataclass(frozen=True, slots=True)
class Lift:
    """A relative lift, and the standard error of its normal approximation."""

    estimate: float
    standard_error: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.estimate) and 0 < self.standard_error < math.inf):
            raise ValueError(
                f"lift == {self.estimate} with standard error {self.standard_error}, must be finite and > 0."
            )


def lift(control: Counts | Means, treatment: Counts | Means) -> Lift:
    """Treatment over control, minus 1, with the delta method's error.

    Raises:
        NotEnoughData: The control's mean is not above 0 by two of its standard errors, or nothing varies.

    References:
        Deng, Knoblich, Lu (2018), see `experiments.stats.ratio`.
    """
    return lift_of(_mean_and_variance(control), _mean_and_variance(treatment))


def lift_of(control: tuple[float, float], treatment: tuple[float, float]) -> Lift:
    """The same from two means, each with the variance of that mean.

    Raises:
        NotEnoughData: As for `lift`.

    References:
        Deng, Knoblich, Lu (2018), as in `lift`.
    """
    (before, control_variance), (after, treatment_variance) = control, treatment
    if before <= 2 * math.sqrt(control_variance):
        raise NotEnoughData("The control's mean is not clearly above 0, so a relative lift says nothing.")
    error = math.sqrt(treatment_variance + (after / before) ** 2 * control_variance) / before
    if error == 0:
        raise NotEnoughData("Every participant has the same value, so the lift's error is not known.")
    return Lift(after / before - 1, error)


def posterior(found: Lift, prior: RelativePrior = E_COMMERCE) -> NormalPosterior:
    """What is known of the relative lift after the experiment: both weighted by their precision.

    References:
        Gelman et al. (2013). Bayesian Data Analysis, 3rd ed., section 2.5.
    """
    weight = 1 / (1 + (found.standard_error / prior.deviation) ** 2)
    centre = weight * found.estimate + (1 - weight) * prior.mean
    return NormalPosterior(centre, math.sqrt(weight) * found.standard_error)


def shrunk(found: Lift, level: float, prior: RelativePrior = E_COMMERCE) -> Estimate:
    """The lift to expect after shipping: the posterior mean with its credible interval.

    If the prior is right, the mean over all winners is right too, however they were chosen: a posterior needs
    no correction for selection.

    References:
        Browne, W., Swarbrick Jones, M. (2017). What works in e-commerce: a meta-analysis of 6,700 online
        experiments. Qubit. Senn, S. (2008). A note concerning a selection "paradox" of Dawid's. The American
        Statistician 62, 206-210.
    """
    check_level(level)
    known = posterior(found, prior)
    reach = -float(special.ndtri((1 - level) / 2)) * known.deviation
    interval = Interval(known.mean - reach, known.mean + reach)
    return Estimate(known.mean, interval, level, "normal_posterior")


def chance_within(found: Lift, margin: float, prior: RelativePrior | None = E_COMMERCE) -> float:
    """The probability that the true lift is within ± `margin`: in the region of practical equivalence.

    Args:
        found: The lift.
        margin: Relative, above 0.
        prior: None is flat: what the data alone say.

    References:
        Kruschke, J. K. (2018). Rejecting or accepting parameter values in Bayesian estimation. Advances in
        Methods and Practices in Psychological Science 1, 270-280.
    """
    if not 0 < margin < math.inf:
        raise ValueError(f"margin == {margin}, must be > 0 and finite.")
    flat = NormalPosterior(found.estimate, found.standard_error)
    known = flat if prior is None else posterior(found, prior)
    upper, lower = ((sign * margin - known.mean) / known.deviation for sign in (1, -1))
    if lower > 0:  # from the nearer tail, so that a small chance keeps its digits
        lower, upper = -upper, -lower
    return float(special.ndtr(upper) - special.ndtr(lower))


def conditional(found: Lift, critical: float, level: float) -> Estimate:
    """A declared winner's (or loser's) lift without the luck it took to be declared.

    The likeliest lift given that |z| passed `critical`, and the interval from the distribution of z under
    that condition. Assumes that this one look decided; after many looks at falling bounds the last bound is
    the one to give, and the correction is approximate. Does not need a prior.

    Args:
        found: The plain lift; beyond the bound.
        critical: The bound of |z| that made it a winner, 1.96 at one look.
        level: Of the interval.

    Raises:
        ValueError: The lift is not beyond the bound: nothing was declared.

    References:
        Zhong, H., Prentice, R. L. (2008). Bias-reduced estimators and confidence intervals for odds ratios in
        genome-wide association studies. Biostatistics 9, 621-634.
    """
    check_level(level)
    sign = -1 if found.estimate < 0 else 1
    z = abs(found.estimate) / found.standard_error
    if not 0 < critical < z:
        raise ValueError(f"critical == {critical}, must be > 0 and below |z| == {z}: nothing was declared.")
    likeliest = optimize.brentq(lambda mu: _slope(mu, z, critical), 0.0, z, xtol=1e-12)
    bounds = [_bound(z, critical, tail) for tail in ((1 - level) / 2, (1 + level) / 2)]
    lower, upper = sorted(sign * found.standard_error * bound for bound in bounds)
    estimate = sign * found.standard_error * float(likeliest)
    return Estimate(estimate, Interval.holding(estimate, lower, upper), level, "conditional_likelihood")


def _mean_and_variance(sample: Counts | Means) -> tuple[float, float]:
    """Its mean, and the variance of that mean."""
    if isinstance(sample, Counts):
        return sample.rate, sample.variance / sample.participants
    return sample.mean, sample.variance / sample.participants


def _log_chance(mu: float, critical: float) -> float:
    """Logarithm of the chance that |z| passes `critical` when its mean is `mu`."""
    return float(special.logsumexp([special.log_ndtr(mu - critical), special.log_ndtr(-mu - critical)]))


def _slope(mu: float, z: float, critical: float) -> float:
    """Derivative of the conditional log likelihood of `mu`; falls through 0 at its maximum."""
    log_density = -((mu - critical) ** 2) / 2 - math.log(2 * math.pi) / 2
    change = math.exp(log_density - _log_chance(mu, critical)) * -math.expm1(-2 * mu * critical)
    return z - mu - change


def _bound(z: float, critical: float, tail: float) -> float:
    """The mean under which a z at least as great as this one has the chance `tail`, given |z| > critical."""

    def surplus(mu: float) -> float:
        return math.exp(float(special.log_ndtr(mu - z)) - _log_chance(mu, critical)) - tail

    return float(optimize.brentq(surplus, -z - 40, z + 40, xtol=1e-12))
