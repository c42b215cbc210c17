"""Where the command line speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

import click

from experiments.errors import InvalidInput


class Advance(Protocol):
    """Says how much of a long work is done: `advance(n)` adds n."""

    def __call__(self, amount: int, /) -> None: ...


def say(message: str) -> None:
    """One line for the person, on standard error."""
    click.echo(message, err=True)


def complain(message: str) -> None:
    """One error for the person, on standard error."""
    click.echo(f"Error: {message}", err=True)


def explain(invalid: InvalidInput) -> None:
    """Every fault of an input with its place."""
    complain(f"{len(invalid.faults)} fault{'s' if len(invalid.faults) != 1 else ''} in the input:")
    for fault in invalid.faults:
        say(f"  {fault.pointer or '(whole document)'}: {fault.detail}")


def put(text: str) -> None:
    """The result, on standard output."""
    click.echo(text)


def put_json(document: object) -> None:
    """The result as indented JSON."""
    put(as_json(document))


def as_json(document: object) -> str:
    """JSON as the command line writes it: readable, in the given order, never NaN."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def put_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """The result as a table; through a pipe it loses its colour and nothing else."""
    if not rows:
        say(empty)
        return
    from rich.console import Console  # imported here and below: most calls draw nothing
    from rich.table import Table

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    terminal = sys.stdout.isatty()
    Console(file=sys.stdout, width=None if terminal else 10_000, no_color=not terminal or None).print(table)


def put_or_write(text: str, output: str) -> None:
    """The result to standard output (`-`) or to a file, which is written beside and then renamed."""
    if output == "-":
        put(text.rstrip("\n"))
        return
    target = Path(output)
    try:
        with NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as beside:
            beside.write(text)
        Path(beside.name).chmod(0o666 & ~_umask())
        os.replace(beside.name, target)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
    say(f"Wrote {output}.")


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Advance]:
    """A progress bar on standard error; where that is no terminal, one line at the start and none after."""
    if not sys.stderr.isatty():
        say(f"{label} …")
        yield lambda _amount: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(label, total=total)
        yield lambda amount: bar.advance(task, amount)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
