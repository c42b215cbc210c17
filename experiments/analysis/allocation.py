"""The next day's traffic of an experiment that follows its results: each variant's chance to be the best.

The same data give the same traffic: no draw decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from experiments.analysis.caps import ledger_of
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, day_of
from experiments.analysis.reading import (
    Ledger,
    allocation_of,
    is_rate,
    matured_through,
)
from experiments.analysis.results import Unavailable
from experiments.analysis.scope import variants_of
from experiments.analysis.strata import best_chances
from experiments.analysis.thresholds import EVENTS_FOR_MEANS
from experiments.model.metric import Metric
from experiments.stats import adaptive

PARTS = 10_000
"""Shares are whole parts of so many: finer ones would say nothing, and be hard to read."""
LEAST_CHANGE = Fraction(1, 100)
"""A smaller change of every share opens no phase."""


def next_shares(data: ExperimentData) -> dict[str, Fraction] | Unavailable:
    """The shares of the phase to open now, or why none is.

    Only participants whose window has ended are looked at, weighted by the shares that they came under, so
    that neither a variant that is merely quicker nor a change of the times moves the traffic.
    """
    allocation, metric = allocation_of(data), data.metric(data.definition.plan.primary)
    if allocation is None:
        return Unavailable("The traffic of this experiment does not follow its results.")
    if metric is None or not data.phases:
        return Unavailable("The primary metric cannot be compared, so the traffic stays as it is.")
    if day_of(data.phases[-1].opened_at) >= day_of(data.as_of):
        return Unavailable("The traffic moves once a day at most.")
    ledger = ledger_of(data)
    if waiting := _waiting(data, ledger, metric):
        return waiting
    strata = ledger.strata(metric, through=matured_through(data, metric))
    chances = attempt(best_chances, strata, variants_of(data), metric.direction)
    if isinstance(chances, Unavailable):
        return chances
    keys = list(chances)
    shares = _whole(
        dict(zip(keys, adaptive.floored(list(chances.values()), floor=allocation.floor), strict=True))
    )
    now = {key: Fraction(share) for key, share in data.phases[-1].shares.items()}
    if all(abs(shares[key] - now[key]) < LEAST_CHANGE for key in keys):
        return Unavailable("The shares would hardly change.")
    return {key: shares[key] for key in now}


def _waiting(data: ExperimentData, ledger: Ledger, metric: Metric) -> Unavailable | None:
    """Why it is too early, if it is: the minimum of the plan holds here too."""
    plan, through = data.definition.plan, matured_through(data, metric)
    people, converted = ledger.participants(through=through), ledger.converted(metric, through=through)
    each = dict.fromkeys(variants_of(data), 0)
    for (_, key), count in people.items():
        each[key] += count
    fewest, events = min(each.values()), sum(converted.values())
    needed = plan.min_conversions * (len(each) if is_rate(metric) else EVENTS_FOR_MEANS)
    if fewest >= plan.min_participants and events >= needed:
        return None
    return Unavailable(
        f"The traffic stays as it is until each variant has {plan.min_participants} participants whose "
        f"window has ended and all have {needed} conversions; there are {fewest} and {events}."
    )


def _whole(shares: Mapping[str, float]) -> dict[str, Fraction]:
    """The shares in whole parts; what rounding leaves goes to the largest."""
    parts = {key: int(share * PARTS) for key, share in shares.items()}
    largest = max(parts, key=lambda key: parts[key])
    parts[largest] += PARTS - sum(parts.values())
    return {key: Fraction(part, PARTS) for key, part in parts.items()}
