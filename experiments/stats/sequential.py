"""Asymptotic confidence sequences: intervals and p-values that stay valid however often they are looked at.

On the absolute scale only: on the relative scale such a sequence has 13 % false positives at low rates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Counts, Direction, Interval, Means, Moments, Sums, check_level

Side = Literal["lower", "upper"]

LEAST_EXPECTED = 10.0
"""Burn-in of rates: conversions, and non-conversions, that each variant expects at the common rate."""
LEAST_PARTICIPANTS = 100
"""Burn-in of means: participants in each variant."""


@dataclass(frozen=True, slots=True)
class SequentialAnswer:
    """A difference with its confidence sequence's interval and the always-valid two-sided p-value."""

    estimate: float
    interval: Interval
    p_value: float
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class OneSidedAnswer:
    """An always-valid bound of the difference on one side, and the p-value of the null on the other side of
    it.

    Attributes:
        estimate: Treatment minus control.
        bound: With side `lower` the difference is above it, with `upper` below it, at 1 - alpha.
        side: Which of the two.
        null: The difference that the p-value tests against.
        p_value: Of the null that the difference is at most (`lower`) or at least (`upper`) `null`.
        alpha: Chance that the true difference is ever on the wrong side of `bound`.
        method: Name of the method.
    """

    estimate: float
    bound: float
    side: Side
    null: float
    p_value: float
    alpha: float
    method: str

    @property
    def rejected(self) -> bool:
        """Whether `null` is excluded at `alpha`."""
        return self.p_value <= self.alpha


def confidence_sequence(
    control: Counts | Means, treatment: Counts | Means, level: float, planned_participants: int
) -> SequentialAnswer:
    """Treatment minus control with an interval that holds at all looks together with probability `level`.

    The interval is d ± s √(2 (r + 1) / r · log(√(r + 1) / α)), with r = N ρ² for N participants so far and ρ
    tuned so that it is narrowest at `planned_participants`; s is the standard error. The p-value is the
    smallest α whose interval leaves out 0 (at the same ρ), at most 1.

    Args:
        control: Counts of a rate, or sums of a mean.
        treatment: The same of the treatment.
        level: Chance that the true difference is inside at every look.
        planned_participants: Of both variants together, fixed before the start. Validity does not depend on
            it.

    Raises:
        NotEnoughData: The burn-in is not over: the normal approximation behind the sequence would not hold
            yet.

    References:
        Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H., Ramdas, A. (2024). Time-uniform central limit
        theory and asymptotic confidence sequences. Annals of Statistics 52, 2613-2640.
    """
    check_level(level)
    alpha = 1 - level
    difference, error = _difference(control, treatment)
    r = _relative_time(control, treatment, alpha, planned_participants)
    return sequence_at(difference, error, r, level)


def sequence_at(difference: float, error: float, relative_time: float, level: float) -> SequentialAnswer:
    """The confidence sequence's answer for an estimate that is asymptotically a sum of martingale
    differences.

    For estimates that are not the difference of two means, such as one weighted by changing probabilities.

    Args:
        difference: The estimate.
        error: Its standard error, above 0.
        relative_time: r = V ρ², V the variance gathered so far and ρ fixed without a look at the outcomes;
            `time_at_plan` at the point where the sequence shall be narrowest.
        level: Chance that the truth is inside at every look.

    References:
        Waudby-Smith et al. (2024), as in `confidence_sequence`.
    """
    check_level(level)
    alpha, r = 1 - level, relative_time
    reach = error * math.sqrt(2 * (r + 1) / r * math.log(math.sqrt(r + 1) / alpha))
    log_p = math.log(r + 1) / 2 - (difference / error) ** 2 * r / (r + 1) / 2
    return SequentialAnswer(
        estimate=difference,
        interval=Interval(difference - reach, difference + reach),
        p_value=math.exp(min(0.0, log_p)),
        level=level,
        method="asymptotic_confidence_sequence",
    )


def boundary_at_plan(alpha: float) -> float:
    """How many standard errors from 0 the difference must be at the planned number: 3.03 at alpha 0.05.

    References:
        Waudby-Smith et al. (2024), as in `confidence_sequence`.
    """
    check_level(alpha, name="alpha")
    r = time_at_plan(alpha)
    return math.sqrt(2 * (r + 1) / r * math.log(math.sqrt(r + 1) / alpha))


def one_sided_sequence(
    control: Counts | Means,
    treatment: Counts | Means,
    *,
    side: Side,
    alpha: float,
    planned_participants: int,
    null: float = 0.0,
) -> OneSidedAnswer:
    """A bound of treatment minus control on one side that holds at all looks together with probability 1 -
    alpha.

    The bound is d ∓ s √(2 (r + 1) / r · log(1 + √(r + 1) / (2 α))), with r as in `confidence_sequence`.

    Raises:
        NotEnoughData: The burn-in is not over.

    References:
        Waudby-Smith et al. (2024), as in `confidence_sequence`: the one-sided boundary of its appendix.
        Robbins, H. (1970). Statistical methods related to the law of the iterated logarithm. Annals of
        Mathematical Statistics 41, 1397-1409.
    """
    check_level(alpha, name="alpha")
    difference, error = _difference(control, treatment)
    r = _relative_time(control, treatment, min(2 * alpha, 0.99), planned_participants)
    sign = 1 if side == "lower" else -1
    reach = error * math.sqrt(2 * (r + 1) / r * math.log1p(math.sqrt(r + 1) / (2 * alpha)))
    return OneSidedAnswer(
        estimate=difference,
        bound=difference - sign * reach,
        side=side,
        null=null,
        p_value=_one_sided_p_value(sign * (difference - null) / error, r),
        alpha=alpha,
        method="one_sided_asymptotic_confidence_sequence",
    )


