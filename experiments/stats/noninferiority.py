"""Whether a treatment is not worse than control by as much as a margin, at one look.

The score of Miettinen and Nurminen is made here: statsmodels' has a wrong coefficient in its constrained
estimate wherever the null difference is not 0 (its issue 10269), which is every non-inferiority test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import optimize, special

from experiments.errors import NotEnoughData
from experiments.stats import mean
from experiments.stats.estimate import Counts, Direction, Means


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """The one-sided answer.

    Attributes:
        estimate: Treatment minus control.
        bound: The worst difference that the data allow at 1 - alpha: lower where more is better, else upper.
        margin: How much worse the treatment may be, on the absolute scale, above or equal to 0.
        p_value: Of the null that the treatment is worse by the margin or more.
        statistic: Standard errors between the estimate and the null, positive where better.
        alpha: One-sided error.
        method: Name of the method.
    """

    estimate: float
    bound: float
    margin: float
    p_value: float
    statistic: float
    alpha: float
    method: str

    @property
    def noninferior(self) -> bool:
        """Whether the treatment is shown not to be worse by the margin."""
        return self.p_value <= self.alpha


def noninferior_rates(
    control: Counts,
    treatment: Counts,
    margin: float,
    *,
    direction: Direction = "increase",
    alpha: float = 0.05,
) -> NonInferiority:
    """The answer for rates, by the score test with its own bound.

    Raises:
        NotEnoughData: A variant has no participant.
        ValueError: The margin is not between 0 and 1.

    References:
        Miettinen, O., Nurminen, M. (1985). Comparative analysis of two rates. Statistics in Medicine 4,
        213-226. Farrington, C. P., Manning, G. (1990). Test statistics and sample size formulae for
        comparative binomial trials with null hypothesis of non-zero risk difference. Statistics in Medicine
        9, 1447-1454.
    """
    _check(alpha, margin, below=1.0)
    if 0 in (control.participants, treatment.participants):
        raise NotEnoughData("Non-inferiority needs participants in both variants.")
    if direction == "decrease":  # fewer conversions are better: compare those who did not convert
        control, treatment = _others(control), _others(treatment)
    statistic = score(control, treatment, -margin)
    sign = 1 if direction == "increase" else -1
    return NonInferiority(
        estimate=sign * (treatment.rate - control.rate),
        bound=sign * _lower_bound(control, treatment, alpha),
        margin=margin,
        p_value=float(special.ndtr(-statistic)),
        statistic=statistic,
        alpha=alpha,
        method="miettinen_nurminen",
    )


def noninferior_means(
    control: Means, treatment: Means, margin: float, *, direction: Direction = "increase", alpha: float = 0.05
) -> NonInferiority:
    """The answer for means, by Welch's test shifted by the margin.

    Raises:
        NotEnoughData: A variant has fewer than two participants, or no value differs from another in either.
        ValueError: The margin is negative or not finite.

    References:
        Welch (1947), see `experiments.stats.mean`.
    """
    _check(alpha, margin, below=math.inf)
    spread = mean.welch(control, treatment)
    estimate = treatment.mean - control.mean
    sign = 1 if direction == "increase" else -1
    statistic = (sign * estimate + margin) / spread.standard_error
    reach = -float(special.stdtrit(spread.freedom, alpha)) * spread.standard_error
    return NonInferiority(
        estimate=estimate,
        bound=estimate - sign * reach,
        margin=margin,
        p_value=float(special.stdtr(spread.freedom, -statistic)),
        statistic=statistic,
        alpha=alpha,
        method="welch_t",
    )


def score(control: Counts, treatment: Counts, null: float) -> float:
    """Miettinen and Nurminen's z: how far the difference is from `null`, by the variance under it.

    References:
        Miettinen and Nurminen (1985), with their factor N / (N - 1).
    """
    together = control.participants + treatment.participants
    distance = treatment.rate - control.rate - null
    rate = constrained_rate(control, treatment, null)
    raised = min(1.0, max(0.0, rate + null))
    variance = rate * (1 - rate) / control.participants + raised * (1 - raised) / treatment.participants
    if distance == 0 or variance == 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance * together / (together - 1))


def constrained_rate(control: Counts, treatment: Counts, null: float) -> float:
    """The control's likeliest rate when the treatment's is higher by exactly `null`.

    It is the root of Miettinen and Nurminen's cubic that lies between the rates possible. The cubic is kept
    as a sum of products and its root bracketed: their closed root by the cosine loses its digits at rates of
    a millionth.

    References:
        Miettinen and Nurminen (1985), appendix I.
    """

    def slope(rate: float) -> float:
        """The likelihood's slope × rate (1 - rate) × raised (1 - raised)."""
        raised = rate + null
        return (control.conversions - control.participants * rate) * raised * (1 - raised) + (
            treatment.conversions - treatment.participants * raised
        ) * rate * (1 - rate)

    lowest, highest = max(0.0, -null), min(1.0, 1 - null)
    nudge = 1e-12 * (highest - lowest)  # at the ends the products are 0; nearer, rounding has the last word
    if slope(lowest + nudge) <= 0:
        return lowest
    if slope(highest - nudge) >= 0:
        return highest
    return float(optimize.brentq(slope, lowest + nudge, highest - nudge, xtol=1e-300, rtol=1e-15))


def _lower_bound(control: Counts, treatment: Counts, alpha: float) -> float:
    """The difference that the score test just does not reject at one-sided alpha."""
    estimate, limit = treatment.rate - control.rate, -float(special.ndtri(alpha))
    lowest = -1 + 1e-12
    if estimate <= lowest:
        return -1.0

    def excess(null: float) -> float:
        return min(score(control, treatment, null), limit + 100) - limit

    return float(optimize.brentq(excess, lowest, estimate, xtol=1e-14))


def _others(counts: Counts) -> Counts:
    return Counts(counts.participants, counts.participants - counts.conversions)


def _check(alpha: float, margin: float, *, below: float) -> None:
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha == {alpha}, must be > 0 and < 0.5.")
    if not 0 <= margin < below:
        raise ValueError(f"margin == {margin}, must be >= 0 and < {below}.")
