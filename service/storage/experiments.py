"""Experiments as they are now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.storage.tables import ExperimentRow, TallyRow


def find(session: Session, project_id: int, key: str) -> ExperimentRow | None:
    """The project's experiment of this key, if it has one."""
    query = select(ExperimentRow).where(ExperimentRow.project_id == project_id, ExperimentRow.key == key)
    return session.exec(query).one_or_none()


def every(session: Session, project_id: int) -> list[ExperimentRow]:
    """All the project's experiments, by key."""
    query = select(ExperimentRow).where(ExperimentRow.project_id == project_id)
    return list(session.exec(query.order_by(col(ExperimentRow.key))))


def page(
    session: Session, project_id: int, *, after: str, limit: int, status: str | None = None
) -> list[ExperimentRow]:
    """The project's experiments whose key follows `after`, by key."""
    query = select(ExperimentRow).where(ExperimentRow.project_id == project_id, ExperimentRow.key > after)
    if status is not None:
        query = query.where(ExperimentRow.status == status)
    return list(session.exec(query.order_by(col(ExperimentRow.key)).limit(limit)))


def participants(session: Session, project_id: int) -> dict[int, int]:
    """How many units each experiment of the project counts, by its id; doubly exposed units are left out."""
    tally = TallyRow
    query = (
        select(col(tally.experiment_id), func.sum(col(tally.n)))
        .join(ExperimentRow, col(ExperimentRow.id) == col(tally.experiment_id))
        .where(
            ExperimentRow.project_id == project_id,
            col(tally.metric) == "",
            col(tally.segment) == "",
            col(tally.crossed).is_(False),
        )
        .group_by(col(tally.experiment_id))
    )
    return {experiment_id: int(number) for experiment_id, number in session.exec(query)}


def save(
    session: Session,
    project_id: int,
    key: str,
    *,
    error_code: str,
    status: str,
    revision: int,
    document: str,
    now: datetime,
) -> ExperimentRow:
    """The experiment with this document, made or changed."""
    row = find(session, project_id, key) or ExperimentRow(
        project_id=project_id, key=key, error_code=error_code, status=status, revision=revision,
        document=document, created_at=now, updated_at=now,
    )  # fmt: skip
    row.error_code, row.status, row.revision = error_code, status, revision
    row.document, row.updated_at = document, now
    session.add(row)
    session.flush()
    return row
