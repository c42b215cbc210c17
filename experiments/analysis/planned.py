"""How many participants the plan asks for: from its baseline, or from all variants together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

from experiments.analysis.reading import is_rate
from experiments.analysis.results import Unavailable
from experiments.analysis.samples import Sample, Strata, add, linear
from experiments.errors import NotEnoughData
from experiments.model.experiment import Plan
from experiments.model.metric import Metric
from experiments.stats import group_sequential, power
from experiments.stats.estimate import Counts, Direction


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned number of participants of each of equal variants, and what it was made from."""

    participants: int
    by: str


def by_baseline(plan: Plan, metric: Metric, variants: int) -> Planned | Unavailable | None:
    """The number from the plan's own baseline; None where the plan has none for a rate."""
    if plan.baseline is None or not is_rate(metric):
        return None
    return _of_rate(plan, plan.baseline, metric.direction, variants, "the plan's baseline")


def by_pooled(plan: Plan, metric: Metric, strata: Strata, variants: int) -> Planned | Unavailable:
    """The number from all variants together, which does not tell how they differ.

    Args:
        strata: What had matured at the end of the minimum run.
    """
    try:
        together = linear(pooled_over_all(strata))
        if isinstance(together, Counts):
            return _of_rate(
                plan, together.rate, metric.direction, variants, "the rate of all variants together"
            )
        spread = math.sqrt(together.variance)
        effect = plan.mde_relative * abs(together.mean)
        if effect == 0 or spread == 0:
            return Unavailable("All values are the same or add up to 0, so no number can be planned.")
        size = power.sample_size_of_means(spread, mde_absolute=effect, design=_design(plan, variants))
    except NotEnoughData as error:
        return Unavailable(error.detail)
    return Planned(size.per_variant[0], f"the {_word(metric)} and spread of all variants together")


def _word(metric: Metric) -> str:
    return "ratio" if metric.kind == "ratio" else "mean"


def pooled_over_all(strata: Strata) -> Sample:
    """All variants and phases together: blinded, for planning only."""
    return reduce(add, _all(strata))


def _of_rate(
    plan: Plan, baseline: float, direction: Direction, variants: int, by: str
) -> Planned | Unavailable:
    change = plan.mde_relative if direction == "increase" else -plan.mde_relative
    if not 0 < baseline < 1 or not 0 < baseline * (1 + change) < 1:
        return Unavailable(
            f"No number can be planned: a rate of {baseline:g} cannot change by {change:+g} of itself."
        )
    try:
        size = power.sample_size(baseline, mde_relative=change, design=_design(plan, variants))
    except NotEnoughData as error:
        return Unavailable(error.detail)
    return Planned(size.per_variant[0], by)


def _design(plan: Plan, variants: int) -> power.Design:
    design = power.Design(level=plan.level, power=plan.power, weights=power.equal_weights(variants))
    if plan.spending == "obrien_fleming" or plan.mode == "open":
        return design  # looks of this kind cost a few hundredths; what is open pays in time, not in a number
    looks = max(1, plan.max_days - plan.min_days + 1)
    factor = group_sequential.inflation(looks, alpha=design.alpha, power=design.power, spending=plan.spending)
    return replace(design, inflation=factor)


def _all(strata: Strata) -> Iterable[Sample]:
    return (sample for found in strata.values() for sample in found.values())
