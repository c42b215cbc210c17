"""The domain's errors, each with a stable code; the service gives them HTTP statuses, in one place.

KeepgoingError
└── DomainError
    ├── NotFound            no such experiment, metric, error code …
    ├── Conflict            the step is not allowed in this state; detail says why and what would be
    │   └── StaleRevision   somebody else wrote in between (If-Match)
    ├── InvalidInput        faults: a list of (JSON pointer, detail)
    ├── NotAllowed          the key's role does not carry this
    └── NotEnoughData       a number cannot be had from so few data; never 0.5, 0 or nan in its place
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepgoing.errors import KeepgoingError


class DomainError(KeepgoingError):
    """Any refusal that the domain itself makes."""

    code = "domain"


class NotFound(DomainError):
    """Nothing has this name in this project."""

    code = "not_found"


class Conflict(DomainError):
    """The step is not allowed in the present state."""

    code = "conflict"


class StaleRevision(Conflict):
    """The document changed since it was read."""

    code = "stale_revision"


class NotAllowed(DomainError):
    """Who asks may not do this."""

    code = "not_allowed"


class NotEnoughData(DomainError):
    """The data cannot carry the number that was asked for; `detail` says what is missing."""

    code = "not_enough_data"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input: where (a JSON pointer, RFC 6901; "" is the whole document) and what."""

    pointer: str
    detail: str


class InvalidInput(DomainError):
    """The input is at fault in at least one named place."""

    code = "invalid_input"

    def __init__(self, faults: Sequence[Fault], detail: str | None = None) -> None:
        self.faults = tuple(faults)
        super().__init__(detail or "; ".join(f"{f.pointer or '/'}: {f.detail}" for f in self.faults[:5]))

    @classmethod
    def at(cls, pointer: str, detail: str) -> InvalidInput:
        """The error for one fault."""
        return cls([Fault(pointer, detail)])
