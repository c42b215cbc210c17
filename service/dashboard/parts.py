"""What the pages work with, one set for each application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from service.observability import Logger
from service.use_cases.keys import KeyRing
from service.use_cases.scope import Database

EXTENSION = "keepgoing.dashboard"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that pages share.

    Attributes:
        spend_wrong_key: Counts a wrong key of an address; raises TooManyRequests when there were too many.
        clock: What is now, aware and in UTC.
    """

    database: Database
    keys: KeyRing
    spend_wrong_key: Callable[[str], None]
    log: Logger
    clock: Callable[[], datetime]


def parts() -> Parts:
    """The parts of the application that answers the present request."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, Parts):
        raise RuntimeError("the application has no dashboard")
    return found
