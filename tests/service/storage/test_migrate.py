"""Tests of the migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from service.storage import migrate
from service.storage.database import Database
from service.storage.tables import metadata


def tables_of(url: str) -> set[str]:
    database = Database(url)
    with database.reading() as connection:
        names = set(inspect(connection).get_table_names())
    database.dispose()
    return names


def test_the_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    database = Database(database_url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    database.dispose()
    assert differences == []
    assert tables_of(database_url) == {"alembic_version", *metadata.tables}


def test_the_schema_goes_back_to_nothing_and_forth_again(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    migrate.downgrade(empty_database_url, "base")
    assert tables_of(empty_database_url) == {"alembic_version"}
    migrate.upgrade(empty_database_url)
    assert migrate.current(empty_database_url) == migrate.expected()


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    migrate.upgrade(database_url)
    migrate.check(database_url)


def test_a_database_without_schema_is_refused_and_the_command_named(empty_database_url: str) -> None:
    with pytest.raises(migrate.SchemaMismatch, match=r"no schema yet.*keepgoing migrate"):
        migrate.check(empty_database_url)


def test_a_schema_newer_than_the_code_is_refused(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.dispose()
    with pytest.raises(migrate.SchemaMismatch, match="9999, which this version does not know"):
        migrate.check(database_url)


def test_a_schema_older_than_the_code_is_refused() -> None:
    with pytest.raises(migrate.SchemaMismatch, match=r"older schema 0001.*keepgoing migrate"):
        migrate.refuse_other_than("0002", "0001")


def test_a_failed_migration_leaves_nothing_behind(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("alembic.op.execute", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        migrate.upgrade(empty_database_url)
    assert tables_of(empty_database_url) == set()


def test_the_migrations_are_packed_beside_the_code() -> None:
    assert (migrate.MIGRATIONS / "env.py").is_file()
    assert migrate.MIGRATIONS.parent == Path(migrate.__file__).parent
