"""From cells to the counts and sums that statistics take: which days, which phase, which segment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from experiments.analysis.data import ExperimentData, day_of
from experiments.analysis.samples import (
    AdaptiveStrata,
    ByEdge,
    Paired,
    Place,
    Strata,
    adds_up,
    pair_sums,
    strata_of,
)
from experiments.model.events import MICRO
from experiments.model.experiment import Allocation, Experiment
from experiments.model.metric import RATE_KINDS, Metric, QuantileMetric, RatioMetric, window
from experiments.model.tally import Cell, Tally
from experiments.stats.pair_sums import PairSums


@dataclass(frozen=True, slots=True)
class Group:
    """The participants whom a reading is about: everybody (two empty texts), or one value of an attribute."""

    segment: str = ""
    value: str = ""


EVERYBODY = Group()


@dataclass(frozen=True, slots=True)
class DayBins:
    """One day's participants of one place, with the bins of their values; who is at 0 may be in none."""

    day: int
    place: Place
    participants: int
    by_edge: Mapping[int, Tally]


@dataclass(frozen=True, slots=True)
class Cumulative:
    """What a metric found among the participants first exposed through a day."""

    day: int
    strata: Strata
    converted: int


class Ledger:
    """The cells of one experiment, put in order once and then asked many times.

    Args:
        cells: Each once or in parts.
        bins: The same, of the metrics that have bins.
        adaptive_shares: By phase and variant, of an experiment whose traffic follows its results.
    """

    def __init__(
        self,
        cells: Iterable[tuple[Cell, Tally]],
        bins: Iterable[tuple[Cell, int, Tally]] = (),
        *,
        adaptive_shares: Mapping[int, Mapping[str, float]] | None = None,
    ) -> None:
        self._adaptive_shares = adaptive_shares
        self._days: dict[tuple[Group, str, bool], dict[int, dict[Place, Tally]]] = defaultdict(dict)
        self._bins: dict[tuple[Group, str, bool], dict[int, dict[Place, ByEdge]]] = defaultdict(dict)
        for cell, tally in cells:
            group = Group(cell.segment, cell.segment_value)
            places = self._days[group, cell.metric, cell.crossed].setdefault(cell.day, {})
            _merge(places, {(cell.phase, cell.variant): tally})
        for cell, edge, tally in bins:
            days = self._bins[Group(cell.segment, cell.segment_value), cell.metric, cell.crossed]
            by_edge = days.setdefault(cell.day, {}).setdefault((cell.phase, cell.variant), {})
            by_edge[edge] = by_edge[edge] + tally if edge in by_edge else tally

    def values(self, segment: str) -> list[str]:
        """The values that an attribute had, in order."""
        return sorted({group.value for group, _, _ in self._days if segment and group.segment == segment})

    def exposure_days(self) -> list[int]:
        """The days on which participants (crossed ones left out) were first exposed, in order."""
        return sorted(self._days.get((EVERYBODY, "", False), {}))

    def participants(
        self,
        *,
        after: int | None = None,
        through: int | None = None,
        group: Group = EVERYBODY,
        crossed: bool = False,
    ) -> dict[tuple[int, str], int]:
        """The participants of each phase and variant, first exposed after one day and through another."""
        tallies = self._added(group, "", crossed=crossed, after=after, through=through)
        return {place: tally.n for place, tally in tallies.items()}

    def strata(
        self,
        metric: Metric,
        *,
        after: int | None = None,
        through: int | None = None,
        group: Group = EVERYBODY,
        with_crossed: bool = False,
    ) -> Strata:
        """What a metric found, by phase and variant.

        Args:
            after: The last day of first exposure to leave out; None leaves out none.
            through: The last day of first exposure to take in; None takes all.
            with_crossed: Whether units that saw two variants of a phase count, under the first of them.
        """
        people: dict[Place, Tally] = {}
        values: dict[Place, Tally] = {}
        bins: dict[Place, ByEdge] = {}
        for crossed in (False, True) if with_crossed else (False,):
            _merge(people, self._added(group, "", crossed=crossed, after=after, through=through))
            _merge(values, self._added(group, metric.key, crossed=crossed, after=after, through=through))
            if isinstance(metric, QuantileMetric):
                found = self._bins_of(metric, group, crossed=crossed, after=after, through=through)
                for places in found.values():
                    _merge_bins(bins, places)
        return self._strata(metric, people, values, bins)

    def paired(self, metric: Metric, *, through: int | None = None, group: Group = EVERYBODY) -> Paired:
        """A metric's outcomes beside what was measured before the exposure; empty where nothing was."""
        values = self._added(group, metric.key, crossed=False, through=through)
        if isinstance(metric, RatioMetric) or not any(tally.covariate_squares for tally in values.values()):
            return {}
        people = self._added(group, "", crossed=False, through=through)
        found: dict[int, dict[str, PairSums]] = defaultdict(dict)
        for (phase, variant), there in sorted(people.items()):
            tally = values.get((phase, variant), Tally())
            found[phase][variant] = pair_sums(there.n, tally, scale=1 if is_rate(metric) else MICRO)
        return dict(found)

    def converted(
        self,
        metric: Metric,
        *,
        through: int | None = None,
        group: Group = EVERYBODY,
        with_crossed: bool = False,
    ) -> dict[tuple[int, str], int]:
        """How many participants of each phase and variant had at least one event that the metric counts."""
        tallies: dict[tuple[int, str], Tally] = {}
        for crossed in (False, True) if with_crossed else (False,):
            _merge(tallies, self._added(group, metric.key, crossed=crossed, through=through))
        return {place: tally.conversions for place, tally in tallies.items()}

    def daily(self) -> list[tuple[int, dict[tuple[int, str], int]]]:
        """For each day with first exposures, in order, the participants who came on it."""
        days = self._days.get((EVERYBODY, "", False), {})
        return [(day, {place: tally.n for place, tally in days[day].items()}) for day in sorted(days)]

    def cumulative(self, metric: Metric) -> Iterator[Cumulative]:
        """For each day with first exposures, in order, what the metric found until then."""
        people: dict[Place, Tally] = {}
        values: dict[Place, Tally] = {}
        bins: dict[Place, ByEdge] = {}
        binned = self._bins_of(metric, EVERYBODY) if isinstance(metric, QuantileMetric) else {}
        arrivals = self._days.get((EVERYBODY, "", False), {})
        outcomes = self._days.get((EVERYBODY, metric.key, False), {})
        for day in sorted(arrivals):
            _merge(people, arrivals[day])
            _merge(values, outcomes.get(day, {}))
            _merge_bins(bins, binned.get(day, {}))
            converted = sum(tally.conversions for tally in values.values())
            yield Cumulative(day, self._strata(metric, people, values, bins), converted)

    def _strata(
        self,
        metric: Metric,
        people: Mapping[Place, Tally],
        values: Mapping[Place, Tally],
        bins: Mapping[Place, ByEdge],
    ) -> Strata:
        found = strata_of(metric, people, values, bins)
        return found if self._adaptive_shares is None else AdaptiveStrata(found, self._adaptive_shares)

    def binned(
        self, metric: Metric, *, through: int | None = None, group: Group = EVERYBODY
    ) -> Iterator[DayBins]:
        """For each day and place with participants, the bins of the metric's values."""
        bins = self._bins_of(metric, group, through=through)
        for day, places in self._days.get((group, "", False), {}).items():
            if through is None or day <= through:
                for place, tally in places.items():
                    yield DayBins(day, place, tally.n, bins.get(day, {}).get(place, {}))

    def is_binned(self, metric: Metric, *, through: int | None = None, group: Group = EVERYBODY) -> bool:
        """Whether the metric's bins add up to its sums: they do not where events were counted before them."""
        values = self._added(group, metric.key, crossed=False, through=through)
        bins: dict[Place, ByEdge] = {}
        for places in self._bins_of(metric, group, through=through).values():
            _merge_bins(bins, places)
        return all(adds_up(tally, bins.get(place, {})) for place, tally in values.items())

    def _bins_of(
        self,
        metric: Metric,
        group: Group,
        *,
        crossed: bool = False,
        after: int | None = None,
        through: int | None = None,
    ) -> dict[int, dict[Place, ByEdge]]:
        days = self._bins.get((group, metric.key, crossed), {})
        return {day: places for day, places in days.items() if _is_within(day, after, through)}

    def _added(
        self,
        group: Group,
        metric: str,
        *,
        crossed: bool,
        after: int | None = None,
        through: int | None = None,
    ) -> dict[tuple[int, str], Tally]:
        total: dict[tuple[int, str], Tally] = {}
        for day, places in self._days.get((group, metric, crossed), {}).items():
            if _is_within(day, after, through):
                _merge(total, places)
        return total


