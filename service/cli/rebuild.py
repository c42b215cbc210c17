"""`keepgoing rebuild`: participants and tallies made again from the event log."""

from __future__ import annotations

import click

from service.cli.console import progress, say
from service.cli.workspace import Workspace, pass_workspace
from service.use_cases import upkeep


@click.command(name="rebuild")
@click.option("--project", default=None, help="Only this project; by default all.")
@pass_workspace
def command(workspace: Workspace, project: str | None) -> None:
    """Make participants and tallies again from the event log. The results stay the same, to the last bit.

    On SQLite events that arrive meanwhile wait; on PostgreSQL they are folded afterwards.
    """
    database = workspace.backend.database
    with progress("Rebuilding", None) as advance:
        events = upkeep.rebuild(database, project=project, progress=advance)
    say(f"Made again from {events:,} events.")
