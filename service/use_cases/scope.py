"""What a use case works in: the database, one project, who acts, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.storage import audit, catalogue, projects
from service.storage.database import Database, StorageBusy
from service.storage.tables import ProjectRow

__all__ = ["Database", "ProjectRef", "Scope", "StorageBusy", "Writing"]


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """A project by its id, with its name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Writing:
    """A write of one project's definitions under way; no other can come in between."""

    session: Session
    project: ProjectRow
    scope: Scope

    def note(self, action: str, subject: str, detail: Mapping[str, object] | None = None) -> None:
        """Adds a row to the audit trail, kept if the write is."""
        scope = self.scope
        audit.add(
            self.session, scope.project.id, at=scope.now, actor=scope.actor, action=action,
            subject=subject, detail=detail,
        )  # fmt: skip

    def keep_revision(self, kind: str, key: str, revision: int, document: str) -> None:
        """Keeps what was written for ever."""
        catalogue.keep_revision(
            self.session, self.scope.project.id, kind=kind, key=key, revision=revision,
            document=document, actor=self.scope.actor, now=self.scope.now,
        )  # fmt: skip

    def publish(self) -> None:
        """Makes every worker see that the ruleset may have changed."""
        self.project.revision += 1
        self.session.add(self.project)


@dataclass(frozen=True, slots=True)
class Scope:
    """One project of a database, with who acts and the time that counts as now.

    Attributes:
        actor: The key's id and label, or `cli`.
        now: Aware, UTC.
    """

    database: Database
    project: ProjectRef
    actor: str
    now: datetime

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One transaction, which holds the project until it ends."""
        with self.database.session() as session:
            yield Writing(session, projects.locked(session, self.project.id), self)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment."""
        with self.database.reading_session() as session:
            yield session
