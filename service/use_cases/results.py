"""Results, series and health of experiments, from the tallies: the log is never read here."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlmodel import Session

from experiments.errors import InvalidInput
from experiments.model.events import microseconds, moment
from experiments.model.metric import METRIC, Metric
from experiments.model.state import ExperimentState, Status
from service.storage import catalogue, tallies
from service.storage.tables import MetricRow
from service.use_cases.experiments import StoredExperiment, found_row, stored
from service.use_cases.scope import Scope

if TYPE_CHECKING:  # the analysis imports SciPy, which costs a second that no other call should pay
    from experiments.analysis.data import ExperimentData, ExposureHealth
    from experiments.analysis.document import Results
    from experiments.analysis.timeseries import Timeseries


def results(scope: Scope, key: str, *, segment: str | None = None, as_of: datetime | None = None) -> Results:
    """The whole analysis of an experiment.

    Args:
        scope: The project.
        key: The experiment's key.
        segment: An attribute of the plan's segments, to break the metrics down by.
        as_of: The past moment to speak of; now when None.

    Raises:
        NotFound: There is no such experiment.
        InvalidInput: The segment is not declared, or the moment lies ahead.
    """
    from experiments.analysis.analyze import analyze

    return analyze(experiment_data(scope, key, segment=segment, as_of=as_of), segment=segment)


def timeseries(scope: Scope, key: str, *, metric: str | None = None) -> Timeseries:
    """One metric of an experiment, day by day; the primary one when None is named.

    Raises:
        NotFound: There is no such experiment, or its plan has no such metric.
    """
    from experiments.analysis.timeseries import timeseries as series

    return series(experiment_data(scope, key), metric)


def experiment_data(
    scope: Scope, key: str, *, segment: str | None = None, as_of: datetime | None = None
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
        return _data(session, scope, experiment, segment=segment, as_of=as_of)


def _data(
    session: Session,
    scope: Scope,
    experiment: StoredExperiment,
    *,
    segment: str | None,
    as_of: datetime | None,
) -> ExperimentData:
    from experiments.analysis.data import ExperimentData

    state, connection = experiment.state, session.connection()
    cells = tallies.cells(connection, experiment.id)
    if segment in state.definition.plan.segments:
        cells += tallies.cells(connection, experiment.id, segment=segment)
    folded_to = tallies.folded_to(connection)
    return ExperimentData(
        definition=state.definition,
        status=str(state.status),
        revision=state.revision,
        phases=state.phases,
        metrics=_metrics(session, scope, state),
        started_at=state.started_at,
        cells=cells,
        as_of=as_of or scope.now,
        events_folded_to=None if folded_to is None else moment(folded_to),
        exposure_health=_exposure_health(connection, scope, experiment.id),
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
        lag_seconds=None if waiting is None else max(0, microseconds(scope.now) - waiting) / 1_000_000,
    )
