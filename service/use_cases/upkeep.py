"""Keeping derived rows at the log's height: folding what is new, and making all of it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from experiments.errors import NotFound
from experiments.model.events import microseconds
from service.storage import pending, projects
from service.storage import rebuild as rebuilding
from service.storage.database import Database

LEASE = timedelta(seconds=15)


def fold(database: Database, *, owner: str, now: datetime, lease: timedelta = LEASE) -> int | None:
    """How many stored events were folded by this step; None while another owner folds.

    On SQLite events are folded by the transaction that stores them, so there is never one left.

    Args:
        database: Where the log is.
        owner: Who folds, a name that no other process has.
        now: Aware, UTC.
        lease: How long nobody else may fold after this step; longer than the pause until the next.
    """
    microseconds_of_lease = lease // timedelta(microseconds=1)
    return pending.fold_pending(
        database, owner=owner, now=microseconds(now), lease_microseconds=microseconds_of_lease
    )


def release(database: Database, *, owner: str, now: datetime) -> None:
    """Lets another owner fold at once; what is left of the log is folded on the way, up to one step."""
    pending.fold_pending(database, owner=owner, now=microseconds(now))


def rebuild(
    database: Database, *, project: str | None = None, progress: Callable[[int], None] | None = None
) -> int:
    """How many events of the log were read to make participants, tallies and counts again.

    Args:
        database: Where the log is.
        project: The name of the one project to do; None does all.
        progress: Called with the number of events read since its last call.

    Raises:
        NotFound: There is no such project.
    """
    project_id = None if project is None else _project_id(database, project)
    return rebuilding.rebuild(database, project_id=project_id, progress=progress)


def _project_id(database: Database, name: str) -> int:
    with database.reading_session() as session:
        return _found(session, name)


def _found(session: Session, name: str) -> int:
    row = projects.find(session, name)
    if row is None or row.id is None:
        raise NotFound(f"there is no project {name!r}")
    return row.id
