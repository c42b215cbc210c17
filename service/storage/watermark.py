"""How far the log is folded, and who folds it: one row, changed only together with what is derived."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from service.storage.columns import Position


class FoldState(NamedTuple):
    """The row: all events up to `position` are folded; `owner` alone may go on until `lease_until`.

    `folded_to` and `lease_until` are microseconds since the epoch; on SQLite position and lease are not used,
    as events are folded by the transaction that stores them.
    """

    position: Position
    folded_to: int | None
    owner: str | None
    lease_until: int


_READ = "SELECT txid, seq, folded_to, lease_owner, lease_until FROM fold_state WHERE name = 'log'"


def read(connection: Connection) -> FoldState:
    """The state as this transaction sees it."""
    txid, seq, folded_to, owner, lease_until = connection.exec_driver_sql(_READ).one()
    return FoldState((txid, seq), folded_to, owner, lease_until)


def take(connection: Connection, owner: str, now: int) -> FoldState | None:
    """The state, locked until this transaction ends; None when another one folds (PostgreSQL)."""
    row = connection.exec_driver_sql(_READ + " FOR UPDATE SKIP LOCKED").one_or_none()
    if row is None:
        return None
    txid, seq, folded_to, holder, lease_until = row
    if holder not in (None, owner) and lease_until > now:
        return None
    return FoldState((txid, seq), folded_to, holder, lease_until)


def wait_and_lock(connection: Connection) -> None:
    """Keeps every folder out until this transaction ends (PostgreSQL; a SQLite writer is alone anyway)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_READ + " FOR UPDATE").one()


def put(connection: Connection, state: FoldState) -> None:
    """Writes the row that `take` has locked."""
    connection.exec_driver_sql(
        "UPDATE fold_state SET txid = %s, seq = %s, folded_to = %s, lease_owner = %s, lease_until = %s "
        "WHERE name = 'log'",
        (*state.position, state.folded_to, state.owner, state.lease_until),
    )


def advance(connection: Connection, folded_to: int) -> None:
    """Notes on SQLite that all events are folded, the newest received at this time."""
    statement = "UPDATE fold_state SET folded_to = max(coalesce(folded_to, 0), ?) WHERE name = 'log'"
    connection.exec_driver_sql(statement, (folded_to,))


_OLDEST_PENDING = """
SELECT received_at FROM event WHERE (txid, seq) > (%s, %s) ORDER BY txid, seq LIMIT 1
"""


def oldest_pending(connection: Connection) -> int | None:
    """When the oldest event that waits to be folded was received; None when none does."""
    if connection.dialect.name == "sqlite":
        return None
    position = read(connection).position
    waiting: int | None = connection.exec_driver_sql(_OLDEST_PENDING, position).scalar_one_or_none()
    return waiting
