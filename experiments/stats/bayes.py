"""Bayesian answers for rates and means: for reading and for choosing among admissible variants, not for
stopping.

"Chance to beat control above 95 %", looked at 20 times, is wrong for 42 % of experiments without any
difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Counts, Direction, Interval, Means, Moments, Sums, check_level
from experiments.stats.posterior import (
    BetaPosterior,
    Mirrored,
    NormalPosterior,
    Posterior,
    chance_greatest,
    difference_interval,
    expected_shortfall,
)

UNIFORM = (1.0, 1.0)
"""Beta(1, 1): every rate is as likely as any other before the first participant."""


@dataclass(frozen=True, slots=True)
class BayesianAnswer:
    """The posterior answers about one treatment.

    Attributes:
        chance_to_beat_control: Probability that the treatment is truly better, in the metric's direction.
        expected_loss: What choosing the treatment costs on average where it is worse, on the absolute scale.
        interval: Credible interval of treatment minus control.
        level: Probability of that interval.
        method: Name of the model.
    """

    chance_to_beat_control: float
    expected_loss: float
    interval: Interval
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class LiftPrior:
    """What was believed of the absolute lift before: normal, and recorded before the start."""

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0 < self.deviation < math.inf):
            raise ValueError(
                f"prior == Normal({self.mean}, {self.deviation}), must be finite, deviation > 0."
            )


def beta_posterior(counts: Counts, prior: tuple[float, float] = UNIFORM) -> BetaPosterior:
    """What is known of the rate after these counts: Beta(a + conversions, b + the others).

    Raises:
        NotEnoughData: There is no participant: a prior alone is no answer.
        ValueError: A parameter of the prior is not above 0.

    References:
        Gelman et al. (2013). Bayesian Data Analysis, 3rd ed., section 2.4.
    """
    if not all(0 < parameter < math.inf for parameter in prior):
        raise ValueError(f"prior == {prior}, both parameters must be > 0 and finite.")
    if counts.participants == 0:
        raise NotEnoughData("A posterior needs at least one participant; there is none.")
    return BetaPosterior(prior[0] + counts.conversions, prior[1] + counts.participants - counts.conversions)


def normal_posterior(sums: Means) -> NormalPosterior:
    """What is known of the mean after these sums: normal about it, with its standard error (flat prior).

    Raises:
        NotEnoughData: There are fewer than two participants, or all have the same value.

    References:
        Gelman et al. (2013), section 4.1 (normal approximation to the posterior).
    """
    deviation = math.sqrt(sums.variance / sums.participants)
    if deviation == 0:
        raise NotEnoughData("Every participant has the same value, so the spread of the mean is not known.")
    return NormalPosterior(sums.mean, deviation)


def rates(
    control: Counts,
    treatment: Counts,
    *,
    level: float = 0.95,
    prior: tuple[float, float] = UNIFORM,
    direction: Direction = "increase",
) -> BayesianAnswer:
    """The posterior answers about a rate, by quadrature over two independent Beta posteriors.

    Raises:
        NotEnoughData: A variant has no participant.
        ValueError: The prior or the level is impossible.

    References:
        Miller, E. (2015). Formulas for Bayesian A/B testing. Stucchio, C. (2015). Bayesian A/B testing at VWO
        (expected loss).
    """
    check_level(level)
    pair = _rate_posteriors((control, treatment), prior)
    facing = _facing(pair, direction)
    return BayesianAnswer(
        chance_to_beat_control=chance_greatest(1, facing),
        expected_loss=expected_shortfall(1, facing),
        interval=difference_interval(pair[1], pair[0], level),
        level=level,
        method="beta_binomial",
    )


def means(
    control: Means,
    treatment: Means,
    *,
    level: float = 0.95,
    prior: LiftPrior | None = None,
    direction: Direction = "increase",
) -> BayesianAnswer:
    """The posterior answers about a mean: normal, in closed form; `prior` shrinks the lift towards its own
    mean.

    Raises:
        NotEnoughData: A variant has fewer than two participants, or no spread.
        ValueError: The level is impossible.

    References:
        Gelman et al. (2013), sections 2.5 and 4.1.
    """
    check_level(level)
    lift = _lift(normal_posterior(control), normal_posterior(treatment), prior)
    reach = -float(special.ndtri((1 - level) / 2)) * lift.deviation
    gain = lift.mean if direction == "increase" else -lift.mean
    return BayesianAnswer(
        chance_to_beat_control=float(special.ndtr(gain / lift.deviation)),
        expected_loss=_normal_loss(gain, lift.deviation),
        interval=Interval(lift.mean - reach, lift.mean + reach),
        level=level,
        method="normal" if prior is None else "normal_shrunk",
    )


def chance_to_be_best(
    variants: Sequence[Counts] | Sequence[Sums] | Sequence[Moments],
    *,
    prior: tuple[float, float] = UNIFORM,
    direction: Direction = "increase",
) -> list[float]:
    """For each variant the probability that it is the best of all; they sum to 1.

    Args:
        variants: At least two, control included; all counts or all sums.
        prior: Beta prior of every rate; not used for sums.
        direction: Which way is good.

    Raises:
        NotEnoughData: A variant's data cannot carry a posterior.
        ValueError: There are fewer than two variants.

    References:
        Scott, S. L. (2010). A modern Bayesian look at the multi-armed bandit. Applied Stochastic Models in
        Business and Industry 26, 639-658 (optimality probabilities).
    """
    facing = _facing(_posteriors(variants, prior), direction)
    return [chance_greatest(index, facing) for index in range(len(facing))]


def expected_losses(
    variants: Sequence[Counts] | Sequence[Sums] | Sequence[Moments],
    *,
    prior: tuple[float, float] = UNIFORM,
    direction: Direction = "increase",
) -> list[float]:
    """For each variant what choosing it costs on average against the best of the others, on the absolute
    scale.

    Args and Raises are those of `chance_to_be_best`.

    References:
        Stucchio, C. (2015). Bayesian A/B testing at VWO.
    """
    facing = _facing(_posteriors(variants, prior), direction)
    return [expected_shortfall(index, facing) for index in range(len(facing))]


def _posteriors(
    variants: Sequence[Counts] | Sequence[Sums] | Sequence[Moments], prior: tuple[float, float]
) -> tuple[Posterior, ...]:
    if len(variants) < 2:
        raise ValueError(f"number of variants == {len(variants)}, must be >= 2.")
    counts = [variant for variant in variants if isinstance(variant, Counts)]
    sums = [variant for variant in variants if isinstance(variant, Means)]
    return _rate_posteriors(counts, prior) if counts else tuple(normal_posterior(one) for one in sums)


def _rate_posteriors(variants: Sequence[Counts], prior: tuple[float, float]) -> tuple[Posterior, ...]:
    """The posteriors of the rates, or of each rate less 1 where most participants convert.

    That moves all alike, so no comparison changes; but a number just below 0 has digits that one just below 1
    has not, and with every one of 10⁹ participants converted they are needed.
    """
    betas = [beta_posterior(variant, prior) for variant in variants]
    if sum(beta.a for beta in betas) <= sum(beta.b for beta in betas):
        return tuple(betas)
    return tuple(Mirrored(BetaPosterior(beta.b, beta.a)) for beta in betas)


def _facing(posteriors: Sequence[Posterior], direction: Direction) -> tuple[Posterior, ...]:
    """The posteriors turned so that greater is better."""
    return tuple(posteriors) if direction == "increase" else tuple(Mirrored(one) for one in posteriors)


def _lift(control: NormalPosterior, treatment: NormalPosterior, prior: LiftPrior | None) -> NormalPosterior:
    """The posterior of treatment minus control; with a prior, the mean of both weighted by precision."""
    seen = NormalPosterior(treatment.mean - control.mean, math.hypot(control.deviation, treatment.deviation))
    if prior is None:
        return seen
    weight = 1 / (1 + (seen.deviation / prior.deviation) ** 2)
    return NormalPosterior(weight * seen.mean + (1 - weight) * prior.mean, math.sqrt(weight) * seen.deviation)


def _normal_loss(gain: float, deviation: float) -> float:
    """E max(-G, 0) of a normal G: deviation × (φ(z) - z Φ(-z)), z = gain / deviation."""
    z = gain / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return max(0.0, deviation * (density - z * float(special.ndtr(-z))))
