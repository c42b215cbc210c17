"""The entry of the `keepgoing` command: reads the environment, runs the program, answers an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 failed, 2 wrong use, 3 a gate not met, 4 not allowed, 130 interrupted.

    Args:
        arguments: What follows the command's name; by default this process's own.
    """
    try:
        from service.cli.endings import ended
        from service.cli.program import program
    except ModuleNotFoundError as missing:
        if missing.name not in {"click", "rich"}:
            raise
        print("The command line needs more than the SDK: pip install 'keepgoing[server]'", file=sys.stderr)  # noqa: T201 - click itself is missing
        return 1
    from service.cli.workspace import Workspace

    with ended() as ending, closing(Workspace(_read_settings)) as workspace:
        program.main(
            args=None if arguments is None else list(arguments),
            prog_name="keepgoing",
            obj=workspace,
            standalone_mode=False,
        )
    return ending.exit_code


def _read_settings() -> Settings:
    from service.settings import read_settings  # costs half a second, which `--help` need not pay

    return read_settings()
