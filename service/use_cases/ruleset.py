"""Each project's newest ruleset, compiled and encoded once in each worker, so that walls cost no query."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from experiments.errors import InvalidInput
from experiments.model.publish import publish
from keepgoing.evaluation.ruleset import Ruleset, compile_ruleset
from service.storage import claims, incentives, projects
from service.storage.database import Database, StorageBusy
from service.use_cases.present import Present, present
from service.use_cases.scope import ProjectRef


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One ruleset: compiled for `decide`, and as the bytes that clients fetch."""

    revision: int
    ruleset: Ruleset
    body: bytes
    zipped: bytes
    etag: str


@dataclass(slots=True)
class _Entry:
    """A project's snapshot, and when to ask again whether it is the newest."""

    snapshot: Snapshot
    fresh_until: float


class Rulesets:
    """The snapshots of one worker.

    Args:
        database: Where the definitions are.
        poll_seconds: How old a snapshot may be before the project's counter is asked for.
        clock: Seconds that only grow.
    """

    def __init__(
        self, database: Database, *, poll_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._entries: dict[int, _Entry] = {}
        self._lock = threading.Lock()

    def newest(self, project: ProjectRef) -> Snapshot:
        """The project's snapshot, at most `poll_seconds` behind; older while the database is away.

        Raises:
            StorageBusy: There is none yet, and the database is away.
        """
        entry = self._entries.get(project.id)
        if entry is not None and self._clock() < entry.fresh_until:
            return entry.snapshot
        if entry is not None and self._lock.locked():
            return entry.snapshot  # somebody asks already; nobody at a wall waits for it
        with self._lock:
            return self._refreshed(project)

    def forget(self, project: ProjectRef) -> None:
        """Nothing; the next call asks the database, because this process has changed a definition."""
        entry = self._entries.get(project.id)
        if entry is not None:
            entry.fresh_until = 0.0

    def _refreshed(self, project: ProjectRef) -> Snapshot:
        entry = self._entries.get(project.id)
        if entry is None:
            entry = self._entries[project.id] = _Entry(_load(self._database, project), 0.0)
        entry.fresh_until = self._clock() + self._poll_seconds  # first: a `forget` from here on must win
        try:
            if self._revision(project) != entry.snapshot.revision:
                entry.snapshot = _load(self._database, project)
        except (StorageBusy, InvalidInput):
            pass  # an older ruleset is better than none: the wall is answered
        return entry.snapshot

    def _revision(self, project: ProjectRef) -> int:
        with self._database.reading() as connection:
            return projects.revision(connection, project.id)


def _load(database: Database, project: ProjectRef) -> Snapshot:
    """The snapshot of what the database holds now."""
    with database.reading_session() as session:
        row = projects.get(session, project.id)
        found = present(session, project.id)
        figures = claims.figures(session, project.id)
        costs = incentives.spent(session.connection(), project.id)
    document = publish(
        project.name,
        row.revision,
        holdout=found.holdout,
        error_codes=found.error_codes.values(),
        experiments=found.experiments.values(),
        spent=_spent(found, costs),
        figures=figures,
    )
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return Snapshot(
        revision=row.revision,
        ruleset=compile_ruleset(document),
        body=body,
        zipped=gzip.compress(body, mtime=0),
        etag=hashlib.blake2b(body, digest_size=16).hexdigest(),
    )


def _spent(found: Present, costs: Mapping[tuple[str, str], int]) -> set[tuple[str, str]]:
    """Experiments and variants whose incentive's budget has no room for one more grant."""
    return {
        (key, variant.key)
        for key, state in found.experiments.items()
        for variant in state.definition.variants
        if variant.incentive is not None and variant.incentive.is_spent(costs.get((key, variant.key), 0))
    }
