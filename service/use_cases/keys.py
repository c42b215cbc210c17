"""Keys: made, listed, deleted, and looked up at each request without asking the database each time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from experiments.errors import NotFound
from service.storage import keys
from service.storage.database import Database
from service.storage.tables import ApiKeyRow
from service.use_cases.credentials import Role, digest, is_well_formed, new_secret
from service.use_cases.paging import Page, PageOf
from service.use_cases.scope import ProjectRef, Scope

MOST_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its owner sees it: without its secret."""

    id: str
    project: str
    role: Role
    label: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who a request comes from."""

    key_id: str
    role: Role
    label: str
    project: ProjectRef

    @property
    def actor(self) -> str:
        """How the audit trail names the holder."""
        return f"key {self.key_id} ({self.label})" if self.label else f"key {self.key_id}"


def create_key(scope: Scope, role: Role, *, label: str = "") -> tuple[Key, str]:
    """A new key of the project and its secret, which is nowhere else and never shown again."""
    secret = new_secret(role)
    row = ApiKeyRow(
        id="key_" + secrets.token_hex(8),
        project_id=scope.project.id,
        role=role,
        digest=digest(secret),
        label=label,
        created_at=scope.now,
        created_by=scope.actor,
    )
    with scope.writing() as writing:
        writing.session.add(row)
        writing.note("key.create", row.id, {"role": str(role), "label": label})
    return _key(row, scope.project.name), secret


def list_keys(scope: Scope, page: PageOf) -> Page[Key]:
    """The project's keys, by id."""
    with scope.reading() as session:
        rows = keys.page(session, scope.project.id, after=page.after, limit=page.probe)
    return page.of([_key(row, scope.project.name) for row in rows], lambda key: key.id)


def delete_key(scope: Scope, key_id: str) -> None:
    """Nothing; the key is refused from now on.

    Raises:
        NotFound: The project has no such key.
    """
    with scope.writing() as writing:
        row = keys.find(writing.session, scope.project.id, key_id)
        if row is None:
            raise NotFound(f"There is no key {key_id[:64]!r} in this project.")
        row.revoked_at = scope.now
        writing.session.add(row)
        writing.note("key.delete", key_id, {"role": row.role, "label": row.label})


class KeyRing:
    """Finds the holder of a secret; remembers it for some seconds, so that a busy key costs no query.

    Args:
        database: Where the keys are.
        seconds: How long a deletion in another process may go unnoticed.
        clock: Seconds that only grow.
    """

    def __init__(
        self, database: Database, *, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._clock = clock
        self._found: dict[str, tuple[KeyHolder, float]] = {}
        self._lock = threading.Lock()

    def find(self, secret: str) -> KeyHolder | None:
        """The holder of this secret, None when it is no key of ours."""
        secret_digest = digest(secret)
        known = self._found.get(secret_digest)
        if known is not None and self._clock() < known[1]:
            return known[0]
        if not is_well_formed(secret):
            return None
        holder = self._ask(secret_digest)
        self._remember(secret_digest, holder)
        return holder

    def forget(self, key_id: str) -> None:
        """Nothing; the key is looked up again at its next use in this process."""
        with self._lock:
            self._found = {key: known for key, known in self._found.items() if known[0].key_id != key_id}

    def _ask(self, secret_digest: str) -> KeyHolder | None:
        with self._database.reading() as connection:
            owner = keys.owner(connection, secret_digest)
        if owner is None:
            return None
        project = ProjectRef(owner.project_id, owner.project_name)
        return KeyHolder(owner.key_id, Role(owner.role), owner.label, project)

    def _remember(self, secret_digest: str, holder: KeyHolder | None) -> None:
        with self._lock:
            self._found.pop(secret_digest, None)
            if holder is not None and len(self._found) < MOST_CACHED:
                self._found[secret_digest] = (holder, self._clock() + self._seconds)


def _key(row: ApiKeyRow, project: str) -> Key:
    return Key(row.id, project, Role(row.role), row.label, row.created_at, row.created_by)
