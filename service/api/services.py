"""What the views of one application share; made by `create_app`, reached by `services()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from service.api.auth import Gate
from service.observability import Figures, Logger
from service.use_cases.backend import Backend
from service.use_cases.keys import KeyHolder
from service.use_cases.scope import Scope

EXTENSION = "keepgoing"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a request body."""

    max_body_bytes: int
    max_events: int


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that views work with, one set for each application."""

    backend: Backend
    gate: Gate
    limits: Limits
    figures: Figures
    log: Logger
    clock: Callable[[], datetime]

    def scope(self, holder: KeyHolder) -> Scope:
        """The scope of a request: the project of its key, and now."""
        return Scope(self.backend.database, holder.project, holder.actor, self.clock())


def services() -> Services:
    """The services of the application that answers the present request."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, Services):
        raise RuntimeError("the application was not made by create_app")
    return found
