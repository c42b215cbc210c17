"""The one place of HTTP statuses: every error leaves as application/problem+json (RFC 9457).

`type` is a URN that stays the same for good: `urn:keepgoing:problem:` and the error's name, as `not-found`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Flask, Response, g
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from experiments.errors import (
    Conflict,
    DomainError,
    Fault,
    InvalidInput,
    NotAllowed,
    NotEnoughData,
    NotFound,
    StaleRevision,
)
from experiments.model.changes import Frozen
from service.api.answers import as_json
from service.api.services import services
from service.observability import exception_fields
from service.use_cases.events import TooManyEvents
from service.use_cases.scope import StorageBusy

MEDIA_TYPE = "application/problem+json"
MAX_FAULTS = 100  # named in one answer
MAX_DETAIL_CHARACTERS = 1_000  # a detail may quote the input; it never carries much of it back
RETRY_AFTER_SECONDS = 1
UNAVAILABLE = "The service cannot reach or write its database now. Nothing was half done; try again."

STATUSES: Mapping[type[DomainError], int] = {
    NotFound: 404,
    TooManyEvents: 413,
    StaleRevision: 412,
    Conflict: 409,
    NotAllowed: 403,
    InvalidInput: 400,
    NotEnoughData: 422,
}


NAMES: Mapping[int, str] = {  # written out, because Python's own phrases change from version to version
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "content-too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
    500: "internal-server-error",
    503: "service-unavailable",
}


def problem(
    status: int,
    name: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer with a problem document.

    Args:
        status: The HTTP status.
        name: The last part of `type`, such as `not-found`.
        detail: What went wrong here and what helps.
        faults: The places of the input that are at fault.
        headers: Further headers.
    """
    document: dict[str, object] = {
        "type": f"urn:keepgoing:problem:{name}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _short(detail),
        "request_id": g.get("request_id", ""),
    }
    if faults:
        shown = faults[:MAX_FAULTS]
        document["errors"] = [
            {"pointer": _short(fault.pointer), "detail": _short(fault.detail)} for fault in shown
        ]
    return Response(as_json(document), status, headers=dict(headers or {}), content_type=MEDIA_TYPE)


def handle_problems(app: Flask) -> None:
    """Makes every error of the application leave as a problem document."""
    app.register_error_handler(DomainError, of_domain_error)
    app.register_error_handler(HTTPException, of_http_exception)
    app.register_error_handler(StorageBusy, of_busy_storage)
    app.register_error_handler(PoolTimeout, of_busy_storage)
    app.register_error_handler(Exception, of_unexpected)


def of_domain_error(error: DomainError) -> Response:
    """The problem of a refusal by the domain."""
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 400)
    faults = error.faults if isinstance(error, InvalidInput | Frozen) else ()
    return problem(status, error.code.replace("_", "-"), error.detail, faults=faults)


def of_http_exception(error: HTTPException) -> Response:
    """The problem of a refusal by the web layer: 400, 401, 403, 404, 405, 413, 415, 429, 503."""
    status = error.code or 500
    return problem(
        status, NAMES.get(status, f"http-{status}"), error.description or "", headers=_headers(error)
    )


def of_busy_storage(error: StorageBusy | PoolTimeout) -> Response:
    """503 when the database or journal is locked, away or full; its own words may name hosts: never shown."""
    after = error.retry_after_seconds if isinstance(error, StorageBusy) else RETRY_AFTER_SECONDS
    services().log.warning("storage_busy", request_id=g.get("request_id"), **exception_fields(error))
    return of_http_exception(ServiceUnavailable(UNAVAILABLE, retry_after=after))


def of_unexpected(error: Exception) -> Response:
    """500 with the id under which the log has the rest; nothing of the inside is shown."""
    services().log.error("unexpected_error", request_id=g.get("request_id"), **exception_fields(error))
    return problem(500, "internal-server-error", "The service failed. The log has this request_id.")


def _headers(error: HTTPException) -> dict[str, str]:
    """Allow of a 405, WWW-Authenticate of a 401, Retry-After of a 429 or 503."""
    return {name: value for name, value in error.get_headers() if name.lower() != "content-type"}


def _short(text: str) -> str:
    return text if len(text) <= MAX_DETAIL_CHARACTERS else text[: MAX_DETAIL_CHARACTERS - 1] + "…"
