"""What a person sees when a page cannot be shown: why, and what helps."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, g, render_template
from werkzeug.exceptions import HTTPException

from experiments.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound

STATUSES: dict[type[DomainError], int] = {NotFound: 404, NotAllowed: 403, InvalidInput: 400, Conflict: 409}
KEPT = frozenset({"retry-after"})


def of_domain_error(error: DomainError) -> Response:
    """The page of a refusal by the domain."""
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 400)
    return _page(status, error.detail)


def of_http_exception(error: HTTPException) -> Response:
    """The page of a refusal by the web layer."""
    answer = _page(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name.lower() in KEPT:
            answer.headers[name] = value
    return answer


def _page(status: int, detail: str) -> Response:
    title = HTTPStatus(status).phrase
    text = render_template(
        "dashboard/refusal.html", title=title, detail=detail, request_id=g.get("request_id", "")
    )
    return Response(text, status, content_type="text/html; charset=utf-8")
