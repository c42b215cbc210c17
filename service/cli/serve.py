"""`keepgoing serve`: the API and the dashboard under gunicorn, and the folding of events."""

from __future__ import annotations

import click

from service.cli.console import say
from service.cli.web_server import free, serve
from service.cli.workspace import Workspace, pass_workspace


@click.command(name="serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 picks one.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=16, show_default=True, type=click.IntRange(2, 256), help="Per process.")
@pass_workspace
def command(workspace: Workspace, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the API and the dashboard, and fold events into results.

    Without KEEPGOING_DATABASE_URL the database is the file keepgoing.db in this folder, made when missing.
    On PostgreSQL a worker process is started beside the web processes.
    """
    workspace.prepare_database()
    address = free(host, port)
    serve(
        workspace.settings,
        address,
        workers=workers,
        threads=threads,
        ready=lambda: say(f"Keepgoing serves {address.url}; Ctrl-C ends it."),
    )
