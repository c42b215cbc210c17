"""What one process keeps open: the database, the writer of the event log, known keys and rulesets."""

from __future__ import annotations

from dataclasses import dataclass

from service.storage import migrate
from service.storage.database import Database
from service.storage.journal import Journal
from service.use_cases.keys import KeyRing
from service.use_cases.ruleset import Rulesets


@dataclass(frozen=True, slots=True)
class Backend:
    """The open parts; threads may share them."""

    database: Database
    journal: Journal
    keys: KeyRing
    rulesets: Rulesets

    def close(self) -> None:
        """Writes what is still to be written, and lets go of the database."""
        self.journal.close()
        self.database.dispose()


def open_backend(url: str, *, key_cache_seconds: float, ruleset_poll_seconds: float) -> Backend:
    """The backend on a database with the right schema; an embedded SQLite file is brought up to date.

    Raises:
        ConfigurationError: The address is none.
        SchemaMismatch: A PostgreSQL database has another schema; the detail names `keepgoing migrate`.
    """
    database = Database(url)
    if database.dialect == "sqlite":
        migrate.upgrade(url)
    migrate.check(url)
    return Backend(
        database=database,
        journal=Journal(database),
        keys=KeyRing(database, seconds=key_cache_seconds),
        rulesets=Rulesets(database, poll_seconds=ruleset_poll_seconds),
    )


def is_ready(database: Database) -> str | None:
    """Why the database cannot serve now, None when it can."""
    try:
        with database.reading() as connection:
            found = migrate.revision_of(connection)
        migrate.refuse_other_than(migrate.expected(), found)
    except migrate.SchemaMismatch as mismatch:
        return mismatch.detail
    except Exception as error:  # whatever keeps the database from answering, this probe must not raise
        return f"The database does not answer ({type(error).__name__})."
    return None
