"""Folds on PostgreSQL what writers have stored, behind a watermark that no late commit can slip under.

Writers commit in another order than they number their rows. An event is folded only when its transaction is
older than every one that still runs: `txid` below the snapshot's xmin. What is folded and the watermark
change in one transaction, so a crash costs nothing but a repeat.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from experiments.model.events import EventRecord
from service.storage import watermark
from service.storage.columns import EVENT, Position, Row, listed
from service.storage.database import Database
from service.storage.fold import fold
from service.storage.postgresql import OLDEST_RUNNING
from service.storage.watermark import FoldState

CHUNK = 2_000  # events folded in one transaction
_PENDING = f"""
SELECT {listed(EVENT)}, txid, seq FROM event
WHERE (txid, seq) > (%s, %s) AND txid < {OLDEST_RUNNING}
ORDER BY txid, seq LIMIT %s
"""  # noqa: S608 (constants only)


def fold_pending(
    database: Database, *, owner: str, now: int, lease_microseconds: int = 0, chunk: int = CHUNK
) -> int | None:
    """How many events were folded, at most `chunk`; None when another owner holds the lease.

    On SQLite there is never anything to fold.

    Args:
        database: Where the log is.
        owner: Who folds; the lease is kept for it.
        now: Microseconds since the epoch.
        lease_microseconds: How long nobody else may fold after this call; 0 gives the lease back.
        chunk: The most events to fold.
    """
    if database.dialect == "sqlite":
        return 0
    with database.writing() as connection:
        state = watermark.take(connection, owner, now)
        if state is None:
            return None
        rows = connection.exec_driver_sql(_PENDING, (*state.position, chunk)).all()
        after = _folded(connection, state, rows)
        holder = owner if lease_microseconds else None
        watermark.put(connection, after._replace(owner=holder, lease_until=now + lease_microseconds))
        return len(rows)


def _folded(connection: Connection, state: FoldState, rows: Sequence[Row]) -> FoldState:
    """The state after these rows of the log, each with its position at the end."""
    if not rows:
        return state
    position: Position = (rows[-1][-2], rows[-1][-1])
    events: defaultdict[int, list[EventRecord]] = defaultdict(list)
    for project_id, *event, _txid, _seq in rows:
        events[project_id].append(EventRecord(*event))
    for project_id, records in events.items():
        fold(connection, project_id, records, upto=position)
    newest = max(record.received_at for records in events.values() for record in records)
    return state._replace(position=position, folded_to=max(newest, state.folded_to or 0))


def fold_everything(database: Database, *, owner: str, now: int) -> int:
    """How many events were folded until none was left; for one process that has the log to itself."""
    total = 0
    while folded := fold_pending(database, owner=owner, now=now):
        total += folded
    return total
