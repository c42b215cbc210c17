"""Planning an experiment on a rate: participants, days, and the smallest effect that can be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.errors import InvalidInput, NotEnoughData

if TYPE_CHECKING:
    from experiments.stats.power import Design

HORIZONS_DAYS = (7, 14, 28, 42)


@dataclass(frozen=True, slots=True)
class Detectable:
    """What so many days find: the smallest effect, None where they find none at all."""

    days: int
    participants: int
    mde_absolute: float | None
    mde_relative: float | None


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """How large and how long an experiment must be.

    Attributes:
        participants_per_variant: Each variant's.
        participants: Of all variants together.
        days: Until they have come; None when `daily` is not known.
        alpha: Two-sided error of one comparison with the control.
        detectable: What other durations find; empty when `daily` is not known.
    """

    baseline: float
    mde_relative: float
    mde_absolute: float
    power: float
    level: float
    variants: int
    participants_per_variant: int
    participants: int
    daily: float | None
    days: int | None
    alpha: float
    method: str
    detectable: tuple[Detectable, ...]


def plan(
    *,
    baseline: float,
    mde_relative: float = 0.05,
    power: float = 0.8,
    level: float = 0.95,
    daily: float | None = None,
    variants: int = 2,
) -> ExperimentPlan:
    """The plan for finding a relative change of a rate, at one look at the end, with equal weights.

    Args:
        baseline: The control's rate, over 0 and under 1.
        mde_relative: The smallest relative change worth finding.
        power: The chance to find it.
        level: 1 minus the two-sided error of all comparisons together.
        daily: Participants a day of all variants together.
        variants: How many, with the control.

    Raises:
        InvalidInput: The change is none, or would take the rate above 1 or below 0.
        NotEnoughData: No number of participants is enough.
    """
    from experiments.stats import power as sizes  # SciPy: imported when somebody plans

    if not baseline * mde_relative:
        raise InvalidInput.at("/mde_relative", "must not be 0: no number of participants finds no change")
    if not 0 <= baseline * (1 + mde_relative) <= 1:
        raise InvalidInput.at("/mde_relative", f"takes the rate of {baseline:g} beyond 0 to 1")
    design = sizes.Design(level=level, power=power, weights=sizes.equal_weights(variants))
    size = sizes.sample_size(baseline, mde_relative=mde_relative, design=design)
    days = () if daily is None else HORIZONS_DAYS
    return ExperimentPlan(
        baseline=baseline,
        mde_relative=mde_relative,
        mde_absolute=size.effect,
        power=power,
        level=level,
        variants=variants,
        participants_per_variant=max(size.per_variant),
        participants=size.total,
        daily=daily,
        days=None if daily is None else sizes.duration_days(size.total, daily_participants=daily),
        alpha=size.alpha,
        method=size.method,
        detectable=tuple(_detectable(baseline, daily or 0.0, number, design) for number in days),
    )


def _detectable(baseline: float, daily: float, days: int, design: Design) -> Detectable:
    from experiments.stats import power as sizes

    participants = int(daily * days)
    try:
        effect = sizes.minimum_detectable_effect(baseline, participants=participants, design=design)
    except NotEnoughData:
        return Detectable(days, participants, None, None)
    return Detectable(days, participants, effect, effect / baseline)
