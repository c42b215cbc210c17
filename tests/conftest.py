"""What every test may ask for: a fresh database, on SQLite or on a real PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from tests import postgres

TEMPLATE = "template_keepgoing"
DATABASE_FIXTURES = {"database_url", "empty_database_url", "postgres_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--database` and `--slow`."""
    group = parser.getgroup("keepgoing")
    group.addoption(
        "--database", choices=["sqlite", "postgres"], default="sqlite", help="which database to test on"
    )
    group.addoption("--slow", action="store_true", help="run long simulations too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips what this run has not been asked for; on PostgreSQL only what touches a database is run again."""
    on_postgres = config.getoption("--database") == "postgres"
    skip_slow = pytest.mark.skip(reason="slow: run with --slow")
    skip_postgres = pytest.mark.skip(reason="needs --database postgres")
    for item in items:
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(skip_slow)
        if item.get_closest_marker("postgres") and not on_postgres:
            item.add_marker(skip_postgres)
    if on_postgres:
        keep_those_that_touch_the_database(config, items)


def touches_database(item: pytest.Item) -> bool:
    """Whether a test's outcome may depend on which database is used."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("postgres") is not None or bool(DATABASE_FIXTURES & fixtures)


def keep_those_that_touch_the_database(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes the others out of the run, and lets pytest report how many."""
    config.hook.pytest_deselected(items=[item for item in items if not touches_database(item)])
    items[:] = [item for item in items if touches_database(item)]


def upgrade(url: str) -> None:
    """Brings a database to the newest schema, with the service's own migrations."""
    from service.storage.migrate import upgrade as migrate

    migrate(url)


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgres`: what this run tests on."""
    return str(request.config.getoption("--database"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server that runs as long as the tests; they fail when it cannot be started."""
    with postgres.running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated database on the server, which copies are made of."""
    upgrade(postgres.create_database(postgres_server, TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, which copies are made of."""
    template = tmp_path_factory.mktemp("template") / "keepgoing.db"
    upgrade(f"sqlite:///{template}")
    return template


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    """Names that no other test of this run uses."""
    return (f"keepgoing_{number}" for number in count(1))


@pytest.fixture
def empty_database_url(
    request: pytest.FixtureRequest, database_kind: str, tmp_path: Path, database_names: Iterator[str]
) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    yield from temporary_database(server, next(database_names), template="template1")


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, database_kind: str, tmp_path: Path, database_names: Iterator[str]
) -> Iterator[str]:
    """The URL of a fresh database that has the newest schema and no row."""
    if database_kind == "sqlite":
        yield copy_of(request.getfixturevalue("sqlite_template"), tmp_path / "keepgoing.db")
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    yield from temporary_database(server, next(database_names), template=template)


def temporary_database(server: str, name: str, *, template: str) -> Iterator[str]:
    """The URL of a copy of the template, which is deleted when the test is over."""
    yield postgres.create_database(server, name, template=template)
    postgres.drop_database(server, name)


def copy_of(template: Path, target: Path) -> str:
    """The URL of a copy of a SQLite file, made by SQLite itself so that no write-ahead log is forgotten."""
    with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA synchronous = OFF")
        source.backup(copy)
    return f"sqlite:///{target}"