def _is_within(day: int, after: int | None, through: int | None) -> bool:
    return (after is None or day > after) and (through is None or day <= through)


def _merge(total: dict[Place, Tally], more: Mapping[Place, Tally]) -> None:
    for place, tally in more.items():
        total[place] = total[place] + tally if place in total else tally


def _merge_bins(total: dict[Place, ByEdge], more: Mapping[Place, ByEdge]) -> None:
    for place, by_edge in more.items():
        here = total.setdefault(place, {})
        for edge, tally in by_edge.items():
            here[edge] = here[edge] + tally if edge in here else tally


def is_rate(metric: Metric) -> bool:
    """Whether the metric is a share of the participants, so that its lifts are percentage points."""
    return metric.kind in RATE_KINDS


def last_matured_day(metric: Metric, as_of: datetime) -> int:
    """The last day of first exposure whose participants' windows have all ended at `as_of`.

    Who was first exposed in the last moment of day d has a window that ends with day d + end, so that day
    is matured when day d + end + 1 has begun.
    """
    return day_of(as_of) - window(metric)[1] - 1


def matured_through(data: ExperimentData, metric: Metric) -> int | None:
    """The last day that the matured reading takes in; None where rows have no days and all are matured."""
    return last_matured_day(metric, data.as_of) if data.dated else None


def allocation_of(data: ExperimentData) -> Allocation | None:
    """How the experiment's traffic follows its results; None where it does not."""
    return data.definition.allocation if isinstance(data.definition, Experiment) else None


def adaptive_shares(data: ExperimentData) -> dict[int, dict[str, float]] | None:
    """Each phase's shares, of an experiment whose traffic follows its results; None of others."""
    if allocation_of(data) is None:
        return None
    return {
        phase.number: {key: float(Fraction(share)) for key, share in phase.shares.items()}
        for phase in data.phases
    }


def bins_at(data: ExperimentData) -> list[tuple[Cell, int, Tally]]:
    """The bins of the cells that `cells_at` gives."""
    last = _last_day(data)
    return [(cell, edge, tally) for cell, edge, tally in data.bins if cell.day <= last]


def cells_at(data: ExperimentData) -> list[tuple[Cell, Tally]]:
    """The cells of participants who were there at `as_of`; of a past moment, those of days that had ended."""
    last = _last_day(data)
    return [(cell, tally) for cell, tally in data.cells if cell.day <= last]


def _last_day(data: ExperimentData) -> int:
    return day_of(data.as_of) - (1 if data.is_past else 0)
