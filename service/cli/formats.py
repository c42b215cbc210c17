"""Which format a report is written in: `--format`, else the ending of `--output`, else Markdown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.markdown import Markdown

from service.cli.console import put_or_write

NOW, LATER = ("md", "json", "html"), ("csv", "pdf")
ENDINGS = {"markdown": "md", "htm": "html"}
DEFAULT = "md"
Function = TypeVar("Function", bound=Callable[..., Any])

output_option: Callable[[Function], Function] = click.option(
    "--output",
    "-o",
    default="-",
    show_default=True,
    metavar="FILE",
    help="Where to write it; - is standard output. The ending decides the format.",
)
format_option: Callable[[Function], Function] = click.option(
    "--format",
    "chosen",
    type=click.Choice([*NOW, *LATER]),
    help=f"By default that of --output's ending, else {DEFAULT}; csv and pdf are not available yet.",
)


class Moment(click.ParamType[datetime]):
    """A moment with its offset, as `2026-05-04T12:00:00Z`; a day alone is its beginning in UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment, aware and in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} must be a day or a moment, like 2026-05-04T12:00:00Z.", param, ctx)
        if found.tzinfo is None and len(value) > len("2026-05-04"):
            self.fail(f"{value!r} has no offset; add Z or, say, +02:00.", param, ctx)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def chosen_format(chosen: str | None, output: str) -> str:
    """The ending of the format to write: md, json or html.

    Raises:
        click.UsageError: The format is none of these, or is not available yet.
    """
    ending = Path(output).suffix.removeprefix(".").lower()
    wanted = chosen or ENDINGS.get(ending, ending) or DEFAULT
    if wanted in LATER:
        raise click.UsageError(f"The format {wanted} is not available yet; use one of {', '.join(NOW)}.")
    if wanted not in NOW:
        raise click.UsageError(
            f"{output!r} ends in no format known here; add --format with one of {', '.join(NOW)}."
        )
    return wanted


def put_report(text: str, output: str, *, pretty: bool) -> None:
    """Writes a report; on a terminal Markdown is laid out for reading, unless it was asked for by name."""
    if pretty and output == "-" and sys.stdout.isatty():
        Console(file=sys.stdout).print(Markdown(text))
    else:
        put_or_write(text, output)
