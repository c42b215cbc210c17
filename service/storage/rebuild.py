"""Makes everything that is derived again from the log, to the last bit, in memory that events do not fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, delete, select
from sqlmodel import col

from experiments.model.events import EventRecord
from experiments.model.participation import Conversion
from service.storage import participants, plans, watermark
from service.storage.columns import EVENT, Row, listed
from service.storage.database import Database
from service.storage.deltas import Deltas
from service.storage.fold import AllExposed, Plans, conversion_of, expose, observe_all
from service.storage.participants import ByExperiment, Participant
from service.storage.statements import statements
from service.storage.tables import (
    ConversionCountRow,
    ExperimentRow,
    ExposureDayRow,
    ParticipantRow,
    ProjectRow,
    TallyBinRow,
    TallyRow,
)

CHUNK = 2_000  # rows read, and participants written, at a time

Progress = Callable[[int], None]

# The database sorts, on disk when it must. Of a unit, exposures come first: they fix where windows begin.
_LOG = f"SELECT {listed(EVENT[1:])} FROM event WHERE project_id = "  # noqa: S608 (constants only)
_IN_ORDER = " ORDER BY unit_id, type DESC"


def rebuild(database: Database, *, project_id: int | None = None, progress: Progress | None = None) -> int:
    """How many events were read to make the derived rows again, of one project or of all.

    Writers wait meanwhile on SQLite; on PostgreSQL they go on, and what they store is folded afterwards.

    Args:
        database: Where the log is.
        project_id: The one project to do; None does all.
        progress: Called with the number of events read since its last call.
    """
    with database.writing() as connection:
        watermark.wait_and_lock(connection)
        projects = [project_id] if project_id is not None else _projects(connection)
        return sum(_rebuild_project(connection, one, progress or _unwatched) for one in projects)


def _unwatched(_events: int) -> None:
    """Progress that nobody looks at."""


def _projects(connection: Connection) -> list[int]:
    return [row.id for row in connection.execute(select(col(ProjectRow.id)).order_by(col(ProjectRow.id)))]


def _rebuild_project(connection: Connection, project_id: int, progress: Progress) -> int:
    known = plans.load(connection, _forget(connection, project_id))
    deltas = Deltas(project_id)
    events = _Counted(_log(connection, project_id), progress)
    for rows in _chunks(_participant_rows(events, known, deltas)):
        statements(connection).put_participants(connection, rows)
    deltas.write(connection)
    return events.total


def _forget(connection: Connection, project_id: int) -> list[int]:
    """Deletes what is derived of a project; the ids of its experiments that may have events."""
    query = select(col(ExperimentRow.id)).where(col(ExperimentRow.project_id) == project_id)
    experiments = [row.id for row in connection.execute(query.where(col(ExperimentRow.status) != "draft"))]
    connection.execute(delete(ParticipantRow).where(col(ParticipantRow.project_id) == project_id))
    connection.execute(delete(ConversionCountRow).where(col(ConversionCountRow.project_id) == project_id))
    connection.execute(delete(TallyRow).where(col(TallyRow.experiment_id).in_(query)))
    connection.execute(delete(TallyBinRow).where(col(TallyBinRow.experiment_id).in_(query)))
    connection.execute(delete(ExposureDayRow).where(col(ExposureDayRow.experiment_id).in_(query)))
    return experiments


def _log(connection: Connection, project_id: int) -> Iterable[Row]:
    """The project's events that are folded, unit by unit."""
    options = {"stream_results": True, "yield_per": CHUNK}
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(_LOG + "?" + _IN_ORDER, (project_id,), execution_options=options)
    position = watermark.read(connection).position
    query = _LOG + "%s AND (txid, seq) <= (%s, %s)" + _IN_ORDER
    return connection.exec_driver_sql(query, (project_id, *position), execution_options=options)


class _Counted:
    """The events of the rows; tells every so often how many there were."""

    def __init__(self, rows: Iterable[Row], progress: Progress) -> None:
        self.total = 0
        self._rows = rows
        self._progress = progress

    def __iter__(self) -> Iterator[EventRecord]:
        for row in self._rows:
            self.total += 1
            if self.total % CHUNK == 0:
                self._progress(CHUNK)
            yield EventRecord(*row)
        self._progress(self.total % CHUNK)


def _participant_rows(events: Iterable[EventRecord], known: Plans, deltas: Deltas) -> Iterator[Row]:
    """The rows of each unit's participants; the deltas get what they and the events count."""
    for unit_id, of_unit in groupby(events, key=attrgetter("unit_id")):
        for experiment_id, participant in _participants(of_unit, known, deltas).items():
            deltas.participant(known[experiment_id], *participant, sign=1)
            yield participants.row_of(deltas.project_id, unit_id, experiment_id, participant)


def _participants(of_unit: Iterable[EventRecord], known: Plans, deltas: Deltas) -> ByExperiment:
    """What one unit's events come to; its exposures stand before its conversions."""
    now: ByExperiment = {}
    for kind, records in groupby(of_unit, key=attrgetter("type")):
        if kind == "exposure":
            exposed: AllExposed = expose({}, _counted(records, deltas), known)
            now = {experiment_id: Participant(value, {}) for experiment_id, value in exposed.items()}
        else:
            observe_all(now, _conversions(records, deltas), known, deltas)
    return now


def _counted(records: Iterable[EventRecord], deltas: Deltas) -> Iterator[EventRecord]:
    for record in records:
        deltas.exposure(record)
        if record.counted:
            yield record


def _conversions(records: Iterable[EventRecord], deltas: Deltas) -> Iterator[Conversion]:
    for record in records:
        deltas.conversion(record)
        yield conversion_of(record)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
