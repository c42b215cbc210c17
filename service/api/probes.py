"""Probes for whoever runs the service: alive, ready, and its figures; no key, and nothing of any project."""

from __future__ import annotations

from typing import Literal

from flask import Response
from pydantic import BaseModel
from werkzeug.exceptions import ServiceUnavailable

from service.api.answers import Answer
from service.api.calls import Calls
from service.api.services import services
from service.use_cases.backend import is_ready

calls = Calls("probes")

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


@calls.get("/healthz", role=None, summary="Whether the process is alive", answer=Alive)
def healthz() -> Answer:
    """The process answers; the database is not asked."""
    return Answer(Alive())


@calls.get(
    "/readyz",
    role=None,
    summary="Whether the service can serve: database and schema",
    answer=Alive,
    problems=(503,),
)
def readyz() -> Answer:
    """The database answers and has the right schema."""
    trouble = is_ready(services().backend.database)
    if trouble is not None:
        raise ServiceUnavailable(trouble, retry_after=1)
    return Answer(Alive())


@calls.get(
    "/metrics", role=None, summary="Figures in Prometheus' text format", answer=str, media_type="text/plain"
)
def metrics() -> Response:
    """Requests, events and decisions, of no project in particular."""
    return Response(services().figures.text(), content_type=METRICS_TYPE)
