"""Verdicts: written once, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.storage.tables import VerdictRow


def latest(session: Session, experiment_id: int, *, until: datetime | None = None) -> VerdictRow | None:
    """The newest verdict of an experiment, or the newest that had been recorded until a moment."""
    query = select(VerdictRow).where(VerdictRow.experiment_id == experiment_id)
    if until is not None:
        query = query.where(col(VerdictRow.recorded_at) <= until)
    return session.exec(query.order_by(col(VerdictRow.id).desc()).limit(1)).first()


def page(session: Session, experiment_id: int, *, before: int | None, limit: int) -> list[VerdictRow]:
    """An experiment's verdicts, newest first, those older than row `before`."""
    query = select(VerdictRow).where(VerdictRow.experiment_id == experiment_id)
    if before is not None:
        query = query.where(col(VerdictRow.id) < before)
    return list(session.exec(query.order_by(col(VerdictRow.id).desc()).limit(limit)))


def newest_of_each(session: Session, project_id: int) -> dict[int, VerdictRow]:
    """The newest verdict of each experiment of the project, by the experiment's id."""
    newest = select(func.max(col(VerdictRow.id))).where(VerdictRow.project_id == project_id)
    query = select(VerdictRow).where(col(VerdictRow.id).in_(newest.group_by(col(VerdictRow.experiment_id))))
    return {row.experiment_id: row for row in session.exec(query)}
