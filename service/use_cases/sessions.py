"""Signing in at the dashboard: a session stands for a key, and ends with it, with its time, or by hand."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from experiments.errors import NotAllowed, NotFound
from service.storage import keys, sessions
from service.storage.database import Database
from service.storage.keys import KeyOwner
from service.use_cases.credentials import Role
from service.use_cases.keys import KeyHolder
from service.use_cases.scope import ProjectRef, Scope

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)
LINK_LIFETIME = timedelta(minutes=10)
SECRET_BYTES = 32
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in URL-safe base 64


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in.

    Attributes:
        form_token: What a form of this session must send back; no other site can know it.
    """

    holder: KeyHolder
    form_token: str


def begin(database: Database, holder: KeyHolder, *, now: datetime) -> str:
    """The id of a new session of this key; nothing but the browser has it.

    Raises:
        NotAllowed: The key's role reads no results.
    """
    if not holder.role.carries(Role.VIEWER):
        raise NotAllowed(f"A key with the role {holder.role} reads no results; sign in with a viewer key.")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    scope = Scope(database, holder.project, holder.actor, now)
    with scope.writing() as writing:
        connection = writing.session.connection()
        sessions.remove_over(connection, started_before=now - LONGEST, seen_before=now - IDLE)
        sessions.add(connection, _digest(secret), holder.key_id, now)
        writing.note("session.begin", holder.key_id)
    return secret


def current(database: Database, secret: str, *, now: datetime) -> Session | None:
    """The session of this id; None when there is none any more."""
    if SECRET.fullmatch(secret) is None:
        return None
    digest = _digest(secret)
    with database.reading() as connection:
        found = sessions.find(connection, digest)
    if found is None or now - found.seen_at >= IDLE or now - found.started_at >= LONGEST:
        return None
    if now - found.seen_at >= TOUCH_EVERY:
        with database.writing() as connection:
            sessions.touch(connection, digest, now)
    return Session(_holder(found.owner), _form_token(secret))


def end(database: Database, secret: str) -> None:
    """Nothing; the session of this id is over."""
    with database.writing() as connection:
        sessions.remove(connection, _digest(secret))


def make_link(scope: Scope, key_id: str) -> str:
    """The token of a link by which somebody may sign in once, as the holder of this key, within ten minutes.

    Raises:
        NotFound: The project has no such key.
    """
    token = secrets.token_urlsafe(SECRET_BYTES)
    with scope.writing() as writing:
        if keys.find(writing.session, scope.project.id, key_id) is None:
            raise NotFound(f"There is no key {key_id[:64]!r} in this project.")
        expires_at = scope.now + LINK_LIFETIME
        sessions.add_link(writing.session.connection(), _digest(token), key_id, expires_at)
        writing.note("session.link", key_id)
    return token


def redeem(database: Database, token: str, *, now: datetime) -> KeyHolder | None:
    """Whom the link signs in; None when it is used, too old, or none."""
    if SECRET.fullmatch(token) is None:
        return None
    with database.writing() as connection:
        owner = sessions.take_link(connection, _digest(token), now)
    return None if owner is None else _holder(owner)


def is_form_token(session: Session, given: str) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(session.form_token.encode(), given.encode("utf-8", "replace"))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _form_token(secret: str) -> str:
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def _holder(owner: KeyOwner) -> KeyHolder:
    project = ProjectRef(owner.project_id, owner.project_name)
    return KeyHolder(owner.key_id, Role(owner.role), owner.label, project)
