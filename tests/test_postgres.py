"""The PostgreSQL of the tests: real, private, and gone when its tests are."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
HOLD_A_SERVER = """
import time
from tests.postgres import running_postgres
with running_postgres() as url:
    print(url, flush=True)
    time.sleep(99)
"""


def folder_of(url: str) -> Path:
    """The folder in which the server of a URL lives."""
    return Path(url.partition("host=")[2].partition("&")[0])


def gone_within(folder: Path, *, seconds: float) -> bool:
    """Whether a folder disappears in time."""
    deadline = time.monotonic() + seconds
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not folder.exists()


@pytest.mark.postgres
def test_the_server_is_a_postgresql_17_that_listens_on_no_network(postgres_server: str) -> None:
    with psycopg.connect(postgres.plain(postgres_server)) as connection:
        assert connection.info.server_version // 10_000 == 17
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.postgres
def test_the_server_and_its_folder_are_gone_after_the_block() -> None:
    with postgres.running_postgres() as url:
        folder = folder_of(url)
        assert (folder / "data" / "postmaster.pid").exists()
    assert not folder.exists()


@pytest.mark.postgres
def test_the_server_does_not_outlive_killed_tests() -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with holder:
        assert holder.stdout is not None
        folder = folder_of(holder.stdout.readline().strip())
        assert (folder / "data" / "postmaster.pid").exists()
        holder.send_signal(signal.SIGKILL)
    assert gone_within(folder, seconds=10)


@pytest.mark.postgres
def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "UNSAFE_BUT_FAST", ["-c", "fsync=perhaps"])
    complaint = pytest.raises(postgres.PostgresFailed, match='parameter "fsync" requires a Boolean value')
    with complaint, postgres.running_postgres():
        pass


@pytest.mark.postgres
def test_a_dropped_database_is_gone_even_with_a_connection_open(postgres_server: str) -> None:
    url = postgres.create_database(postgres_server, "crowded")
    with psycopg.connect(postgres.plain(url)) as connection:
        postgres.drop_database(postgres_server, "crowded")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(postgres.plain(url))
