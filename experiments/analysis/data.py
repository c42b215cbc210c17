"""The one input of the analysis, whatever the numbers were gathered by: events, an import, or a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Protocol

from experiments.analysis.alarms import Alarm, Clearance, last_of
from experiments.model.experiment import Plan, Source
from experiments.model.metric import Metric
from experiments.model.state import Phase
from experiments.model.tally import Cell, Tally
from experiments.stats.regression import MomentSums

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class ComparedVariant(Protocol):
    """What the analysis asks of a variant."""

    @property
    def key(self) -> str: ...
    @property
    def control(self) -> bool: ...


class ComparedExperiment(Protocol):
    """What the analysis asks of a definition: `model.experiment.Experiment` has it, and so has a table."""

    @property
    def key(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def hypothesis(self) -> str: ...
    @property
    def assignment(self) -> str: ...
    @property
    def simulated(self) -> bool: ...
    @property
    def source(self) -> Source | None: ...
    @property
    def variants(self) -> Sequence[ComparedVariant]: ...
    @property
    def control(self) -> ComparedVariant: ...
    @property
    def shares(self) -> Mapping[str, Fraction]: ...
    @property
    def plan(self) -> Plan: ...


@dataclass(frozen=True, slots=True)
class ExposureHealth:
    """What the events say of their own soundness, apart from what the cells hold.

    Doubly exposed units are not here: the cells that are marked `crossed` hold them.

    Attributes:
        moved_by_phase: Units that met another variant only after a new phase had opened.
        fallbacks: Exposures whose decision had the reason `fallback`.
        unmatched_conversions: Conversions that no metric of an exposed unit counts.
        lag_seconds: Age of the oldest event that is not folded yet; None where nothing can lag.
        exposures: Those that count.
        uncounted: Those of forced units, or from after the stop, which do not.
        arrival_mean_seconds, arrival_highest_seconds: From the wall to the log, over the newest seven days
            with exposures.
        last_received_at: When the newest exposure arrived.
    """

    moved_by_phase: int = 0
    fallbacks: int = 0
    unmatched_conversions: int = 0
    lag_seconds: float | None = None
    exposures: int = 0
    uncounted: int = 0
    arrival_mean_seconds: float | None = None
    arrival_highest_seconds: float | None = None
    last_received_at: datetime | None = None


@dataclass(frozen=True)
class ExperimentData:
    """One experiment with all its tallies, at one moment.

    Attributes:
        metrics: The metrics as they were frozen at the start, in any order.
        cells: Each cell once or in parts; cells of one place add up.
        bins: The cells of metrics that have bins, split by the edge of the bin (`model.bins`).
        as_of: The moment the analysis speaks of.
        events_folded_to: The moment up to which events are in the cells.
        dated: False for a table, whose rows have no days: then nothing is still open and no run has a length.
        alarm: An alarm of gate 1 or 2 that was recorded and not cleared.
        clearances: Alarms that a person has cleared, the oldest first.
        moments: By metric and variant, of metrics that are adjusted by several covariates.
        by_segment: Whether the cells of every segment that the plan declares are among `cells`.
    """

    definition: ComparedExperiment
    status: str
    revision: int
    phases: tuple[Phase, ...]
    metrics: tuple[Metric, ...]
    started_at: datetime | None
    cells: Sequence[tuple[Cell, Tally]]
    as_of: datetime
    events_folded_to: datetime | None
    exposure_health: ExposureHealth = field(default_factory=ExposureHealth)
    dated: bool = True
    alarm: Alarm | None = None
    clearances: tuple[Clearance, ...] = ()
    by_segment: bool = False
    bins: Sequence[tuple[Cell, int, Tally]] = ()
    moments: Mapping[tuple[str, str], MomentSums] = field(default_factory=dict)

    def metric(self, key: str) -> Metric | None:
        """The metric of this key, if it is among the frozen ones."""
        return next((metric for metric in self.metrics if metric.key == key), None)

    @property
    def treatments(self) -> tuple[str, ...]:
        """The keys of the variants that are compared with the control, in the definition's order."""
        return tuple(variant.key for variant in self.definition.variants if not variant.control)

    @property
    def phases_until_now(self) -> tuple[Phase, ...]:
        """The phases that had been opened at `as_of`."""
        return tuple(phase for phase in self.phases if phase.opened_at <= self.as_of)

    def cleared_through(self, gate: int) -> int | None:
        """The last day of first exposures that a gate no longer looks at; None where it looks at all."""
        cleared = last_of(self.clearances, gate)
        return None if cleared is None else day_of(cleared.at)

    @property
    def is_past(self) -> bool:
        """Whether the moment lies at least a day before the newest events, so that cells know too much."""
        return self.events_folded_to is not None and self.events_folded_to - self.as_of >= DAY


def day_of(moment: datetime) -> int:
    """The day since the epoch (UTC) that a moment falls on, as cells count days."""
    return (moment - EPOCH) // DAY


def start_of(day: int) -> datetime:
    """The moment at which a day since the epoch begins."""
    return EPOCH + day * DAY
