"""`keepgoing init`: a file of definitions to begin from."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.console import say

NAME = "keepgoing.yaml"


@click.command(name="init")
@click.argument("folder", type=click.Path(file_okay=False), default=".")
def command(folder: str) -> None:
    """Write keepgoing.yaml into FOLDER: six walls with wordings in English and German, to be made your own.

    A file that is there already is never written over.
    """
    from experiments.messages.catalogue import starter

    target = Path(folder) / NAME
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(starter())
    except FileExistsError:
        raise click.ClickException(f"{target} is there already, and is left as it is.") from None
    except OSError as error:
        raise click.ClickException(f"{target} cannot be written: {error.strerror}.") from error
    say(f"Wrote {target}. Set its links, then: keepgoing experiments apply {target}")
