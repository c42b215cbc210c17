"""PostgreSQL's statements for the log and its derived rows: many rows travel as one JSON parameter."""

# The statements below are put together from the constants of columns.py; every value is a parameter.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from service.storage.columns import (
    CONVERSION,
    CONVERSION_COUNT,
    EVENT,
    EXPOSURE_DAY,
    EXPOSURE_DAY_COUNTS,
    EXPOSURE_DAY_HIGHEST,
    EXPOSURE_DAY_KEY,
    PARTICIPANT,
    PARTICIPANT_KEY,
    PARTICIPANT_STATE,
    TALLY,
    TALLY_BIN,
    TALLY_BIN_KEY,
    TALLY_KEY,
    TALLY_SUMS,
    Position,
    Row,
    listed,
)
from service.storage.tables import IS_CONVERSION, metadata

TRANSACTION = "pg_current_xact_id()::text::bigint"
OLDEST_RUNNING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def _incoming(table: str, names: Sequence[str]) -> str:
    """The rows of the JSON parameter, as a table."""
    types = {column.name: str(column.type.compile()) for column in metadata.tables[table].columns}
    return f"json_to_recordset(%s::json) AS incoming ({listed([f'{n} {types[n]}' for n in names])})"


def _insert(table: str, names: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({listed(names)}) SELECT {listed(names)} FROM {_incoming(table, names)}"


def _replaced(names: Sequence[str]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in names)


def _added(table: str, names: Sequence[str]) -> str:
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)


def _emptied(table: str, key: Sequence[str]) -> str:
    """Deletes those of the rows that have no participant left."""
    return f"""
DELETE FROM {table} USING {_incoming(table, key)}
WHERE n = 0 AND ({listed(key, table + ".")}) = ({listed(key, "incoming.")})
"""


def _highest(table: str, names: Sequence[str]) -> str:
    return ", ".join(f"{name} = greatest({table}.{name}, excluded.{name})" for name in names)


# Sorted by id: two transactions with the same ids wait for each other, and never in a circle.
_INSERT_EVENTS = f"""
INSERT INTO event ({listed(EVENT)}, txid)
SELECT {listed(EVENT)}, {TRANSACTION} FROM {_incoming("event", EVENT)}
ORDER BY project_id, event_id
ON CONFLICT DO NOTHING RETURNING project_id, event_id
"""
_DIGESTS = f"""
SELECT event.project_id, event.event_id, event.digest
FROM {_incoming("event", EVENT[:2])} JOIN event USING (project_id, event_id)
"""
_PARTICIPANTS = f"""
SELECT {listed(PARTICIPANT[1:])} FROM participant WHERE project_id = %s AND unit_id = ANY(%s)
"""
_CONVERSIONS = f"""
SELECT {listed(CONVERSION)} FROM event WHERE project_id = %s AND unit_id = ANY(%s) AND {IS_CONVERSION}
"""
_UPTO = " AND (txid, seq) <= (%s, %s)"
_PUT_PARTICIPANTS = f"""
{_insert("participant", PARTICIPANT)}
ON CONFLICT ({listed(PARTICIPANT_KEY)}) DO UPDATE SET {_replaced(PARTICIPANT_STATE)}
"""
_ADD_TALLIES = f"""
{_insert("tally", TALLY)} ON CONFLICT ({listed(TALLY_KEY)}) DO UPDATE SET {_added("tally", TALLY_SUMS)}
"""
_DELETE_TALLIES = _emptied("tally", TALLY_KEY)
_ADD_TALLY_BINS = f"""
{_insert("tally_bin", TALLY_BIN)}
ON CONFLICT ({listed(TALLY_BIN_KEY)}) DO UPDATE SET {_added("tally_bin", TALLY_SUMS)}
"""
_DELETE_TALLY_BINS = _emptied("tally_bin", TALLY_BIN_KEY)
_ADD_EXPOSURE_DAYS = f"""
{_insert("exposure_day", EXPOSURE_DAY)} ON CONFLICT ({listed(EXPOSURE_DAY_KEY)}) DO UPDATE SET
{_added("exposure_day", EXPOSURE_DAY_COUNTS)}, {_highest("exposure_day", EXPOSURE_DAY_HIGHEST)}
"""
_ADD_CONVERSION_COUNTS = f"""
{_insert("conversion_count", CONVERSION_COUNT)} ON CONFLICT (project_id, name) DO UPDATE SET
{_added("conversion_count", ("events", "matched"))}, {_highest("conversion_count", ("last_received_at",))}
"""


