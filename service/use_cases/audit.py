"""The audit trail, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.storage import audit
from service.storage.tables import AuditRow
from service.use_cases.paging import Page, PageOf
from service.use_cases.scope import Scope


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


def list_audit(scope: Scope, page: PageOf) -> Page[Entry]:
    """What was done in the project, newest first."""
    with scope.reading() as session:
        rows = audit.page(session, scope.project.id, before=page.before, limit=page.probe)
    return page.of([_entry(row) for row in rows], lambda entry: entry.id)


def _entry(row: AuditRow) -> Entry:
    return Entry(row.id or 0, row.at, row.actor, row.action, row.subject, json.loads(row.detail))
