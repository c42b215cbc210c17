"""Tests of the door to the database."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from keepgoing.errors import ConfigurationError
from service.storage.database import Database, StorageBusy, parse_url
from service.storage.tables import ProjectRow
from tests.factories import A_MONDAY

ADD = "INSERT INTO project (id, name, revision, created_at) VALUES ({}, '{}', 0, 0)"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.exec_driver_sql("SELECT name FROM project ORDER BY name").scalars())


def write(database: Database, *statements: str) -> None:
    with database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_write_is_kept_and_an_error_undoes_it(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql(ADD.format(1, "kept"))
    with pytest.raises(IntegrityError):
        write(database, ADD.format(2, "undone"), ADD.format(1, "twice"))
    assert names(database) == ["kept"]


def test_a_reader_sees_one_moment_only(database: Database) -> None:
    with database.reading() as reader:
        before = reader.exec_driver_sql("SELECT count(*) FROM project").scalar_one()
        with database.writing() as writer:
            writer.exec_driver_sql(ADD.format(1, "later"))
        assert reader.exec_driver_sql("SELECT count(*) FROM project").scalar_one() == before == 0
    assert names(database) == ["later"]


def test_writers_of_sqlite_wait_for_each_other_and_never_fail_half_way(database: Database) -> None:
    def add_many(first: int) -> None:
        for number in range(first, first + 25):
            with database.writing() as connection:
                count = connection.exec_driver_sql("SELECT count(*) FROM project").scalar_one()
                connection.exec_driver_sql(ADD.format(number, f"{number}-{count}"))

    threads = [threading.Thread(target=add_many, args=(start,)) for start in (100, 200, 300, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 100


def test_a_session_keeps_objects_and_a_reading_session_does_not(database: Database) -> None:
    with database.session() as session:
        session.add(ProjectRow(name="kept", created_at=A_MONDAY))
    with database.reading_session() as session:
        found = session.get(ProjectRow, 1)
        assert found is not None
        assert (found.name, found.created_at) == ("kept", A_MONDAY)
        found.name = "changed"
    assert names(database) == ["kept"]


def test_errors_that_waiting_cannot_heal_stay_what_they_are(database: Database) -> None:
    with pytest.raises((OperationalError, ProgrammingError)):
        write(database, "SELECT * FROM unheard_of")


def test_a_locked_sqlite_file_is_busy(database_url: str, database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    impatient = Database(database_url, busy_seconds=0.05)
    with database.writing(), pytest.raises(StorageBusy, match="locked"), impatient.writing():
        pass
    impatient.dispose()


def test_a_process_that_has_all_its_connections_in_use_is_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted() -> None:
        raise PoolTimeout

    monkeypatch.setattr(database.engine.pool, "connect", exhausted)
    with pytest.raises(StorageBusy, match="in use"), database.reading():
        pass


def test_a_server_that_is_not_there_is_busy() -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StorageBusy), away.reading():
        pass


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(database: Database) -> None:
    names(database)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with database.writing() as connection:
                connection.exec_driver_sql(ADD.format(1, "child"))
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert names(database) == ["child"]


def test_what_is_acknowledged_on_sqlite_survives_a_power_cut(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL has its own setting")
    with database.reading() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    assert settings == ["wal", 2]


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgres://a@b/c", "postgresql+psycopg"),
        ("postgresql://a@b/c", "postgresql+psycopg"),
        ("sqlite:///x.db", "sqlite"),
    ],
)
def test_an_address_gets_the_driver_that_is_used(url: str, driver: str) -> None:
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://a@b/c", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Database(url)
