"""The audit trail: who did what, written in the transaction that did it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from service.storage.tables import AuditRow


def add(
    session: Session,
    project_id: int,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Adds one row to the caller's transaction."""
    text = json.dumps(detail or {}, ensure_ascii=False, separators=(",", ":"))
    session.add(
        AuditRow(project_id=project_id, at=at, actor=actor, action=action, subject=subject, detail=text)
    )


def page(session: Session, project_id: int, *, before: int | None, limit: int) -> list[AuditRow]:
    """The project's rows, newest first, those older than row `before`."""
    query = select(AuditRow).where(AuditRow.project_id == project_id)
    if before is not None:
        query = query.where(col(AuditRow.id) < before)
    return list(session.exec(query.order_by(col(AuditRow.id).desc()).limit(limit)))
