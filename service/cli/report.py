"""`keepgoing report`: an experiment's analysis as Markdown, HTML or JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from service.cli.formats import Moment, chosen_format, format_option, output_option, put_report
from service.cli.workspace import Workspace, in_project, pass_workspace

if TYPE_CHECKING:  # each costs a second to import, and `--help` needs none of them
    from service.use_cases.scope import Scope


@click.command(name="report")
@click.argument("experiment")
@format_option
@output_option
@in_project
@click.option("--as-of", type=Moment(), help="A past moment to speak of; now by default.")
@click.option("--segment", metavar="ATTRIBUTE", help="Break it down by an attribute that the plan declares.")
@pass_workspace
def command(
    workspace: Workspace,
    experiment: str,
    chosen: str | None,
    output: str,
    project: str,
    as_of: datetime | None,
    segment: str | None,
) -> None:
    """Write the report of EXPERIMENT: verdict, checks, wordings, numbers and methods.

    \b
    keepgoing report low-balance-framing
    keepgoing report low-balance-framing --output report.html
    keepgoing report low-balance-framing --format json | jq .verdict
    """
    extension = chosen_format(chosen, output)
    text = written_report(
        workspace.scope(project), experiment, extension=extension, segment=segment, as_of=as_of
    )
    put_report(text, output, pretty=extension == "md" and chosen is None)


def written_report(
    scope: Scope,
    key: str,
    *,
    extension: str = "md",
    segment: str | None = None,
    as_of: datetime | None = None,
) -> str:
    """The report of an experiment in the format of this ending; it records no verdict.

    Raises:
        NotFound: There is no such experiment.
        InvalidInput: The segment is not declared, or the moment lies ahead.
    """
    from service.reports.formats import written
    from service.use_cases.experiments import get_experiment
    from service.use_cases.results import results

    found = results(scope, key, segment=segment, as_of=as_of, every_segment=extension != "json")
    return written(found, extension, definition=get_experiment(scope, key).state.definition)


def markdown_of(scope: Scope, key: str) -> str:
    """The report of an experiment as Markdown."""
    return written_report(scope, key)
