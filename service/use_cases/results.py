"""Results, series and health of experiments, from the tallies: the log is never read here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlmodel import Session

from experiments.errors import InvalidInput
from experiments.model.events import MICRO, microseconds, moment
from experiments.model.metric import METRIC, Metric
from experiments.model.state import ExperimentState, Status
from service.storage import catalogue, tallies
from service.storage.tables import MetricRow
from service.use_cases import alarms
from service.use_cases.experiments import StoredExperiment, found_row, stored
from service.use_cases.scope import Scope

if TYPE_CHECKING:  # the analysis imports SciPy, which costs a second that no other call should pay
    from experiments.analysis.data import ExperimentData, ExposureHealth
    from experiments.analysis.document import Results
    from experiments.analysis.timeseries import Timeseries


def results(
    scope: Scope,
    key: str,
    *,
    segment: str | None = None,
    as_of: datetime | None = None,
    every_segment: bool = False,
) -> Results:
    """The whole analysis of an experiment.

    Args:
        scope: The project.
        key: The experiment's key.
        segment: An attribute of the plan's segments, to break the metrics down by.
        as_of: The past moment to speak of; now when None.
        every_segment: Whether to look at the split in every segment of the plan too, which reads all of them.

    Raises:
        NotFound: There is no such experiment.
        InvalidInput: The segment is not declared, or the moment lies ahead.
    """
    from experiments.analysis.analyze import analyze

    data = experiment_data(scope, key, segment=segment, as_of=as_of, every_segment=every_segment)
    return analyze(data, segment=segment)


def timeseries(scope: Scope, key: str, *, metric: str | None = None) -> Timeseries:
    """One metric of an experiment, day by day; the primary one when None is named.

    Raises:
        NotFound: There is no such experiment, or its plan has no such metric.
    """
    from experiments.analysis.timeseries import timeseries as series

    return series(experiment_data(scope, key), metric)


def experiment_data(
    scope: Scope,
    key: str,
    *,
    segment: str | None = None,
    as_of: datetime | None = None,
    every_segment: bool = False,
) -> ExperimentData:
    """What the analysis is made from: cells, counts and watermark, read at one moment.

    Raises:
        NotFound: There is no such experiment.
        InvalidInput: The moment lies ahead.
    """
    if as_of is not None and as_of > scope.now:
        raise InvalidInput.at("/as_of", f"lies ahead of the service's clock, {scope.now.isoformat()}")
    with scope.reading() as session:
        experiment = stored(found_row(session, scope, key))
        declared = experiment.state.definition.plan.segments
        wanted = declared if every_segment else [one for one in declared if one == segment]
        return _data(session, scope, experiment, segments=wanted, binned=segment, as_of=as_of)


def _data(
    session: Session,
    scope: Scope,
    experiment: StoredExperiment,
    *,
    segments: Sequence[str],
    binned: str | None,
    as_of: datetime | None,
) -> ExperimentData:
    """The data with the cells of these segments, and the bins of the one that is broken down by."""
    from experiments.analysis.data import ExperimentData

    state, connection = experiment.state, session.connection()
    cells, bins = tallies.cells(connection, experiment.id), tallies.bins(connection, experiment.id)
    for segment in segments:
        cells += tallies.cells(connection, experiment.id, segment=segment)
        bins += tallies.bins(connection, experiment.id, segment=segment) if segment == binned else []
    moment_of = as_of or scope.now
    folded_to = tallies.folded_to(connection)
    return ExperimentData(
        definition=state.definition,
        status=str(state.status),
        revision=state.revision,
        phases=state.phases,
        metrics=_metrics(session, scope, state),
        started_at=state.started_at,
        cells=cells,
        as_of=moment_of,
        events_folded_to=None if folded_to is None else moment(folded_to),
        bins=bins,
        exposure_health=_exposure_health(connection, scope, experiment.id),
        alarm=alarms.standing_alarm(session, experiment, until=moment_of),
        clearances=alarms.clearances(state, until=moment_of),
        by_segment=len(segments) == len(state.definition.plan.segments),
    )


def _metrics(session: Session, scope: Scope, state: ExperimentState) -> tuple[Metric, ...]:
    """The metrics frozen at the start; a draft's as they are now."""
    if state.status is not Status.DRAFT:
        return state.metrics
    rows = {row.key: row for row in catalogue.every(session, MetricRow, scope.project.id)}
    wanted = [rows[key] for key in state.definition.plan.metric_keys if key in rows]
    return tuple(METRIC.validate_json(row.document) for row in wanted)


def _exposure_health(connection: Connection, scope: Scope, experiment_id: int) -> ExposureHealth:
    from experiments.analysis.data import ExposureHealth

    counts = tallies.exposure_health(connection, scope.project.id, experiment_id)
    waiting = tallies.waiting_since(connection)
    return ExposureHealth(
        moved_by_phase=counts.moved_by_phase,
        fallbacks=counts.fallbacks,
        unmatched_conversions=counts.unmatched_conversions,
        lag_seconds=None if waiting is None else max(0, microseconds(scope.now) - waiting) / MICRO,
        exposures=counts.exposures,
        uncounted=counts.uncounted,
        arrival_mean_seconds=None if counts.lag_mean is None else counts.lag_mean / MICRO,
        arrival_highest_seconds=None if counts.lag_highest is None else counts.lag_highest / MICRO,
        last_received_at=None if counts.last_received_at is None else moment(counts.last_received_at),
    )
