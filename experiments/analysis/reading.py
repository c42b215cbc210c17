"""From cells to the counts and sums that statistics take: which days, which phase, which segment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TypeGuard

from experiments.analysis.data import ExperimentData, day_of
from experiments.model.events import MICRO
from experiments.model.experiment import Allocation, Experiment
from experiments.model.metric import (
    RATE_KINDS,
    ConversionMetric,
    MeanMetric,
    Metric,
    RatioMetric,
    RetentionMetric,
    window,
)
from experiments.model.tally import Cell, Tally
from experiments.stats import ratio
from experiments.stats.estimate import Counts, Means, Moments, Sums
from experiments.stats.pair_sums import PairSums

Sample = Counts | Sums | Moments | PairSums
"""What is known of one variant: of a rate, a mean, an adjusted mean, a ratio."""
Comparable = ConversionMetric | RetentionMetric | MeanMetric | RatioMetric
"""The kinds of metric that this version compares."""
Strata = Mapping[int, Mapping[str, Sample]]
"""By phase, and in it by variant."""
Paired = Mapping[int, Mapping[str, PairSums]]
"""The same with each outcome beside its covariate."""


@dataclass(frozen=True, slots=True)
class Group:
    """The participants whom a reading is about: everybody (two empty texts), or one value of an attribute."""

    segment: str = ""
    value: str = ""


EVERYBODY = Group()


@dataclass(frozen=True, slots=True)
class Cumulative:
    """What a metric found among the participants first exposed through a day."""

    day: int
    strata: Strata
    converted: int


class AdaptiveStrata(dict[int, Mapping[str, Sample]]):
    """Strata of an experiment whose traffic follows its results: phases with their recorded shares.

    Whoever compares variants must weight by them; `pairs.pair_of` and `strata.mean_of` do.
    """

    def __init__(self, found: Strata, shares: Mapping[int, Mapping[str, float]]) -> None:
        super().__init__(found)
        self.shares = shares


class Ledger:
    """The cells of one experiment, put in order once and then asked many times.

    Args:
        cells: Each once or in parts.
        adaptive_shares: By phase and variant, of an experiment whose traffic follows its results.
    """

    def __init__(
        self,
        cells: Iterable[tuple[Cell, Tally]],
        adaptive_shares: Mapping[int, Mapping[str, float]] | None = None,
    ) -> None:
        self._adaptive_shares = adaptive_shares
        self._days: dict[tuple[Group, str, bool], dict[int, dict[tuple[int, str], Tally]]] = defaultdict(dict)
        for cell, tally in cells:
            group = Group(cell.segment, cell.segment_value)
            places = self._days[group, cell.metric, cell.crossed].setdefault(cell.day, {})
            _merge(places, {(cell.phase, cell.variant): tally})

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
        metric: Comparable,
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
        people: dict[tuple[int, str], Tally] = {}
        values: dict[tuple[int, str], Tally] = {}
        for crossed in (False, True) if with_crossed else (False,):
            _merge(people, self._added(group, "", crossed=crossed, after=after, through=through))
            _merge(values, self._added(group, metric.key, crossed=crossed, after=after, through=through))
        return self._strata(metric, people, values)

    def paired(self, metric: Comparable, *, through: int | None = None, group: Group = EVERYBODY) -> Paired:
        """A metric's outcomes beside what was measured before the exposure; empty where nothing was."""
        values = self._added(group, metric.key, crossed=False, through=through)
        if isinstance(metric, RatioMetric) or not any(tally.covariate_squares for tally in values.values()):
            return {}
        people = self._added(group, "", crossed=False, through=through)
        found: dict[int, dict[str, PairSums]] = defaultdict(dict)
        for (phase, variant), there in sorted(people.items()):
            tally = values.get((phase, variant), Tally())
            found[phase][variant] = _pair_sums(there.n, tally, scale=1 if is_rate(metric) else MICRO)
        return dict(found)

    def converted(
        self,
        metric: Comparable,
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

    def cumulative(self, metric: Comparable) -> Iterator[Cumulative]:
        """For each day with first exposures, in order, what the metric found until then."""
        people: dict[tuple[int, str], Tally] = {}
        values: dict[tuple[int, str], Tally] = {}
        arrivals = self._days.get((EVERYBODY, "", False), {})
        outcomes = self._days.get((EVERYBODY, metric.key, False), {})
        for day in sorted(arrivals):
            _merge(people, arrivals[day])
            _merge(values, outcomes.get(day, {}))
            converted = sum(tally.conversions for tally in values.values())
            yield Cumulative(day, self._strata(metric, people, values), converted)

    def _strata(
        self,
        metric: Comparable,
        people: Mapping[tuple[int, str], Tally],
        values: Mapping[tuple[int, str], Tally],
    ) -> Strata:
        found = _strata(metric, people, values)
        return found if self._adaptive_shares is None else AdaptiveStrata(found, self._adaptive_shares)

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
            if (after is None or day > after) and (through is None or day <= through):
                _merge(total, places)
        return total


def _merge(total: dict[tuple[int, str], Tally], more: Mapping[tuple[int, str], Tally]) -> None:
    for place, tally in more.items():
        total[place] = total[place] + tally if place in total else tally


def _strata(
    metric: Comparable, people: Mapping[tuple[int, str], Tally], values: Mapping[tuple[int, str], Tally]
) -> Strata:
    found: dict[int, dict[str, Sample]] = defaultdict(dict)
    for (phase, variant), there in sorted(people.items()):
        found[phase][variant] = sample_of(metric, there.n, values.get((phase, variant), Tally()))
    return dict(found)


def sample_of(metric: Comparable, participants: int, tally: Tally) -> Sample:
    """Counts for a rate, sums for a mean, for a ratio those of both sides.

    Who has no event adds nothing but himself.
    """
    if isinstance(metric, RatioMetric):
        return _pair_sums(participants, tally, scale=MICRO)
    if isinstance(metric, MeanMetric):
        return Sums(participants, tally.total, tally.squares)
    return Counts(participants, tally.conversions)


def _pair_sums(participants: int, tally: Tally, *, scale: int) -> PairSums:
    return PairSums(
        participants,
        tally.total,
        tally.squares,
        tally.covariate,
        tally.covariate_squares,
        tally.cross,
        scale,
    )


def linear(sample: Sample) -> Counts | Means:
    """The sample as the statistics of rates and means take it: a ratio linearised by the delta method.

    Raises:
        NotEnoughData: The denominators of a ratio do not carry one.
    """
    return ratio.linearised(sample) if isinstance(sample, PairSums) else sample


def add(one: Sample, other: Sample) -> Sample:
    """Both samples as one; only samples of one metric add up."""
    if isinstance(one, Counts) and isinstance(other, Counts):
        return one + other
    if isinstance(one, Sums) and isinstance(other, Sums):
        return one + other
    if isinstance(one, PairSums) and isinstance(other, PairSums):
        return one + other
    if isinstance(one, Moments) and isinstance(other, Moments):
        return one + other
    raise TypeError("Samples of two kinds do not add up.")


def is_comparable(metric: Metric) -> TypeGuard[Comparable]:
    """Whether this version compares the metric's kind."""
    return isinstance(metric, ConversionMetric | RetentionMetric | MeanMetric | RatioMetric)


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


def ledger_of(data: ExperimentData) -> Ledger:
    """The ledger of an experiment at its moment."""
    if allocation_of(data) is None:
        return Ledger(cells_at(data))
    shares = {
        phase.number: {key: float(Fraction(share)) for key, share in phase.shares.items()}
        for phase in data.phases
    }
    return Ledger(cells_at(data), shares)


def cells_at(data: ExperimentData) -> list[tuple[Cell, Tally]]:
    """The cells of participants who were there at `as_of`; of a past moment, those of days that had ended."""
    last = day_of(data.as_of) - (1 if data.is_past else 0)
    return [(cell, tally) for cell, tally in data.cells if cell.day <= last]
