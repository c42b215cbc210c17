"""The entry of the `keepgoing` command: reads the environment, runs the program, answers an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence


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
    from service.settings import read_settings

    with ended() as ending:
        program.main(
            args=None if arguments is None else list(arguments),
            prog_name="keepgoing",
            obj=Workspace(read_settings),
            standalone_mode=False,
        )
    return ending.exit_code
