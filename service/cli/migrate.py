"""`keepgoing migrate`: the database's schema, brought to this version."""

from __future__ import annotations

import click

from service.cli.console import say
from service.cli.workspace import Workspace, pass_workspace
from service.storage import migrate


@click.command(name="migrate")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; fail when the schema is another.")
@pass_workspace
def command(workspace: Workspace, only_check: bool) -> None:
    """Bring the database's schema to this version. Safe to run again; nothing is lost."""
    url = workspace.settings.database_url
    if only_check:
        migrate.check(url)
        say(f"The schema is {migrate.expected()}, as this version needs.")
        return
    before = migrate.current(url)
    migrate.upgrade(url)
    after = migrate.current(url)
    say(f"The schema is {after}; it was that already." if before == after else f"The schema is {after} now.")
