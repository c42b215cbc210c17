"""Lifts compared within each value of an attribute and each phase, then averaged: beside the plain ones.

Where a change of weights came together with a change of who came, the plain comparison of all of them mixes
the two (Simpson's paradox). Within one value and one phase it cannot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiments.analysis.compare import attempt
from experiments.analysis.pairs import StratifiedPair, pooled
from experiments.analysis.reading import Group, Ledger
from experiments.analysis.results import PostStratified, Unavailable
from experiments.analysis.samples import AdaptiveStrata, Sample, Strata
from experiments.analysis.strata import combine
from experiments.errors import NotEnoughData
from experiments.model.metric import Metric

METHOD = "stratified_by_segment_and_phase"
FOLLOWS = "The traffic follows the results, so lifts are weighted by its shares; segments are not stratified."


def post_stratified(
    ledger: Ledger,
    metric: Metric,
    attribute: str,
    variants: Sequence[str],
    *,
    level: float,
    through: int | None,
) -> list[PostStratified]:
    """The lift of each treatment, stratified by the values of the attribute and by phase.

    Args:
        variants: The keys, the control's first.
        through: The last day of first exposure to take in; None takes all.

    References:
        Cochran (1954), see `experiments.analysis.strata.combine`. Miratrix, L. W., Sekhon, J. S., Yu, B.
        (2013). Adjusting treatment effect estimates by post-stratification in randomized experiments. JRSS B
        75, 369-396.
    """
    by_value = [
        ledger.strata(metric, through=through, group=Group(attribute, value))
        for value in ledger.values(attribute)
    ]
    control, *treatments = variants
    return [_lift(by_value, metric.key, (control, treatment), level) for treatment in treatments]


def _lift(by_value: Sequence[Strata], metric: str, pair: tuple[str, str], level: float) -> PostStratified:
    found = attempt(_pair, by_value, pair)
    if isinstance(found, Unavailable):
        return PostStratified(metric, pair[1], found, found, found, level, METHOD, 0, 0)
    lift, test = attempt(found.absolute, level), attempt(found.test)
    return PostStratified(
        metric=metric,
        variant=pair[1],
        estimate=found.combined.difference,
        interval=lift if isinstance(lift, Unavailable) else lift.interval,
        p_value=test if isinstance(test, Unavailable) else test.p_value,
        level=level,
        method=METHOD,
        strata=len(found.combined.phases),
        left_out=len(found.combined.left_out),
    )


def _pair(by_value: Sequence[Strata], pair: tuple[str, str]) -> StratifiedPair:
    """The comparison over all values and phases.

    Raises:
        NotEnoughData: No value and phase have enough of both, or the traffic follows the results.
    """
    if any(isinstance(strata, AdaptiveStrata) for strata in by_value):
        raise NotEnoughData(FOLLOWS)
    parts: list[Mapping[str, Sample]] = [found for strata in by_value for found in strata.values()]
    strata = {
        number: found for number, found in enumerate(parts) if all(variant in found for variant in pair)
    }
    combined = combine(strata, *pair)
    return StratifiedPair(combined, (pooled(strata, pair[0]), pooled(strata, pair[1])))
