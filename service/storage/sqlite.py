"""SQLite's statements for the log and its derived rows; called in a writing transaction, which is alone."""

# The statements below are put together from the constants of columns.py; every value is a parameter.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

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
    TALLY,
    TALLY_BIN,
    TALLY_BIN_KEY,
    TALLY_KEY,
    TALLY_SUMS,
    Position,
    Row,
    listed,
)
from service.storage.tables import IS_CONVERSION


def _marks(names: Sequence[str]) -> str:
    return listed(["?"] * len(names))


def _equal(names: Sequence[str]) -> str:
    return " AND ".join(f"{name} = ?" for name in names)


class _Summed:
    """The statements of a table whose rows are a key and the sums of a tally."""

    def __init__(self, table: str, key: Sequence[str], columns: Sequence[str]) -> None:
        self.width = len(key)
        self.read = f"SELECT {listed(TALLY_SUMS)} FROM {table} WHERE {_equal(key)}"
        self.put = f"REPLACE INTO {table} ({listed(columns)}) VALUES ({_marks(columns)})"
        self.delete = f"DELETE FROM {table} WHERE {_equal(key)}"


_INSERT_EVENT = f"INSERT INTO event ({listed(EVENT)}) VALUES ({_marks(EVENT)}) ON CONFLICT DO NOTHING"
_DIGESTS = """
SELECT event_id, digest FROM event
WHERE project_id = ? AND event_id IN (SELECT value FROM json_each(?)) AND seq <= ?
"""
_PARTICIPANTS = f"""
SELECT {listed(PARTICIPANT[1:])} FROM participant
WHERE project_id = ? AND unit_id IN (SELECT value FROM json_each(?))
"""
_CONVERSIONS = f"""
SELECT {listed(CONVERSION)} FROM event
WHERE project_id = ? AND unit_id IN (SELECT value FROM json_each(?)) AND {IS_CONVERSION}
"""
_PUT_PARTICIPANT = f"REPLACE INTO participant ({listed(PARTICIPANT)}) VALUES ({_marks(PARTICIPANT)})"
_TALLY = _Summed("tally", TALLY_KEY, TALLY)
_TALLY_BIN = _Summed("tally_bin", TALLY_BIN_KEY, TALLY_BIN)
_READ_DAY = f"""
SELECT {listed(EXPOSURE_DAY_COUNTS + EXPOSURE_DAY_HIGHEST)} FROM exposure_day WHERE {_equal(EXPOSURE_DAY_KEY)}
"""
_PUT_DAY = f"REPLACE INTO exposure_day ({listed(EXPOSURE_DAY)}) VALUES ({_marks(EXPOSURE_DAY)})"
_ADD_CONVERSION_COUNT = f"""
INSERT INTO conversion_count ({listed(CONVERSION_COUNT)}) VALUES ({_marks(CONVERSION_COUNT)})
ON CONFLICT DO UPDATE SET events = events + excluded.events, matched = matched + excluded.matched,
    last_received_at = max(last_received_at, excluded.last_received_at)
"""


def insert_events(connection: Connection, rows: Sequence[Row]) -> dict[tuple[int, str], int]:
    """Stores what is new of rows with distinct ids; the digests of those stored before, by project and id."""
    newest = connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM event").scalar_one()
    inserted = connection.exec_driver_sql(_INSERT_EVENT, [tuple(row) for row in rows]).rowcount
    return {} if inserted == len(rows) else _known_digests(connection, rows, newest)


def _known_digests(connection: Connection, rows: Sequence[Row], newest: int) -> dict[tuple[int, str], int]:
    known = {}
    for project_id in {row[0] for row in rows}:
        ids = json.dumps([row[1] for row in rows if row[0] == project_id])
        for event_id, digest in connection.exec_driver_sql(_DIGESTS, (project_id, ids, newest)):
            known[project_id, event_id] = digest
    return known


def participants_of(connection: Connection, project_id: int, units: Sequence[str]) -> Sequence[Row]:
    """The participant rows of these units, without the project."""
    return connection.exec_driver_sql(_PARTICIPANTS, (project_id, json.dumps(units))).all()


def conversions_of(
    connection: Connection, project_id: int, units: Sequence[str], _upto: Position | None
) -> Sequence[Row]:
    """The conversions of these units; on SQLite the whole log is folded, so there is no end to mind."""
    return connection.exec_driver_sql(_CONVERSIONS, (project_id, json.dumps(units))).all()


def put_participants(connection: Connection, rows: Sequence[Row]) -> None:
    """Makes or replaces participants."""
    connection.exec_driver_sql(_PUT_PARTICIPANT, [tuple(row) for row in rows])


def add_tallies(connection: Connection, rows: Sequence[Row]) -> None:
    """Adds sums to cells, makes cells that are new and deletes those without participants."""
    _add_sums(connection, _TALLY, rows)


def add_tally_bins(connection: Connection, rows: Sequence[Row]) -> None:
    """The same for bins of cells, whose edges may outgrow 64 bits and stand in text."""
    edge = len(TALLY_BIN_KEY) - 1
    _add_sums(connection, _TALLY_BIN, [(*row[:edge], str(row[edge]), *row[edge + 1 :]) for row in rows])


def _add_sums(connection: Connection, table: _Summed, rows: Sequence[Row]) -> None:
    """The sums outgrow 64 bits and stand in text, so they are added here and not by SQLite."""
    width = table.width
    cursor = _cursor(connection)
    added = [
        (*row[:width], *_plus(cursor.execute(table.read, row[:width]).fetchone(), row[width:]))
        for row in rows
    ]
    cursor.executemany(table.put, [_tally_text(row) for row in added if row[width]])
    cursor.executemany(table.delete, [row[:width] for row in added if not row[width]])
    cursor.close()


def _cursor(connection: Connection) -> Any:
    """The driver's own cursor: a statement a cell would cost five times as much through SQLAlchemy."""
    return connection.connection.cursor()


def _plus(stored: Row | None, delta: Row) -> list[int]:
    if stored is None:
        return list(delta)
    return [int(one) + other for one, other in zip(stored, delta, strict=True)]


def _tally_text(row: Row) -> Row:
    """The row as it is stored: n and conversions as numbers, the sums between them as text."""
    head, sums, conversions = row[: 1 - len(TALLY_SUMS)], row[1 - len(TALLY_SUMS) : -1], row[-1]
    return (*head, *map(str, sums), conversions)


def add_exposure_days(connection: Connection, rows: Sequence[Row]) -> None:
    """Adds to the counts of each experiment and day."""
    cursor = _cursor(connection)
    for experiment_id, day, *delta in rows:
        stored = cursor.execute(_READ_DAY, (experiment_id, day)).fetchone()
        *counts, lag_total, lag_max, last = _day_plus(stored, delta)
        cursor.execute(_PUT_DAY, (experiment_id, day, *counts, str(lag_total), lag_max, last))
    cursor.close()


def _day_plus(stored: Row | None, delta: Row) -> list[int]:
    if stored is None:
        return list(delta)
    added = len(EXPOSURE_DAY_COUNTS)
    return [*_plus(stored[:added], delta[:added]), *map(max, stored[added:], delta[added:])]


def add_conversion_counts(connection: Connection, rows: Sequence[Row]) -> None:
    """Adds to the counts of each project and name."""
    connection.exec_driver_sql(_ADD_CONVERSION_COUNT, [tuple(row) for row in rows])
