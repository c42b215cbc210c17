"""All calls of the API, and the one that describes them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from service.api import (
    admin,
    catalogue,
    decide,
    events,
    experiments,
    incentives,
    messages,
    ofrep,
    planning,
    probes,
    results,
)
from service.api.answers import Answer
from service.api.calls import Call, Calls
from service.api.openapi import describe

documentation = Calls("documentation")
ALL = (
    probes.calls,
    decide.calls,
    events.calls,
    ofrep.calls,
    catalogue.calls,
    experiments.calls,
    results.calls,
    incentives.calls,
    planning.calls,
    messages.calls,
    admin.calls,
    documentation,
)


@documentation.get("/openapi.json", role=None, summary="This document", answer=dict[str, Any])
def openapi() -> Answer:
    """Describes every call in OpenAPI 3.1."""
    return Answer(document())


def every_call() -> list[Call]:
    """Each call of the API."""
    return [call for calls in ALL for call in calls.declared]


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document, made at its first use."""
    return describe(every_call())
