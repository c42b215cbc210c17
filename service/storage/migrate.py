"""Brings a database to the schema of this code, and refuses to work on any other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event

from keepgoing.errors import KeepgoingError
from service.storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x6B656570  # one migration at a time on PostgreSQL; any number that is ours


class SchemaMismatch(KeepgoingError):
    """The database has another schema than this code; `detail` names the command that helps."""

    code = "schema_mismatch"


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database to a revision, the newest by default; makes it when there is none."""
    with _migrating(url) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str) -> None:
    """Takes the database back to an older revision; `base` is no table at all."""
    with _migrating(url) as config:
        command.downgrade(config, revision)


def expected() -> str:
    """The revision that this code works with.

    Raises:
        SchemaMismatch: The installation lacks its migrations.
    """
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if head is None:
        raise SchemaMismatch(f"no migrations in {MIGRATIONS}: install Keepgoing again")
    return head


def current(url: str) -> str | None:
    """The revision that the database is at, None before the first."""
    database = Database(url)
    try:
        with database.reading() as connection:
            return revision_of(connection)
    finally:
        database.dispose()


def revision_of(connection: Connection) -> str | None:
    """The same, of an open connection."""
    return MigrationContext.configure(connection).get_current_revision()


def check(url: str) -> None:
    """Returns when the database has this code's schema.

    Raises:
        SchemaMismatch: It has an older or a newer one, or none.
    """
    refuse_other_than(expected(), current(url))


def refuse_other_than(wanted: str, found: str | None) -> None:
    """Returns when the two revisions are the same.

    Raises:
        SchemaMismatch: They are not.
    """
    if found == wanted:
        return
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if found is None or found in known:
        state = "has no schema yet" if found is None else f"has the older schema {found}"
        raise SchemaMismatch(f"the database {state}, this version needs {wanted}: run `keepgoing migrate`")
    raise SchemaMismatch(
        f"the database has schema {found}, which this version does not know: a newer version of Keepgoing "
        "has migrated it; install that version (or restore a backup and run `keepgoing migrate`)"
    )


@contextmanager
def _migrating(url: str) -> Iterator[Config]:
    """A configuration bound to one writing connection: the schema changes wholly or not at all."""
    database = Database(url, busy_seconds=60)
    if database.dialect == "sqlite":
        event.listen(database.engine, "connect", _allow_tables_to_be_rebuilt)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with database.writing() as connection:
            if database.dialect == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            config.attributes["connection"] = connection
            yield config
    finally:
        database.dispose()


def _allow_tables_to_be_rebuilt(connection: Any, _record: object) -> None:
    """SQLite changes a table by copying it; dropping the old one must not touch what refers to it."""
    connection.execute("PRAGMA foreign_keys = OFF").close()
