"""The dashboard's routes, and what surrounds each of its answers; `service.app` registers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response
from werkzeug.exceptions import HTTPException

from experiments.errors import DomainError
from service.dashboard import clearing, guard, pages, refusals, sign_in, stylesheet
from service.dashboard.parts import EXTENSION, Parts

NAME = "dashboard"
SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers send forms with `Origin: null`
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ROUTES: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("GET", "/", "experiments", pages.list_experiments),
    ("GET", "/principles", "principles", pages.show_principles),
    ("GET", "/experiments/<key>", "experiment", pages.show_experiment),
    ("GET", "/experiments/<key>/report.<extension>", "report", pages.download),
    ("POST", "/experiments/<key>/clear", "clear", clearing.clear),
    ("GET", "/sign-in", "sign_in", sign_in.show_form),
    ("POST", "/sign-in", "sign_in_with_key", sign_in.with_key),
    ("GET", "/sign-in/<token>", "sign_in_with_link", sign_in.with_link),
    ("POST", "/sign-out", "sign_out", sign_in.sign_out),
    ("GET", "/styles/<version>.css", "stylesheet", stylesheet.serve),
)


def register(app: Flask, parts: Parts) -> None:
    """Adds the pages to an application."""
    app.extensions[EXTENSION] = parts
    app.register_blueprint(make_blueprint())


def make_blueprint() -> Blueprint:
    """The routes with their hooks and error pages; JSON problems stay the API's own."""
    blueprint = Blueprint(NAME, __name__, template_folder="templates")
    for method, rule, endpoint, view in ROUTES:
        blueprint.add_url_rule(rule, endpoint, view, methods=[method], provide_automatic_options=False)
    blueprint.before_request(guard.find_session)
    blueprint.after_request(add_safe_headers)
    blueprint.context_processor(lambda: {"session": guard.session(), "stylesheet": stylesheet.address()})
    blueprint.register_error_handler(DomainError, refusals.of_domain_error)
    blueprint.register_error_handler(HTTPException, refusals.of_http_exception)
    return blueprint


def add_safe_headers(response: Response) -> Response:
    """The answer, which may load nothing but the dashboard's own styles and run nothing."""
    for name, value in SAFE_HEADERS.items():
        response.headers[name] = value
    return response
