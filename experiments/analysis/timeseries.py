"""Day by day: how many participants there were, and the lift so far with its always-valid interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from experiments.analysis.caps import ledger_of
from experiments.analysis.compare import Comparison, attempt
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.looks import schedule_of
from experiments.analysis.pairs import pair_of, pooled
from experiments.analysis.reading import Cumulative, last_matured_day
from experiments.analysis.results import Json, Unavailable, moment, plain
from experiments.analysis.samples import Strata
from experiments.analysis.scope import comparison_of, planned_of_two
from experiments.analysis.strata import mean
from experiments.errors import NotFound
from experiments.model.metric import Metric, TimeMetric
from experiments.stats.estimate import Counts, Interval


@dataclass(frozen=True, slots=True)
class LiftSoFar:
    """A treatment's absolute lift with the interval that holds on all days together."""

    estimate: float
    interval: Interval | Unavailable
    level: float


@dataclass(frozen=True, slots=True)
class VariantDay:
    """One variant up to the end of one day.

    Attributes:
        participants: First exposed until the end of the day.
        new_participants: First exposed on the day.
        conversions: Of all of them, inside their windows so far; None for a mean.
        absolute: None for the control.
    """

    key: str
    participants: int
    new_participants: int
    conversions: int | None
    mean: float | Unavailable
    absolute: LiftSoFar | Unavailable | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """All variants up to the end of one day.

    Attributes:
        provisional: Whether a participant's window is still open, so that these numbers may yet change.
    """

    date: datetime
    provisional: bool
    variants: tuple[VariantDay, ...]


@dataclass(frozen=True, slots=True)
class Timeseries:
    """One metric of one experiment, day by day."""

    experiment: str
    metric: str
    simulated: bool
    days: tuple[Day, ...]

    def document(self) -> Json:
        """The series as JSON; a day is written as a date."""
        days = [{**plain(day), "date": moment(day.date)[:10]} for day in self.days]
        return {
            "experiment": self.experiment,
            "metric": self.metric,
            "simulated": self.simulated,
            "days": days,
        }


def timeseries(data: ExperimentData, metric: str | None = None) -> Timeseries:
    """The days on which participants came, each with everything that came until its end.

    Values are those known now: a participant of an early day counts with all of the window that has passed.

    Args:
        metric: The primary metric where none is given.

    Raises:
        NotFound: The experiment has no such metric, or this version does not compare its kind.
    """
    key = metric or data.definition.plan.primary
    found = data.metric(key)
    if found is None:
        raise NotFound(f"Experiment {data.definition.key!r} has no metric {key!r} that can be compared.")
    ledger = ledger_of(data)
    comparison = comparison_of(data, found, planned_of_two(schedule_of(data, ledger).planned))
    arrived = dict(ledger.daily())
    days = [one for one in ledger.cumulative(found) if _is_shown(data, found, one.day)]
    series = (_day(data, found, comparison, so_far, arrived[so_far.day]) for so_far in days)
    return Timeseries(data.definition.key, key, data.definition.simulated, tuple(series))


def _is_shown(data: ExperimentData, metric: Metric, day: int) -> bool:
    """Times are shown of days whose windows have ended: who is still waiting would count as slow."""
    if not data.dated:
        return False
    return not isinstance(metric, TimeMetric) or day <= last_matured_day(metric, data.as_of)


def _day(
    data: ExperimentData,
    metric: Metric,
    comparison: Comparison,
    so_far: Cumulative,
    arrived: Mapping[tuple[int, str], int],
) -> Day:
    variants = (_variant(so_far.strata, arrived, comparison, key) for key in comparison.variants)
    provisional = so_far.day > last_matured_day(metric, data.as_of)
    return Day(start_of(so_far.day), provisional, tuple(variants))


def _variant(
    strata: Strata, new: Mapping[tuple[int, str], int], comparison: Comparison, key: str
) -> VariantDay:
    arrived = sum(count for (_, variant), count in new.items() if variant == key)
    is_control = key == comparison.control
    if not any(key in found for found in strata.values()):
        nothing = Unavailable("There is no participant yet.")
        return VariantDay(key, 0, arrived, None, nothing, None if is_control else nothing)
    sample = pooled(strata, key)
    return VariantDay(
        key=key,
        participants=sample.participants,
        new_participants=arrived,
        conversions=sample.conversions if isinstance(sample, Counts) else None,
        mean=attempt(mean, sample),
        absolute=None if is_control else attempt(_lift, strata, comparison, key),
    )


def _lift(strata: Strata, comparison: Comparison, key: str) -> LiftSoFar:
    pair = pair_of(strata, comparison.control, key)
    found = attempt(pair.sequence, comparison.level, comparison.planned)
    if isinstance(found, Unavailable):
        return LiftSoFar(pair.absolute(comparison.level).estimate, found, comparison.level)
    return LiftSoFar(found.estimate, found.interval, comparison.level)
