"""Sessions of the dashboard and links to sign in: only digests of their secrets are stored."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, or_, update
from sqlalchemy import select as sql
from sqlmodel import col

from service.storage.keys import KeyOwner
from service.storage.tables import ApiKeyRow, DashboardSessionRow, ProjectRow, SignInLinkRow


class Signed(NamedTuple):
    """A stored session with whose key it is."""

    owner: KeyOwner
    started_at: datetime
    seen_at: datetime


def add(connection: Connection, digest: str, key_id: str, now: datetime) -> None:
    """Keeps a new session."""
    values = {"digest": digest, "key_id": key_id, "started_at": now, "seen_at": now}
    connection.execute(insert(DashboardSessionRow).values(values))


def find(connection: Connection, digest: str) -> Signed | None:
    """The session, if there is one and its key is not revoked."""
    query = (
        sql(
            col(ApiKeyRow.id), col(ApiKeyRow.role), col(ApiKeyRow.label),
            col(ProjectRow.id), col(ProjectRow.name),
            col(DashboardSessionRow.started_at), col(DashboardSessionRow.seen_at),
        )
        .join_from(DashboardSessionRow, ApiKeyRow, col(ApiKeyRow.id) == col(DashboardSessionRow.key_id))
        .join(ProjectRow, col(ProjectRow.id) == col(ApiKeyRow.project_id))
        .where(col(DashboardSessionRow.digest) == digest, col(ApiKeyRow.revoked_at).is_(None))
    )  # fmt: skip
    row = connection.execute(query).one_or_none()
    return None if row is None else Signed(KeyOwner._make(row[:5]), row[5], row[6])


def touch(connection: Connection, digest: str, now: datetime) -> None:
    """Keeps that the session was used."""
    table = DashboardSessionRow
    connection.execute(update(table).where(col(table.digest) == digest).values(seen_at=now))


def remove(connection: Connection, digest: str) -> None:
    """Ends a session."""
    connection.execute(delete(DashboardSessionRow).where(col(DashboardSessionRow.digest) == digest))


def remove_over(connection: Connection, *, started_before: datetime, seen_before: datetime) -> None:
    """Forgets the sessions that are too old or have not been used for too long."""
    table = DashboardSessionRow
    is_over = or_(col(table.started_at) <= started_before, col(table.seen_at) <= seen_before)
    connection.execute(delete(table).where(is_over))


def add_link(connection: Connection, digest: str, key_id: str, expires_at: datetime) -> None:
    """Keeps a new link."""
    values = {"digest": digest, "key_id": key_id, "expires_at": expires_at}
    connection.execute(insert(SignInLinkRow).values(values))


def take_link(connection: Connection, digest: str, now: datetime) -> KeyOwner | None:
    """Whose key the link signs in, once: then it is gone, and so are all that have expired."""
    table = SignInLinkRow
    query = (
        sql(
            col(ApiKeyRow.id), col(ApiKeyRow.role), col(ApiKeyRow.label),
            col(ProjectRow.id), col(ProjectRow.name),
        )
        .join_from(SignInLinkRow, ApiKeyRow, col(ApiKeyRow.id) == col(table.key_id))
        .join(ProjectRow, col(ProjectRow.id) == col(ApiKeyRow.project_id))
        .where(col(table.digest) == digest, col(table.expires_at) > now)
        .where(col(ApiKeyRow.revoked_at).is_(None))
    )  # fmt: skip
    row = connection.execute(query).one_or_none()
    taken = connection.execute(delete(table).where(col(table.digest) == digest)).rowcount
    connection.execute(delete(table).where(col(table.expires_at) <= now))
    return KeyOwner._make(row) if row is not None and taken else None
