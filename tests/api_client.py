"""A whole service on a fresh database, with a key of each role for each of its projects."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from experiments.model.events import microseconds
from service.api.services import EXTENSION, Services
from service.app import create_app
from service.observability import make_logger
from service.settings import Settings
from service.storage.pending import fold_everything
from service.use_cases import keys, projects
from service.use_cases.credentials import Role
from service.use_cases.scope import Scope
from tests.factories import error_code_document, experiment_document, metric_document

KEY = "low-balance-framing"
CODE = "INSUFFICIENT_BALANCE"
PROBLEM = "application/problem+json"


class Site:
    """A service under test.

    Args:
        url: Of a migrated database.
        clock: What is now for the service; the system's clock when None.
        settings: Further settings.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] | None = None, **settings: Any) -> None:
        self.app: Flask = create_app(
            Settings(database_url=url, log_level="error", **{"ruleset_poll_seconds": 0.0, **settings}),
            clock=clock,
        )
        self.client = self.app.test_client()
        self.now = clock or (lambda: datetime.now(UTC))
        self.secrets: dict[tuple[str, Role], str] = {}
        for name in ("shop", "rival"):
            for role in Role:
                self.secrets[name, role] = keys.create_key(self.scope(name), role)[1]

    @property
    def services(self) -> Services:
        """What the service's views share."""
        found: Services = self.app.extensions[EXTENSION]
        return found

    def scope(self, project: str = "shop") -> Scope:
        """A project as the command line would work in it."""
        database = self.services.backend.database
        return Scope(database, projects.ensure(database, project, now=self.now()), "cli", self.now())

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role | None = Role.ADMIN,
        project: str = "shop",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """The answer to a call; `role` None sends no key, `body` is sent as JSON."""
        sent = dict(headers or {})
        if role is not None:
            sent["Authorization"] = f"Bearer {self.secrets[project, role]}"
        if body is not None:
            options["json"] = body
        return self.client.open(path, method=method, headers=sent, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """The answer to a GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """The answer to a POST."""
        return self.call("POST", path, body, **options)

    def send(self, *events: Mapping[str, Any], **options: Any) -> TestResponse:
        """The answer to a batch of events."""
        return self.post("/v1/events", {"events": list(events)}, role=Role.SDK, **options)

    def decide(self, unit_id: str, *, project: str = "shop", **members: Any) -> TestResponse:
        """The answer to a unit at the wall of the catalogue's error code."""
        wall = {"error_code": CODE, "unit_id": unit_id, **members}
        return self.post("/v1/decide", wall, role=Role.SDK, project=project)

    def catalogue(self, *, project: str = "shop") -> Site:
        """The same service, with an error code and a metric."""
        assert self.post("/v1/error-codes", error_code_document(), project=project).status_code == 201
        assert self.post("/v1/metrics", metric_document(), project=project).status_code == 201
        return self

    def running(self, *, project: str = "shop", **fields: Any) -> Site:
        """The same service, with an error code, a metric and a running experiment."""
        self.catalogue(project=project)
        document = experiment_document(**fields)
        assert self.post("/v1/experiments", document, project=project).status_code == 201
        started = self.post(f"/v1/experiments/{document['key']}/start", project=project)
        assert started.status_code == 200, started.text
        return self

    def fold(self) -> None:
        """The worker's part on PostgreSQL; on SQLite events are folded when they are stored."""
        database = self.services.backend.database
        if database.dialect == "postgresql":
            fold_everything(database, owner="test", now=microseconds(datetime.now(UTC)))

    def watch_log(self, level: str) -> io.StringIO:
        """Where the service's log lines of this level and above go from now on."""
        lines = io.StringIO()
        self.app.extensions[EXTENSION] = replace(self.services, log=make_logger(level, lines))
        return lines

    def close(self) -> None:
        """Lets go of the database."""
        self.services.backend.close()


def conversion(event_id: str, unit_id: str = "acct_1", **members: Any) -> dict[str, Any]:
    """A recharge, as it is sent."""
    return {
        "type": "conversion", "event_id": event_id, "name": "recharge", "unit_id": unit_id,
        "occurred_at": datetime.now(UTC).isoformat(), "value": "20.00", "currency": "USD", **members,
    }  # fmt: skip


def exposure(
    event_id: str, unit_id: str = "acct_1", variant: str = "control", **members: Any
) -> dict[str, Any]:
    """An exposure, as it is sent."""
    return {
        "type": "exposure", "event_id": event_id, "error_code": CODE, "experiment": KEY, "variant": variant,
        "unit_id": unit_id, "occurred_at": datetime.now(UTC).isoformat(), "context": {}, **members,
    }  # fmt: skip


def refusal(answer: TestResponse, status: int) -> dict[str, Any]:
    """The problem document of a refusal with this status."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == PROBLEM
    problem: dict[str, Any] = answer.get_json(force=True)
    assert problem["status"] == status
    assert problem["type"].startswith("urn:keepgoing:problem:")
    return problem


def pointers(problem: Mapping[str, Any]) -> set[str]:
    """The places that a problem names."""
    return {fault["pointer"] for fault in problem.get("errors", [])}
