"""Verdicts: recorded for good when an outcome first appears or changes, with the numbers it was made on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from experiments.model.state import Status
from service.storage import experiments, verdicts
from service.storage.tables import VerdictRow
from service.use_cases import projects
from service.use_cases.experiments import found_row
from service.use_cases.paging import Page, PageOf
from service.use_cases.results import results
from service.use_cases.scope import Database, Scope

if TYPE_CHECKING:  # see results.py
    from experiments.analysis.document import Results

ACTOR = "service"  # who the audit trail names where nobody asked


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """A verdict as it was recorded; `document` has its reasons, gates and inputs."""

    id: int
    recorded_at: datetime
    outcome: str
    winner: str | None
    revision: int
    rules: str
    document: dict[str, Any]


def record_verdict(scope: Scope, key: str, found: Results | None = None) -> RecordedVerdict | None:
    """The experiment's newest verdict, recorded now if it differs from the one before; None for a draft.

    Args:
        scope: The project.
        key: The experiment's key.
        found: Its results of this moment, when the caller has them; neither a past moment nor a segment's.

    Raises:
        NotFound: There is no such experiment.
        StorageBusy: It had to be recorded, and the database took nothing.
    """
    found = found or results(scope, key)
    if found.status == Status.DRAFT:
        return None
    newest = newest_verdict(scope, key)
    return newest if newest is not None and _is_same(newest, found) else _record(scope, key, found)


def record_all(database: Database, now: datetime) -> int:
    """How many experiments have a verdict now: all that have started and are not archived, of any project.

    Raises:
        StorageBusy: A verdict had to be recorded, and the database took nothing.
    """
    recorded = 0
    for project in projects.every(database):
        scope = Scope(database, project, ACTOR, now)
        for key in started(scope):
            recorded += record_verdict(scope, key) is not None
    return recorded


def started(scope: Scope) -> list[str]:
    """The keys of the project's experiments that have started and are not archived."""
    with scope.reading() as session:
        rows = experiments.every(session, scope.project.id)
    return [row.key for row in rows if row.status not in (Status.DRAFT, Status.ARCHIVED)]


def newest_verdict(scope: Scope, key: str) -> RecordedVerdict | None:
    """The verdict recorded last, if there is one.

    Raises:
        NotFound: There is no such experiment.
    """
    return next(iter(list_verdicts(scope, key, PageOf(limit=1)).items), None)


def list_verdicts(scope: Scope, key: str, page: PageOf) -> Page[RecordedVerdict]:
    """The experiment's verdicts, newest first.

    Raises:
        NotFound: There is no such experiment.
    """
    with scope.reading() as session:
        experiment_id = found_row(session, scope, key).id or 0
        rows = verdicts.page(session, experiment_id, before=page.before, limit=page.probe)
    return page.of([_recorded(row) for row in rows], lambda one: one.id)


def _record(scope: Scope, key: str, found: Results) -> RecordedVerdict:
    """The verdict of these results, in the log of verdicts; another writer may have been first."""
    from experiments.analysis.document import verdict_document

    with scope.writing() as writing:
        experiment_id = found_row(writing.session, scope, key).id or 0
        newest = verdicts.latest(writing.session, experiment_id)
        if newest is not None and (_is_same(_recorded(newest), found) or _is_stale(_recorded(newest), found)):
            return _recorded(newest)
        row = VerdictRow(
            project_id=scope.project.id,
            experiment_id=experiment_id,
            recorded_at=scope.now,
            outcome=found.verdict.outcome,
            winner=found.verdict.winner,
            revision=found.revision,
            rules_version=found.verdict.rules,
            document=json.dumps(verdict_document(found.verdict), ensure_ascii=False, allow_nan=False),
        )
        writing.session.add(row)
        writing.session.flush()
        writing.note("verdict.record", key, {"outcome": row.outcome, "winner": row.winner})
        return _recorded(row)


def _is_same(recorded: RecordedVerdict, found: Results) -> bool:
    """Whether nothing is new; after a clearing there is always something."""
    verdict, cleared = found.verdict, _cleared(recorded)
    return (recorded.outcome, recorded.winner, recorded.rules, cleared) == (
        verdict.outcome,
        verdict.winner,
        verdict.rules,
        len(found.health.clearances),
    )


def _is_stale(recorded: RecordedVerdict, found: Results) -> bool:
    """Whether these results were made before an alarm, or before its clearing, that has been recorded since.

    An alarm that stands makes every verdict `invalid`; results that do not know of it may not hide it.
    """
    before, now = _cleared(recorded), len(found.health.clearances)
    hidden = recorded.outcome == "invalid" and found.verdict.outcome != "invalid"
    return now < before or (now == before and hidden)


def _cleared(recorded: RecordedVerdict) -> int:
    """How many clearings this verdict knew of."""
    return len(recorded.document.get("inputs", {}).get("clearances", ()))


def _recorded(row: VerdictRow) -> RecordedVerdict:
    return RecordedVerdict(
        id=row.id or 0,
        recorded_at=row.recorded_at,
        outcome=row.outcome,
        winner=row.winner,
        revision=row.revision,
        rules=row.rules_version,
        document=json.loads(row.document),
    )
