"""API keys: their public ids, and the digests of secrets that are stored nowhere."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy import select as sql
from sqlmodel import Session, col, select

from service.storage.tables import ApiKeyRow, ProjectRow


class KeyOwner(NamedTuple):
    """What a valid key stands for."""

    key_id: str
    role: str
    label: str
    project_id: int
    project_name: str


def owner(connection: Connection, digest: str) -> KeyOwner | None:
    """Whose key has this digest, if it is one and not revoked."""
    columns = (col(ApiKeyRow.id), col(ApiKeyRow.role), col(ApiKeyRow.label))
    query = (
        sql(*columns, col(ProjectRow.id), col(ProjectRow.name))
        .join_from(ApiKeyRow, ProjectRow, col(ProjectRow.id) == col(ApiKeyRow.project_id))
        .where(col(ApiKeyRow.digest) == digest, col(ApiKeyRow.revoked_at).is_(None))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else KeyOwner._make(row)


def find(session: Session, project_id: int, key_id: str) -> ApiKeyRow | None:
    """The project's key of this id, if it has one that is not revoked."""
    query = select(ApiKeyRow).where(ApiKeyRow.project_id == project_id, ApiKeyRow.id == key_id)
    return session.exec(query.where(col(ApiKeyRow.revoked_at).is_(None))).one_or_none()


def page(session: Session, project_id: int, *, after: str, limit: int) -> list[ApiKeyRow]:
    """The project's keys that are not revoked, by id."""
    query = select(ApiKeyRow).where(ApiKeyRow.project_id == project_id, ApiKeyRow.id > after)
    query = query.where(col(ApiKeyRow.revoked_at).is_(None)).order_by(ApiKeyRow.id).limit(limit)
    return list(session.exec(query))
