"""`keepgoing experiments`: definitions from files, and the life of an experiment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from experiments.model.document import read
from service.cli.console import put, put_json, put_table, say
from service.cli.workspace import Workspace, in_project, pass_workspace
from service.use_cases import definitions, experiments
from service.use_cases.definitions import Change
from service.use_cases.experiments import StoredExperiment
from service.use_cases.paging import PageOf
from service.use_cases.scope import Scope

MOST = 1_000
Move = Callable[[Scope, str], StoredExperiment]


@click.group(name="experiments")
def command() -> None:
    """List, show, apply, start, pause, stop, clear and ship experiments."""


@command.command(name="list")
@in_project
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
@pass_workspace
def list_(workspace: Workspace, project: str, as_json: bool) -> None:
    """List the project's experiments."""
    found = experiments.list_experiments(workspace.scope(project), PageOf(limit=MOST)).items
    if as_json:
        put_json([summary(one) for one in found])
        return
    columns = ["key", "status", "error_code", "variants", "revision", "started_at"]
    rows = [[summary(one)[name] for name in columns] for one in found]
    put_table(
        columns, rows, empty="The project has no experiments. Write one and use: experiments apply FILE"
    )


@command.command()
@click.argument("key")
@in_project
@pass_workspace
def show(workspace: Workspace, project: str, key: str) -> None:
    """Show one experiment as JSON: its definition, status, revision and phases."""
    put_json(experiments.get_experiment(workspace.scope(project), key).state.model_dump(mode="json"))


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@in_project
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
@pass_workspace
def apply(workspace: Workspace, project: str, file: str, dry_run: bool, as_json: bool) -> None:
    """Apply the definitions of FILE (YAML or JSON, - for standard input): all of them, or none.

    What the file leaves out stays as it is; applying it again changes nothing. A project that is new is made.
    """
    document = read(_content(file), name=file)
    changes = definitions.apply(workspace.scope(project, create=True), document, dry_run=dry_run)
    if as_json:
        put_json([_as_json(change) for change in changes])
    else:
        _tell(changes, dry_run=dry_run)


def _moving(name: str, move: Move, done: str, help_line: str) -> None:
    """Adds the command that makes one step of an experiment's life."""

    @command.command(name=name, help=help_line)
    @click.argument("key")
    @in_project
    @pass_workspace
    def step(workspace: Workspace, project: str, key: str) -> None:
        move(workspace.scope(project), key)
        say(f"Experiment {key} {done}.")


_moving("start", experiments.start, "runs", "Start an experiment, or let a paused one go on.")
_moving("pause", experiments.pause, "is paused", "Pause: the default message is served, nobody enters.")
_moving("stop", experiments.stop, "is stopped", "Stop for good; events in open windows still count.")
_moving("archive", experiments.archive, "is archived", "Put an ended experiment away.")


@command.command()
@click.argument("key")
@click.option("--variant", required=True, help="The variant that every targeted unit gets from now on.")
@in_project
@pass_workspace
def ship(workspace: Workspace, project: str, key: str, variant: str) -> None:
    """End an experiment and serve one of its variants to everybody it targets."""
    experiments.ship(workspace.scope(project), key, variant)
    say(f"Experiment {key} has ended; {variant} is served to every targeted unit.")


@command.command()
@click.argument("key")
@click.option("--reason", required=True, help="Why, for everybody who reads the results.")
@in_project
@pass_workspace
def clear(workspace: Workspace, project: str, key: str, reason: str) -> None:
    """Clear the alarm that makes the verdict of KEY invalid.

    The gate that raised it looks from then on only at units first exposed on a later day (UTC). Numbers from
    before stay in the analysis, and every report names the decision.
    """
    from service.use_cases import clearing  # the analysis imports SciPy, and `--help` needs none of it

    clearing.clear(workspace.scope(project), key, reason)
    say(f"The alarm of {key} is cleared; units first exposed from tomorrow (UTC) on are looked at anew.")


def summary(stored: StoredExperiment) -> dict[str, Any]:
    """An experiment in one row."""
    state = stored.state
    return {
        "key": state.definition.key,
        "status": str(state.status),
        "error_code": state.definition.error_code,
        "variants": len(state.definition.variants),
        "revision": state.revision,
        "shipped": state.shipped,
        "simulated": state.definition.simulated,
        "started_at": state.started_at.isoformat() if state.started_at else None,
    }


def _content(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    return Path(file).read_bytes()


def _as_json(change: Change) -> dict[str, Any]:
    return {
        "kind": str(change.kind),
        "key": change.key,
        "action": change.action,
        "revision": change.revision,
        "new_phase": change.new_phase,
        "differences": [one._asdict() for one in change.differences],
    }


def _tell(changes: list[Change], *, dry_run: bool) -> None:
    for change in changes:
        put(f"{change.action:<9} {change.kind} {change.key}")
        if change.action == "changed":
            for one in change.differences:
                put(f"          {one}")
        if change.new_phase:
            put("          opens a new phase: units from now on are kept apart from those before")
    changed = sum(change.action != "unchanged" for change in changes)
    say(f"{changed} of {len(changes)} {'would change; nothing was written' if dry_run else 'changed'}.")
