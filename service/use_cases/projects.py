"""Projects: made on first use, listed, and their one setting, the holdout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from experiments.errors import InvalidInput, NotFound
from service.storage import projects
from service.storage.database import Database
from service.storage.tables import ProjectRow
from service.use_cases.scope import ProjectRef, Scope

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its readers see it; `holdout` is a share."""

    name: str
    holdout: Decimal | None
    revision: int
    created_at: datetime


def ensure(database: Database, name: str, *, now: datetime) -> ProjectRef:
    """The project of this name, made if there is none.

    Raises:
        InvalidInput: No project can have this name.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidInput.at(
            "/project", "must be 1 to 64 of A-Z a-z 0-9 _ . - and begin with a letter or digit"
        )
    with database.session() as session:
        return _reference(projects.find(session, name) or projects.add(session, name, now))


def named(database: Database, name: str) -> ProjectRef:
    """The project of this name.

    Raises:
        NotFound: There is none.
    """
    with database.reading_session() as session:
        row = projects.find(session, name)
    if row is None:
        raise NotFound(f"There is no project {name!r}.")
    return _reference(row)


def every(database: Database) -> list[ProjectRef]:
    """All projects, by name."""
    with database.reading_session() as session:
        return [_reference(row) for row in projects.every(session)]


def read(scope: Scope) -> Project:
    """The scope's project."""
    with scope.reading() as session:
        return _project(projects.get(session, scope.project.id))


def _project(row: ProjectRow) -> Project:
    holdout = None if row.holdout is None else Decimal(row.holdout)
    return Project(row.name, holdout, row.revision, row.created_at)


def _reference(row: ProjectRow) -> ProjectRef:
    if row.id is None:
        raise RuntimeError("a stored project has an id")
    return ProjectRef(row.id, row.name)
