"""What several experiments say together: a mean effect that lets experiments differ, and what the next may
bring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special
from statsmodels.stats.meta_analysis import combine_effects

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Estimate, Interval, Test, check_level
from experiments.stats.shrinkage import RelativePrior

Floats = NDArray[np.float64]

LEAST_STUDIES = 3
"""With fewer, how much experiments differ cannot be told from chance at all."""
FEW_STUDIES = 10
"""With fewer, the spread between experiments is a rough guess, and the result says so."""

PREDICTION_NODES = 100
"""Points of tau squared's confidence distribution that a prediction is averaged over."""

Method = Literal["paule_mandel", "dersimonian_laird"]


@dataclass(frozen=True, slots=True)
class Study:
    """The effect that one experiment found, and its variance."""

    effect: float
    variance: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.effect) and 0 < self.variance < math.inf):
            raise ValueError(f"study == ({self.effect}, {self.variance}), must be finite, variance > 0.")


@dataclass(frozen=True, slots=True)
class Pooled:
    """Several experiments together.

    Attributes:
        mean: The mean effect, with its interval.
        standard_error: Of that mean.
        tau_squared: Variance of the true effects between experiments.
        i_squared: Share of the spread of the found effects that is not chance within experiments.
        heterogeneity: Cochran's test that all experiments have the same true effect.
        prediction: Where the true effect of a next experiment is to be expected, at the level of `mean`.
        studies: How many experiments.
    """

    mean: Estimate
    standard_error: float
    tau_squared: float
    i_squared: float
    heterogeneity: Test
    prediction: Interval
    studies: int

    @property
    def few(self) -> bool:
        """Whether there are too few experiments for more than a rough guess of how much they differ."""
        return self.studies < FEW_STUDIES


def pool(studies: Sequence[Study], level: float, *, method: Method = "paule_mandel") -> Pooled:
    """The random-effects mean of the experiments, its interval by Hartung and Knapp, and a prediction.

    The interval uses Student's t with k - 1 degrees of freedom and the spread that the experiments show, and
    is never narrower than the one without. The prediction interval reckons with not knowing tau squared: it
    averages over the confidence distribution of tau squared that Cochran's Q gives. Higgins, Thompson and
    Spiegelhalter's plain one holds the next effect in 87 of 100 cases where it promises 95 (8 experiments).

    Raises:
        NotEnoughData: There are fewer than `LEAST_STUDIES`.

    References:
        Paule, R. C., Mandel, J. (1982). Consensus values and weighting factors. Journal of Research of the
        National Bureau of Standards 87, 377-385. DerSimonian, R., Laird, N. (1986). Meta-analysis in clinical
        trials. Controlled Clinical Trials 7, 177-188. Hartung, J., Knapp, G. (2001). A refined method for the
        meta-analysis of controlled clinical trials with binary outcome. Statistics in Medicine 20, 3875-3889.
        Nagashima, K., Noma, H., Furukawa, T. A. (2019). Prediction intervals for random-effects
        meta-analysis: a confidence distribution approach. Statistical Methods in Medical Research 28,
        1689-1702.
    """
    check_level(level)
    k = len(studies)
    if k < LEAST_STUDIES:
        raise NotEnoughData(f"Pooling needs at least {LEAST_STUDIES} experiments; there are {k}.")
    scale = max(max(abs(one.effect), math.sqrt(one.variance)) for one in studies)  # for the solver's sake
    effects = np.array([one.effect / scale for one in studies])
    variances = np.array([one.variance / scale**2 for one in studies])
    tau_squared = _between(effects, variances, method)
    weights = 1 / (variances + tau_squared)
    centre = float(weights @ effects / weights.sum())
    shown = float(weights @ (effects - centre) ** 2) / (k - 1)
    error = math.sqrt(max(1.0, shown) / weights.sum())
    q = _cochran(effects, variances)
    return Pooled(
        mean=_around(centre * scale, _t(level, k - 1) * error * scale, level, f"{method}_hartung_knapp"),
        standard_error=error * scale,
        tau_squared=tau_squared * scale**2,
        i_squared=max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
        heterogeneity=Test(float(special.chdtrc(k - 1, q)), "cochran_q", q),
        prediction=_scaled(_prediction(effects, variances, level), scale),
        studies=k,
    )


def next_prior(pooled: Pooled) -> RelativePrior:
    """What the pooled experiments (their effects relative lifts) say of the next one, as a prior for it.

    As wide as the prediction interval, so few experiments make a prior that shrinks little.
    """
    width = pooled.prediction.upper - pooled.prediction.lower
    deviation = width / 2 / -float(special.ndtri((1 - pooled.mean.level) / 2))
    return RelativePrior(
        pooled.mean.estimate, deviation, f"{pooled.studies} earlier experiments of this project"
    )


def _prediction(effects: Floats, variances: Floats, level: float) -> Interval:
    """The interval of a next true effect: normal given tau squared, averaged over what that may be."""
    shares = (np.arange(PREDICTION_NODES) + 0.5) / PREDICTION_NODES
    critical = special.chdtri(len(effects) - 1, shares)
    between = np.array([_tau_squared_at(effects, variances, float(one)) for one in critical])
    weights = 1 / (variances + between[:, None])
    centres = weights @ effects / weights.sum(axis=1)
    deviations = np.sqrt(between + 1 / weights.sum(axis=1))
    lowest, highest = float(np.min(centres - 9 * deviations)), float(np.max(centres + 9 * deviations))

    def bound(tail: float) -> float:
        def miss(effect: float) -> float:
            return float(np.mean(special.ndtr((effect - centres) / deviations))) - tail

        return float(optimize.brentq(miss, lowest, highest, xtol=1e-13))

    return Interval(bound((1 - level) / 2), bound((1 + level) / 2))


def _between(effects: Floats, variances: Floats, method: Method) -> float:
    """Tau squared. DerSimonian and Laird's is statsmodels', which lets it go below 0; that is no variance.

    Paule and Mandel's is where Cochran's Q, with tau squared in the weights, equals its degrees of freedom.
    statsmodels' iteration for it stops before it has converged when experiments are very uneven.
    """
    if method == "dersimonian_laird":
        with np.errstate(all="ignore"):  # it goes on to figures, not used here, that a tau below 0 spoils
            return max(0.0, float(combine_effects(effects, variances, method_re="dl").tau2))

    return _tau_squared_at(effects, variances, len(effects) - 1)


def _tau_squared_at(effects: Floats, variances: Floats, critical: float) -> float:
    """The tau squared at which Cochran's Q falls to `critical`; 0 where it is not above it anyway."""

    def surplus(tau_squared: float) -> float:
        return _cochran(effects, variances + tau_squared) - critical

    if surplus(0.0) <= 0:
        return 0.0
    highest = 2 * float(np.sum((effects - effects.mean()) ** 2)) / critical  # Q there is below critical
    return float(optimize.brentq(surplus, 0.0, highest, xtol=1e-15))


def _cochran(effects: Floats, variances: Floats) -> float:
    """Cochran's Q, as a sum of squares: the usual difference of two sums can lose all its digits."""
    weights = 1 / variances
    return float(weights @ (effects - weights @ effects / weights.sum()) ** 2)


def _around(centre: float, reach: float, level: float, method: str) -> Estimate:
    return Estimate(centre, Interval(centre - reach, centre + reach), level, method)


def _scaled(interval: Interval, scale: float) -> Interval:
    return Interval(interval.lower * scale, interval.upper * scale)


def _t(level: float, freedom: int) -> float:
    return -float(special.stdtrit(freedom, (1 - level) / 2))
