"""`keepgoing worker`: folds events on PostgreSQL and does the chores, until it is told to end."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime

import click

from service.chores import do_all
from service.cli.console import say
from service.cli.workspace import Workspace, pass_workspace
from service.worker import Worker


@click.command(name="worker")
@click.option(
    "--verdict-seconds",
    default=60,
    show_default=True,
    type=click.IntRange(1, 86_400),
    help="How often verdicts are looked at.",
)
@pass_workspace
def command(workspace: Workspace, verdict_seconds: int) -> None:
    """Fold events into results, record verdicts and move traffic, until interrupted.

    PostgreSQL needs one; several are safe, one of them works. On SQLite the service folds by itself, and the
    worker only records verdicts.
    """
    database = workspace.backend.database
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    worker = Worker(database, report=say)
    say(f"Worker {worker.name} runs; Ctrl-C ends it.")
    worker.start()
    while not ended.is_set():
        do_all(database, datetime.now(UTC), say)
        ended.wait(verdict_seconds)
    worker.stop()
