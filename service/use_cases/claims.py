"""Claims kept fresh: each figure is computed again from the log when a quarter of its life is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from experiments.messages.claims import compute
from experiments.model.claim import Claim, Figure
from experiments.model.error_code import ErrorCode
from experiments.model.events import microseconds
from service.storage import catalogue, claims
from service.storage.tables import ErrorCodeRow
from service.use_cases import projects
from service.use_cases.scope import Database, Scope

ACTOR = "claims"


def refresh_all(database: Database, now: datetime) -> int:
    """How many figures of any project were computed now, because they were due.

    Raises:
        StorageBusy: The database took nothing.
    """
    return sum(refresh(Scope(database, project, ACTOR, now)) for project in projects.every(database))


def refresh(scope: Scope) -> int:
    """How many figures of the project were computed now, because they were due; they are published."""
    with scope.reading() as session:
        rows = catalogue.every(session, ErrorCodeRow, scope.project.id)
        codes = [code for row in rows if (code := ErrorCode.model_validate_json(row.document)).claims]
        if not codes:
            return 0
        known = claims.figures(session, scope.project.id)
        due = [
            (code.code, name, claim)
            for code in codes
            for name, claim in code.claims.items()
            if _is_due(claim, known.get((code.code, name)), scope.now)
        ]
    found = [(wall, name, _figure(scope, wall, claim)) for wall, name, claim in due]
    if found:
        with scope.writing() as writing:
            for wall, name, figure in found:
                claims.put(writing.session, scope.project.id, wall, name, figure)
            writing.publish()
    return len(found)


def _is_due(claim: Claim, figure: Figure | None, now: datetime) -> bool:
    return figure is None or now - figure.computed_at >= timedelta(hours=claim.fresh_hours) / 4


def _figure(scope: Scope, error_code: str, claim: Claim) -> Figure:
    """What the claim comes to now, of units whose time to do it is over."""
    until = scope.now - timedelta(days=claim.within_days)
    since = until - timedelta(days=claim.window_days)
    with scope.database.reading() as connection:
        units = claims.cohort(
            connection, scope.project.id, error_code, microseconds(since), microseconds(until)
        )
        value, sample = compute(claim, claims.deeds(connection, scope.project.id, claim.event, units))
    return Figure(value, sample, scope.now)
