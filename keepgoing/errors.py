"""The SDK's family of errors, and the root of the whole product's.

    KeepgoingError              code, detail
    ├── ConfigurationError      the host set the client up wrongly
    ├── InvalidRuleset          a ruleset cannot be used; the last good one stays
    ├── TransportError          the service could not be asked, or answered with an error
    └── experiments.errors      NotFound, Conflict, InvalidInput, NotEnoughData, …

None of these ever leaves `decide` or `track`: they are for set-up, tools and tests.
"""

from __future__ import annotations

from typing import ClassVar


class KeepgoingError(Exception):
    """Any error of Keepgoing's own. `code` is stable and machine-readable; `detail` is for people."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ConfigurationError(KeepgoingError):
    """The client was set up in a way that cannot work; `detail` names the argument and the remedy."""

    code = "configuration"


class InvalidRuleset(KeepgoingError):
    """A ruleset document is not one this version can use; `pointer` (RFC 6901) names the member at fault."""

    code = "invalid_ruleset"

    def __init__(self, detail: str, *, pointer: str = "") -> None:
        super().__init__(f"{pointer or '/'}: {detail}")
        self.pointer = pointer


class TransportError(KeepgoingError):
    """The service could not be reached, or refused; `status` is its HTTP status, None without an answer."""

    code = "transport"

    def __init__(
        self, detail: str, *, status: int | None = None, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after_seconds = retry_after_seconds
