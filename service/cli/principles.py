"""`keepgoing principles`: what all experiments together say of each persuasion principle."""

from __future__ import annotations

import click

from service.cli.console import put, put_json
from service.cli.workspace import Workspace, in_project, pass_workspace


@click.command(name="principles")
@in_project
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of Markdown.")
@pass_workspace
def command(workspace: Workspace, project: str, as_json: bool) -> None:
    """Pool the experiments of a project by persuasion principle: mean lift, and what the next may bring.

    \b
    keepgoing principles
    keepgoing principles --json | jq '.[] | {principle, pooled, prior}'
    """
    from service.reports.markdown import markdown_of  # these import SciPy, and `--help` needs none of it
    from service.reports.principles import principles_report
    from service.use_cases.principles import poolings, principles

    found = principles(workspace.scope(project))
    if as_json:
        put_json([{"principle": one.principle, **one.pooling.document()} for one in found])
    else:
        put(markdown_of(principles_report(poolings(found))).rstrip())
