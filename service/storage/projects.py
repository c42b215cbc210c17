"""Projects: who owns definitions, events and keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlmodel import Session, select

from service.storage.tables import ProjectRow


def find(session: Session, name: str) -> ProjectRow | None:
    """The project of this name, if there is one."""
    return session.exec(select(ProjectRow).where(ProjectRow.name == name)).one_or_none()


def add(session: Session, name: str, now: datetime) -> ProjectRow:
    """A new project."""
    row = ProjectRow(name=name, created_at=now)
    session.add(row)
    session.flush()
    return row


def every(session: Session) -> list[ProjectRow]:
    """All projects, by name."""
    return list(session.exec(select(ProjectRow).order_by(ProjectRow.name)))


def locked(session: Session, project_id: int) -> ProjectRow:
    """The project, held until the transaction ends: writers of its definitions go one after the other."""
    query = select(ProjectRow).where(ProjectRow.id == project_id).with_for_update()
    return session.exec(query).one()


def get(session: Session, project_id: int) -> ProjectRow:
    """The project of this id."""
    return session.exec(select(ProjectRow).where(ProjectRow.id == project_id)).one()


def revision(connection: Connection, project_id: int) -> int:
    """The project's counter of changes; the cheapest way to see whether a ruleset is still the newest."""
    query = select(ProjectRow.revision).where(ProjectRow.id == project_id)
    return connection.execute(query).scalar_one()
