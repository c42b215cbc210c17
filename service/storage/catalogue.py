"""Error codes and metrics as they are now, and every revision of every definition."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, select

from service.storage.tables import DefinitionRevisionRow, ErrorCodeRow, MetricRow

Row = TypeVar("Row", bound=ErrorCodeRow | MetricRow)


def find(session: Session, table: type[Row], project_id: int, key: str) -> Row | None:
    """The project's definition of this key, if it has one."""
    return session.exec(select(table).where(table.project_id == project_id, table.key == key)).one_or_none()


def every(session: Session, table: type[Row], project_id: int) -> list[Row]:
    """All the project's definitions of one kind, by key."""
    return list(session.exec(select(table).where(table.project_id == project_id).order_by(col(table.key))))


def page(session: Session, table: type[Row], project_id: int, *, after: str, limit: int) -> list[Row]:
    """The project's definitions whose key follows `after`, by key."""
    query = select(table).where(table.project_id == project_id, table.key > after)
    return list(session.exec(query.order_by(col(table.key)).limit(limit)))


def save(
    session: Session, table: type[Row], project_id: int, key: str, *, document: str, now: datetime
) -> Row:
    """The definition with this document, at its next revision."""
    row = find(session, table, project_id, key)
    if row is None:
        row = table(
            project_id=project_id, key=key, revision=1, document=document, created_at=now, updated_at=now
        )
    else:
        row.revision, row.document, row.updated_at = row.revision + 1, document, now
    session.add(row)
    return row


def keep_revision(
    session: Session,
    project_id: int,
    *,
    kind: str,
    key: str,
    revision: int,
    document: str,
    actor: str,
    now: datetime,
) -> None:
    """Keeps one write of a definition for ever."""
    session.add(
        DefinitionRevisionRow(
            project_id=project_id,
            kind=kind,
            key=key,
            revision=revision,
            document=document,
            actor=actor,
            created_at=now,
        )
    )


def revisions(session: Session, project_id: int, *, kind: str, key: str) -> list[DefinitionRevisionRow]:
    """Every revision of one definition, oldest first."""
    query = select(DefinitionRevisionRow).where(
        DefinitionRevisionRow.project_id == project_id,
        DefinitionRevisionRow.kind == kind,
        DefinitionRevisionRow.key == key,
    )
    return list(session.exec(query.order_by(col(DefinitionRevisionRow.revision))))
