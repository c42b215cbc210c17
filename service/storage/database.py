"""The door to the database: consistent reads, serialised writes, and nothing that outlives a fork."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from keepgoing.errors import ConfigurationError, KeepgoingError

BUSY_SECONDS = 5.0
_WRITING = "keepgoing_writing"
_POOL = {"pool_size": 8, "max_overflow": 56, "pool_timeout": BUSY_SECONDS, "pool_pre_ping": False}
_SQLITE_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose what was acknowledged when the power fails
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",  # KiB
)


class StorageBusy(KeepgoingError):
    """The database or the queue in front of it takes no more just now; nothing of the request was stored."""

    code = "storage_busy"

    def __init__(self, detail: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Database:
    """One database, SQLite or PostgreSQL. Threads and forked workers may share the object."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Opens no connection yet.

        Args:
            url: An SQLAlchemy address; `postgres://` and `postgresql://` mean psycopg 3.
            busy_seconds: How long a writer waits for another one before StorageBusy.

        Raises:
            ConfigurationError: The address is none, or of a database that is not supported.
        """
        self.url = parse_url(url)
        self.dialect = self.url.get_backend_name()
        self.engine = _engine(self.url, busy_seconds)
        _forget_connections_after_fork(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which every statement sees one and the same moment.

        Raises:
            StorageBusy: The database cannot be reached, or this process has all its connections in use.
        """
        with translated(), self.engine.connect() as plain:
            connection = _snapshot(plain)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that is committed at the end, undone by an error.

        Raises:
            StorageBusy: Another writer kept the database for too long, or it cannot be reached.
        """
        with translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A writing session for admin objects, committed at the end."""
        with self.writing() as connection, Session(bind=connection, expire_on_commit=False) as session:
            yield session
            session.flush()

    @contextmanager
    def reading_session(self) -> Iterator[Session]:
        """A session for admin objects that sees one moment; what is changed in it is not kept."""
        with self.reading() as connection, Session(bind=connection, autoflush=False) as session:
            yield session

    def dispose(self) -> None:
        """Closes what is idle; the object may be used again."""
        self.engine.dispose()


def parse_url(url: str) -> URL:
    """The address, with the driver that is used.

    Raises:
        ConfigurationError: It cannot be read, or names a database that is not supported.
    """
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        raise ConfigurationError(
            "the database address cannot be read; an example is sqlite:///keepgoing.db"
        ) from None
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        raise ConfigurationError(f"{parsed.get_backend_name()} is not supported; use sqlite or postgresql")
    if parsed.database in (None, "", ":memory:"):
        raise ConfigurationError("a SQLite database needs a file, like sqlite:///keepgoing.db")
    return parsed


def _engine(url: URL, busy_seconds: float) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, **_POOL, connect_args={"connect_timeout": max(int(busy_seconds), 2)})
    # Transactions are begun below: sqlite3 itself would begin them late, and never IMMEDIATE.
    arguments: dict[str, Any] = {"timeout": busy_seconds, "isolation_level": None}
    engine = create_engine(url, **_POOL, connect_args=arguments)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    """Sets what SQLite keeps for a connection only."""
    for setting in _SQLITE_SETTINGS:
        connection.execute(setting).close()


def _begin_sqlite(connection: Connection) -> None:
    """Takes the write lock at once when writing: a later upgrade of a read would fail instead of waiting."""
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _snapshot(connection: Connection) -> Connection:
    if connection.dialect.name == "sqlite":
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def translated() -> Iterator[None]:
    """Turns what waiting can heal into StorageBusy, and leaves every other error as it is."""
    try:
        yield
    except PoolTimeout as error:
        raise StorageBusy("all connections to the database are in use") from error
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise  # a wrong statement, or one for another schema
        raise StorageBusy(f"the database is not available: {error.orig}") from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise StorageBusy("the connection to the database was lost") from error


def _forget_connections_after_fork(engine: Engine) -> None:
    """A child must not speak on its parent's connections; it makes its own, and closes none of theirs."""
    reference = weakref.ref(engine)

    def forget() -> None:
        forked = reference()
        if forked is not None:
            forked.dispose(close=False)

    os.register_at_fork(after_in_child=forget)
