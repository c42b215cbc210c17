"""How a command ends: each kind of error has its exit code and its words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from experiments.errors import InvalidInput, NotAllowed
from keepgoing.errors import KeepgoingError
from service.cli.console import complain, explain

DONE, FAILED, WRONG_USE, GATE_NOT_MET, NOT_ALLOWED, INTERRUPTED = 0, 1, 2, 3, 4, 130


class GateNotMet(KeepgoingError):
    """A gate that the caller asked for does not hold."""

    code = "gate_not_met"


@dataclass
class Ending:
    """The exit code, once the command has ended."""

    exit_code: int = DONE


@contextmanager
def ended() -> Iterator[Ending]:
    """Turns what a command raises into words on standard error and an exit code."""
    ending = Ending()
    try:
        yield ending
    except click.ClickException as wrong:
        wrong.show()
        ending.exit_code = wrong.exit_code
    except click.exceptions.Exit as stop:
        ending.exit_code = stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        ending.exit_code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ending.exit_code = FAILED
    except KeepgoingError as refused:
        ending.exit_code = _told(refused)


def _told(refused: KeepgoingError) -> int:
    if isinstance(refused, InvalidInput):
        explain(refused)
        return FAILED
    complain(refused.detail)
    if isinstance(refused, GateNotMet):
        return GATE_NOT_MET
    return NOT_ALLOWED if isinstance(refused, NotAllowed) else FAILED
