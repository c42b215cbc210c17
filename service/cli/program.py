"""All commands with their one line of help; each is loaded when it is called, so `--help` stays quick."""

from __future__ import annotations

from importlib import import_module

import click

from keepgoing import __version__

COMMANDS = {
    "demo": ("service.cli.demo", "Serve real experiments from an embedded database, with their results."),
    "serve": ("service.cli.serve", "Serve the API and the dashboard."),
    "worker": ("service.cli.worker", "Fold events into results and record verdicts, until interrupted."),
    "migrate": ("service.cli.migrate", "Bring the database's schema to this version."),
    "keys": ("service.cli.keys", "Create, list and delete API keys."),
    "experiments": ("service.cli.experiments", "List, show, apply, start, pause, stop and ship experiments."),
    "report": ("service.cli.report", "Write an experiment's report as Markdown, HTML or JSON."),
    "principles": ("service.cli.principles", "Say which persuasion principle works, over all experiments."),
    "analyze": ("service.cli.analyze", "Analyse a table with a row a unit, without the service."),
    "init": ("service.cli.init", "Write a file of definitions to begin from."),
    "lint": ("service.cli.lint", "Say what is wrong with the messages of a file."),
    "plan": ("service.cli.plan", "Say how many participants and days an experiment needs."),
    "simulate": ("service.cli.simulate", "Try a plan on simulated experiments: errors, power, duration."),
    "rebuild": ("service.cli.rebuild", "Make participants and tallies again from the event log."),
    "doctor": ("service.cli.doctor", "Check settings, database, schema, clock and disk."),
}


class Program(click.Group):
    """The `keepgoing` group: knows its commands by name and imports them on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """The names of all commands, in the order of their table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own signature
        """The command of this name, None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - for the type checker
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own signature
        """Writes the table of commands without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in COMMANDS.items()])


@click.command(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong use, 3 gate not met, 4 not allowed, 130 interrupted.",
)
@click.version_option(__version__, "--version", prog_name="keepgoing")
def program() -> None:
    """Experiments on error messages: which wording keeps paying users going.

    \b
    keepgoing demo                               see it work, on real data
    keepgoing serve                              the service, on this machine
    keepgoing experiments apply shop.yaml        an experiment from a file
    keepgoing report low-balance-framing         what came of it

    The database is named by KEEPGOING_DATABASE_URL; without it, it is the file keepgoing.db in this folder.
    """