def _as_json(names: Sequence[str], rows: Sequence[Row]) -> tuple[str]:
    """The one parameter. The standard library writes integers of any size, and text in ASCII."""
    return (json.dumps([dict(zip(names, row, strict=True)) for row in rows]),)


def insert_events(connection: Connection, rows: Sequence[Row]) -> dict[tuple[int, str], int]:
    """Stores what is new of rows with distinct ids; the digests of those stored before, by project and id."""
    result = connection.exec_driver_sql(_INSERT_EVENTS, _as_json(EVENT, rows))
    new = {(project_id, event_id) for project_id, event_id in result}
    known = [row[:2] for row in rows if (row[0], row[1]) not in new]
    if not known:
        return {}
    found = connection.exec_driver_sql(_DIGESTS, _as_json(EVENT[:2], known))
    return {(project_id, event_id): digest for project_id, event_id, digest in found}


def participants_of(connection: Connection, project_id: int, units: Sequence[str]) -> Sequence[Row]:
    """The participant rows of these units, without the project."""
    return connection.exec_driver_sql(_PARTICIPANTS, (project_id, list(units))).all()


def conversions_of(
    connection: Connection, project_id: int, units: Sequence[str], upto: Position | None
) -> Sequence[Row]:
    """The conversions of these units, up to the end of what is being folded."""
    if upto is None:
        return connection.exec_driver_sql(_CONVERSIONS, (project_id, list(units))).all()
    return connection.exec_driver_sql(_CONVERSIONS + _UPTO, (project_id, list(units), *upto)).all()


def put_participants(connection: Connection, rows: Sequence[Row]) -> None:
    """Makes or replaces participants."""
    connection.exec_driver_sql(_PUT_PARTICIPANTS, _as_json(PARTICIPANT, rows))


def add_tallies(connection: Connection, rows: Sequence[Row]) -> None:
    """Adds sums to cells, makes cells that are new and deletes those without participants."""
    connection.exec_driver_sql(_ADD_TALLIES, _as_json(TALLY, rows))
    fewer = [row[: len(TALLY_KEY)] for row in rows if row[len(TALLY_KEY)] <= 0]
    if fewer:
        connection.exec_driver_sql(_DELETE_TALLIES, _as_json(TALLY_KEY, fewer))


def add_tally_bins(connection: Connection, rows: Sequence[Row]) -> None:
    """The same for bins of cells."""
    connection.exec_driver_sql(_ADD_TALLY_BINS, _as_json(TALLY_BIN, rows))
    fewer = [row[: len(TALLY_BIN_KEY)] for row in rows if row[len(TALLY_BIN_KEY)] <= 0]
    if fewer:
        connection.exec_driver_sql(_DELETE_TALLY_BINS, _as_json(TALLY_BIN_KEY, fewer))


def add_exposure_days(connection: Connection, rows: Sequence[Row]) -> None:
    """Adds to the counts of each experiment and day."""
    connection.exec_driver_sql(_ADD_EXPOSURE_DAYS, _as_json(EXPOSURE_DAY, rows))


def add_conversion_counts(connection: Connection, rows: Sequence[Row]) -> None:
    """Adds to the counts of each project and name."""
    connection.exec_driver_sql(_ADD_CONVERSION_COUNTS, _as_json(CONVERSION_COUNT, rows))
