"""Whether a few very large values carry a mean's result: the same lift with the largest values capped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from experiments.analysis import wording
from experiments.analysis.caps import cut
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData
from experiments.analysis.health.check import Check, unknown
from experiments.analysis.pairs import pair_of
from experiments.analysis.reading import DayBins, Ledger, matured_through
from experiments.analysis.results import Json, Unavailable
from experiments.analysis.samples import INCOMPLETE, Place, Sample, Strata, sample_of
from experiments.analysis.thresholds import OUTLIERS_MOVE, OUTLIERS_SHARE
from experiments.errors import NotEnoughData
from experiments.model.events import MICRO
from experiments.model.metric import MeanMetric
from experiments.model.tally import Tally
from experiments.stats.winsor import edge_at

NAME = "outliers"


@dataclass(frozen=True, slots=True)
class Reading:
    """A lift and its p-value."""

    lift: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One treatment's lift on one metric as it is, and with the largest values capped.

    Attributes:
        cap: What the largest values were taken to be.
        touched: How many participants of all variants had more.
    """

    metric: str
    variant: str
    cap: float
    touched: int
    plain: Reading
    capped: Reading
    level: float

    @property
    def is_carried(self) -> bool:
        """Whether the cap moves the lift by much, and makes it significant, or no longer so, or turns it."""
        moved = abs(self.plain.lift - self.capped.lift)
        if moved < OUTLIERS_MOVE * max(abs(self.plain.lift), abs(self.capped.lift)):
            return False
        before, after = (one.p_value < 1 - self.level for one in (self.plain, self.capped))
        return before != after or (before and self.plain.lift * self.capped.lift < 0)

    def document(self) -> Json:
        """The comparison as JSON."""
        return {
            "metric": self.metric,
            "variant": self.variant,
            "cap_value": self.cap,
            "touched": self.touched,
            "lift": self.plain.lift,
            "p_value": self.plain.p_value,
            "lift_capped": self.capped.lift,
            "p_value_capped": self.capped.p_value,
            "carried": self.is_carried,
        }


def outliers(data: ExperimentData, ledger: Ledger) -> Check:
    """Every mean without a cap, compared again with its largest values (a thousandth of them) capped.

    The cap is the edge of a coarse bin below the largest value. It is one for all variants, so it takes no
    side. It warns where the lift moves by a quarter at least and with it the answer at the plan's level.
    """
    metrics = [one for one in data.metrics if isinstance(one, MeanMetric)]
    without_cap = [one for one in metrics if one.cap_value is None and one.cap_quantile is None]
    if not without_cap:
        return unknown(NAME, "No metric is a mean without a cap.")
    found: list[Sensitivity | Unavailable] = []
    for metric in without_cap:
        compared = attempt(_compared, data, ledger, metric)
        found += [compared] if isinstance(compared, Unavailable) else compared
    known = [one for one in found if not isinstance(one, Unavailable)]
    if not known:
        return unknown(NAME, next(one for one in found if isinstance(one, Unavailable)))
    details = {"comparisons": [one.document() for one in known], "share": OUTLIERS_SHARE}
    carried = [one for one in known if one.is_carried]
    if not carried:
        return Check(NAME, "ok", "No result hangs on a few very large values.", details=details)
    return Check(NAME, "warning", " ".join(_words(one) for one in carried), details=details)


def _compared(data: ExperimentData, ledger: Ledger, metric: MeanMetric) -> list[Sensitivity | Unavailable]:
    """Each treatment on one metric.

    Raises:
        NotEnoughData: There is no large value to cap, or the metric's bins are not complete.
    """
    through = matured_through(data, metric)
    if not ledger.is_binned(metric, through=through):
        raise NotEnoughData(INCOMPLETE)
    days = list(ledger.binned(metric, through=through))
    limit = _limit(days)
    beyond = sum(tally.n for one in days for edge, tally in one.by_edge.items() if edge > limit)
    plain, capped = _strata(metric, days, None), _strata(metric, days, limit)
    control = data.definition.control.key
    level = data.definition.plan.level

    def sensitivity(treatment: str) -> Sensitivity:
        one, other = (_reading(strata, control, treatment, level) for strata in (plain, capped))
        return Sensitivity(metric.key, treatment, limit / MICRO, beyond, one, other, level)

    return [attempt(sensitivity, treatment) for treatment in data.treatments]


def _limit(days: list[DayBins]) -> int:
    """The edge that all but a thousandth lie at or below; one below the largest value in any case."""
    counts: dict[int, int] = {}
    for one in days:
        for edge, tally in one.by_edge.items():
            counts[edge] = counts.get(edge, 0) + tally.n
        counts[0] = counts.get(0, 0) + one.participants - sum(tally.n for tally in one.by_edge.values())
    above_zero = sorted(edge for edge, count in counts.items() if edge > 0 and count)
    if len(above_zero) < 2:
        raise NotEnoughData("There are no values of different sizes, so none is far larger than the others.")
    edge = edge_at(counts, 1 - OUTLIERS_SHARE)
    return min(edge, above_zero[-2]) if edge > 0 else above_zero[-2]


def _strata(metric: MeanMetric, days: list[DayBins], limit: int | None) -> Strata:
    people: defaultdict[Place, int] = defaultdict(int)
    sums: defaultdict[Place, Tally] = defaultdict(Tally)
    for one in days:
        people[one.place] += one.participants
        for edge, tally in one.by_edge.items():
            sums[one.place] += tally if limit is None else cut(edge, tally, limit)
    found: defaultdict[int, dict[str, Sample]] = defaultdict(dict)
    for phase, variant in sorted(people):
        place = phase, variant
        found[phase][variant] = sample_of(metric, people[place], sums[place])
    return dict(found)


def _reading(
    strata: Mapping[int, Mapping[str, Sample]], control: str, treatment: str, level: float
) -> Reading:
    pair = pair_of(strata, control, treatment)
    return Reading(pair.absolute(level).estimate, pair.test().p_value)


def _words(one: Sensitivity) -> str:
    lifts = [wording.difference(found.lift, is_rate=False) for found in (one.plain, one.capped)]
    p_values = [wording.with_p(found.p_value) for found in (one.plain, one.capped)]
    return (
        f"The result of {one.variant} on {one.metric} hangs on {wording.plural(one.touched, 'large value')}: "
        f"its lift is {lifts[0]} ({p_values[0]}), and {lifts[1]} ({p_values[1]}) where nobody counts with "
        f"more than {wording.number(one.cap)}. Look at these values, and give the metric a cap."
    )
