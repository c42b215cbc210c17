"""The databases that tests get: fresh, migrated, and never each other's."""

from __future__ import annotations

import pytest
import sqlalchemy as sa


def tables(url: str) -> set[str]:
    """The names of a database's tables."""
    engine = sa.create_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_an_empty_database_is_of_the_kind_asked_for_and_has_no_table(
    empty_database_url: str, database_kind: str
) -> None:
    assert sa.make_url(empty_database_url).get_backend_name() == {"postgres": "postgresql"}.get(
        database_kind, "sqlite"
    )
    assert tables(empty_database_url) == set()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_no_test_sees_what_another_has_written(database_url: str, turn: str) -> None:
    assert "alembic_version" in tables(database_url)
    assert "left_behind" not in tables(database_url)
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE left_behind (turn TEXT)"))
    engine.dispose()
