"""`keepgoing keys`: create, list and delete API keys."""

from __future__ import annotations

import click

from service.cli.console import put, put_json, put_table, say
from service.cli.workspace import Workspace, in_project, pass_workspace
from service.use_cases import keys
from service.use_cases.credentials import Role
from service.use_cases.paging import PageOf

MOST = 1_000


@click.group(name="keys")
def command() -> None:
    """Create, list and delete API keys."""


@command.command()
@in_project
@click.option(
    "--role", type=click.Choice([str(role) for role in Role]), required=True, help="What the key may do."
)
@click.option("--label", default="", help="What the key is for, as lists show it.")
@click.option("--json", "as_json", is_flag=True, help='Print {"id", "project", "role", "secret"}.')
@pass_workspace
def create(workspace: Workspace, project: str, role: str, label: str, as_json: bool) -> None:
    """Create a key; its secret is printed once and kept nowhere. The project is made if it is new."""
    key, secret = keys.create_key(workspace.scope(project, create=True), Role(role), label=label)
    if as_json:
        put_json({"id": key.id, "project": key.project, "role": str(key.role), "secret": secret})
        return
    say(f"Key {key.id} of project {key.project}, role {key.role}. This secret is not shown again:")
    put(secret)


@command.command(name="list")
@in_project
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
@pass_workspace
def list_(workspace: Workspace, project: str, as_json: bool) -> None:
    """List the project's keys, without their secrets."""
    found = keys.list_keys(workspace.scope(project), PageOf(limit=MOST)).items
    rows = [
        {"id": key.id, "role": str(key.role), "label": key.label, "created_at": key.created_at.isoformat(),
         "created_by": key.created_by}
        for key in found
    ]  # fmt: skip
    if as_json:
        put_json(rows)
    else:
        columns = ["id", "role", "label", "created_at", "created_by"]
        put_table(
            columns, [[row[name] for name in columns] for row in rows], empty="The project has no keys."
        )


@command.command()
@click.argument("key_id", metavar="ID")
@in_project
@pass_workspace
def delete(workspace: Workspace, project: str, key_id: str) -> None:
    """Delete the key ID: from now on it is refused."""
    keys.delete_key(workspace.scope(project), key_id)
    say(f"Key {key_id} is deleted; running services refuse it within seconds.")
