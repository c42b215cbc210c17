"""Around every request: an id, headers that keep browsers safe, one log line and the figures."""

from __future__ import annotations

import re
import secrets
import time

from flask import Flask, Request, Response, g, request
from flask.sessions import SessionInterface, SessionMixin

from service.api.services import services

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
QUIET_ROUTES = frozenset({"/v1/decide", "/v1/events", "/v1/ruleset", "/healthz", "/readyz", "/metrics"})


class NoCookies(SessionInterface):
    """No session of Flask's: the API has keys, the dashboard its own sessions, and signing costs time."""

    def open_session(self, app: Flask, request: Request) -> None:  # noqa: ARG002 - Flask's interface
        """Nothing, which Flask makes a session of that refuses to be written."""
        return

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Never called for such a session."""


def surround_requests(app: Flask) -> None:
    """Adds these hooks to the application."""
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _finish(response: Response) -> Response:
    headers = response.headers
    for name, value in SAFE_HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = g.request_id
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    _record(response.status_code, time.perf_counter() - g.started)
    return response


def _record(status: int, seconds: float) -> None:
    """Counts and logs the request by its route: paths and queries may hold a unit id."""
    shared = services()
    rule = request.url_rule
    route = rule.rule if rule is not None else "unknown"
    method = request.method if request.method in METHODS else "other"
    shared.figures.request(method=method, route=route, status=status, seconds=seconds)
    line = shared.log.debug if route in QUIET_ROUTES and status < 500 else shared.log.info
    line(
        "request",
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 2),
        request_id=g.request_id,
    )
