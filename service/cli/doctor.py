"""`keepgoing doctor`: what stands between this machine and a working service."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import click
from sqlalchemy.engine import make_url

from keepgoing import __version__
from keepgoing.errors import KeepgoingError
from service.cli.console import put_json, put_table
from service.cli.endings import GateNotMet
from service.cli.workspace import Workspace, pass_workspace
from service.settings import Settings
from service.storage import migrate
from service.storage.database import Database

LEAST_FREE_BYTES = 1 << 30
EARLIEST_YEAR = 2025  # a clock before this product's time is wrong
PACKAGES = ("flask", "gunicorn", "sqlmodel", "sqlalchemy", "scipy", "statsmodels", "psycopg")


class Check(NamedTuple):
    """One thing looked at. `ok` None: worth knowing, nothing wrong."""

    name: str
    ok: bool | None
    detail: str


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_workspace
def command(workspace: Workspace, as_json: bool) -> None:
    """Check settings, database, schema, clock and disk; change nothing; exit with 3 if one is wrong."""
    checks = list(_checks(workspace))
    if as_json:
        put_json([check._asdict() for check in checks])
    else:
        marks = {True: "ok", False: "WRONG", None: "-"}
        put_table(
            ["check", "", "detail"], [[one.name, marks[one.ok], one.detail] for one in checks], empty=""
        )
    wrong = [check.name for check in checks if check.ok is False]
    if wrong:
        raise GateNotMet(f"Not in order: {', '.join(wrong)}.")


def _checks(workspace: Workspace) -> Iterator[Check]:
    yield Check("versions", None, _versions())
    settings = workspace.settings
    yield _secret(settings)
    yield _database(settings)
    yield _attempted("schema", lambda: _schema(settings))
    yield _clock()
    yield _disk(settings)


def _versions() -> str:
    found = [f"keepgoing {__version__}", f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    return ", ".join(found)


def _secret(settings: Settings) -> Check:
    if settings.secret_key is not None:
        return Check("secret", True, "KEEPGOING_SECRET_KEY is set")
    return Check("secret", None, "KEEPGOING_SECRET_KEY is not set: sessions end with the process")


def _database(settings: Settings) -> Check:
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    path = _file(settings)
    if path is not None and not path.exists():
        return Check("database", None, f"{shown}: no file yet; `keepgoing serve` makes it")
    return _attempted("database", lambda: _answers(settings, shown))


def _answers(settings: Settings, shown: str) -> str:
    database = Database(settings.database_url)
    began = time.perf_counter()
    try:
        with database.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
    finally:
        database.dispose()
    return f"{shown} answers in {(time.perf_counter() - began) * 1000:.0f} ms"


def _schema(settings: Settings) -> str:
    path = _file(settings)
    if path is not None and not path.exists():
        return "none yet"
    migrate.check(settings.database_url)
    return f"{migrate.expected()}, as this version needs"


def _clock() -> Check:
    year = time.gmtime().tm_year
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Check("clock", year >= EARLIEST_YEAR, f"{now} (events more than 5 minutes ahead are refused)")


def _disk(settings: Settings) -> Check:
    folder = (_file(settings) or Path.cwd() / "x").resolve().parent
    if not folder.exists():
        return Check("disk", False, f"the folder {folder} does not exist")
    free = shutil.disk_usage(folder).free
    return Check("disk", free >= LEAST_FREE_BYTES, f"{free / (1 << 30):.1f} GiB free in {folder}")


def _file(settings: Settings) -> Path | None:
    """The file of an embedded database; None for a server or for memory."""
    url = make_url(settings.database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(str(url.database)) if is_file else None


def _attempted(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except KeepgoingError as wrong:
        return Check(name, False, wrong.detail)
    except Exception as wrong:  # whatever is broken, the doctor says so and goes on
        return Check(
            name, False, f"{type(wrong).__name__}: {str(wrong).splitlines()[0][:200] if str(wrong) else ''}"
        )