def harm_sequence(
    control: Counts | Means,
    treatment: Counts | Means,
    *,
    planned_participants: int,
    margin: float = 0.0,
    direction: Direction = "increase",
    alpha: float = 0.01,
) -> OneSidedAnswer:
    """Whether the treatment is worse than control by more than `margin`: `rejected` means that it is.

    Raises:
        NotEnoughData: The burn-in is not over.

    References:
        Waudby-Smith et al. (2024), as in `one_sided_sequence`.
    """
    return one_sided_sequence(
        control,
        treatment,
        side="upper" if direction == "increase" else "lower",
        alpha=alpha,
        planned_participants=planned_participants,
        null=_worst_accepted(margin, direction),
    )


def noninferiority_sequence(
    control: Counts | Means,
    treatment: Counts | Means,
    *,
    planned_participants: int,
    margin: float,
    direction: Direction = "increase",
    alpha: float = 0.05,
) -> OneSidedAnswer:
    """Whether the treatment is not worse than control by as much as `margin`: `rejected` means that it is
    not.

    Raises:
        NotEnoughData: The burn-in is not over.

    References:
        Waudby-Smith et al. (2024), as in `one_sided_sequence`.
    """
    return one_sided_sequence(
        control,
        treatment,
        side="lower" if direction == "increase" else "upper",
        alpha=alpha,
        planned_participants=planned_participants,
        null=_worst_accepted(margin, direction),
    )


def _worst_accepted(margin: float, direction: Direction) -> float:
    """The difference that is worse than control by just `margin`."""
    if not 0 <= margin < math.inf:
        raise ValueError(f"margin == {margin}, must be >= 0 and finite.")
    return 0.0 - margin if direction == "increase" else margin


def _one_sided_p_value(z: float, r: float) -> float:
    """The smallest alpha whose one-sided bound is beyond a null that is `z` standard errors away."""
    half = z * z * r / (r + 1) / 2
    if z <= 0 or half <= math.log1p(math.sqrt(r + 1) / 2):  # not even alpha = 1 would do
        return 1.0
    log_p = math.log(r + 1) / 2 - math.log(2) - (half + math.log(-math.expm1(-half)))
    return math.exp(log_p)


def _relative_time(
    control: Counts | Means, treatment: Counts | Means, alpha: float, planned_participants: int
) -> float:
    """r = N ρ², with ρ² = (-2 log α + log(1 - 2 log α)) / planned N."""
    if planned_participants < 1:
        raise ValueError(f"planned_participants == {planned_participants}, must be >= 1.")
    return time_at_plan(alpha) * (control.participants + treatment.participants) / planned_participants


def time_at_plan(alpha: float) -> float:
    """The r at which the sequence is narrowest for its error: -2 log α + log(1 - 2 log α)."""
    return -2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))


def _difference(control: Counts | Means, treatment: Counts | Means) -> tuple[float, float]:
    """Treatment minus control and its standard error, once the burn-in is over.

    The variance is the greater of the unpooled and the pooled one. Both are right when the means are equal,
    the unpooled one always; but a small variant without any conversion yet has no variance of its own, and
    would be called different far too soon.
    """
    if isinstance(control, Counts) and isinstance(treatment, Counts):
        _check_burn_in_of_rates(control, treatment)
        difference, together = treatment.rate - control.rate, (control + treatment).variance
    elif isinstance(control, Means) and isinstance(treatment, Means):
        difference, together = treatment.mean - control.mean, _pooled_variance(control, treatment)
    else:
        raise TypeError("control and treatment must both be Counts, or both be Sums (or Moments).")
    n_control, n_treatment = control.participants, treatment.participants
    unpooled = control.variance / n_control + treatment.variance / n_treatment
    return difference, math.sqrt(max(unpooled, together * (1 / n_control + 1 / n_treatment)))


def _check_burn_in_of_rates(control: Counts, treatment: Counts) -> None:
    together = control + treatment
    fewest = min(control.participants, treatment.participants)
    rarer = min(together.conversions, together.participants - together.conversions)
    if together.participants == 0 or fewest * rarer < LEAST_EXPECTED * together.participants:
        raise NotEnoughData(
            f"The sequence starts when each variant expects {LEAST_EXPECTED:.0f} conversions and as many "
            f"non-conversions; there are {together.conversions} conversions of {together.participants} "
            f"participants, {fewest} of them in the smaller variant."
        )


def _pooled_variance(control: Means, treatment: Means) -> float:
    """The variance of one participant of both variants taken as one, after the burn-in of means."""
    fewest = min(control.participants, treatment.participants)
    if fewest < LEAST_PARTICIPANTS:
        raise NotEnoughData(
            f"The sequence starts at {LEAST_PARTICIPANTS} participants a variant; the smaller has {fewest}."
        )
    variance = _together(control, treatment).variance
    if variance == 0:
        raise NotEnoughData(
            "Every participant of both variants has the same value, so nothing can be compared."
        )
    return variance


def _together(control: Means, treatment: Means) -> Means:
    if isinstance(control, Sums) and isinstance(treatment, Sums):
        return control + treatment
    if isinstance(control, Moments) and isinstance(treatment, Moments):
        return control + treatment
    raise TypeError("control and treatment must both be Sums, or both be Moments.")
