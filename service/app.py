"""The one place that wires the service: settings in, Flask application out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service.api import ofrep, resources
from service.api.auth import Gate
from service.api.hooks import NoCookies, surround_requests
from service.api.problems import handle_problems
from service.api.rates import Allowance, Rates
from service.api.services import EXTENSION, Limits, Services
from service.dashboard.blueprint import register as register_dashboard
from service.dashboard.parts import Parts
from service.observability import Figures, make_logger
from service.settings import Settings, read_settings
from service.use_cases.backend import Backend, open_backend


def create_app(settings: Settings | None = None, *, clock: Callable[[], datetime] | None = None) -> Flask:
    """The service as a WSGI application.

    Args:
        settings: Those of the environment when None.
        clock: What is now, aware and in UTC; the system's clock when None.

    Raises:
        ConfigurationError: A setting is missing or wrong.
        SchemaMismatch: The PostgreSQL database needs `keepgoing migrate`.
    """
    settings = settings or read_settings()
    backend = open_backend(
        settings.database_url,
        key_cache_seconds=settings.key_cache_seconds,
        ruleset_poll_seconds=settings.ruleset_poll_seconds,
    )
    app = Flask("service", static_folder=None)
    configure(app, settings)
    app.extensions[EXTENSION] = wire(settings, backend, clock or now)
    handle_problems(app)
    surround_requests(app)
    app.after_request(ofrep.complete_problem)
    for calls in resources.ALL:
        calls.register(app)
    register_dashboard(app, dashboard_parts(app.extensions[EXTENSION]))
    return app


def configure(app: Flask, settings: Settings) -> None:
    """Sets what Flask itself wants to know."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    secret = settings.secret_key
    app.secret_key = secret.get_secret_value() if secret is not None else secrets.token_hex(32)
    app.session_interface = NoCookies()
    app.url_map.merge_slashes = False  # a redirect would drop the body and the key
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # Flask's way


def wire(settings: Settings, backend: Backend, clock: Callable[[], datetime]) -> Services:
    """The services that the views share."""
    rates = Rates(
        requests=Allowance("requests of this key", settings.rate_limit_requests_per_second),
        events=Allowance("events of this key", settings.rate_limit_events_per_second),
        wrong_keys=Allowance(
            "wrong keys from this address", settings.wrong_keys_limit, settings.wrong_keys_window_seconds
        ),
    )
    return Services(
        backend=backend,
        gate=Gate(backend.keys, rates),
        limits=Limits(settings.max_body_bytes, settings.max_events),
        figures=Figures(settings.prometheus_multiproc_dir),
        log=make_logger(settings.log_level),
        clock=clock,
    )


def dashboard_parts(shared: Services) -> Parts:
    """What the dashboard's pages share with the API."""
    return Parts(
        database=shared.backend.database,
        keys=shared.backend.keys,
        spend_wrong_key=shared.gate.rates.wrong_keys.spend,
        log=shared.log,
        clock=shared.clock,
    )


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)
