"""Calls on error codes and metrics."""

from __future__ import annotations

from typing import Any

from experiments.model.error_code import ErrorCode
from experiments.model.metric import Metric
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.revisions import IF_MATCH, etag, seen_revision
from service.api.schemas import ErrorCodeView, Listing, MetricView, PageQuery, listing
from service.api.services import services
from service.use_cases import catalogue
from service.use_cases.catalogue import Stored
from service.use_cases.credentials import Role
from service.use_cases.scope import Scope

calls = Calls("catalogue")


@calls.get(
    "/v1/error-codes",
    role=Role.VIEWER,
    summary="The project's error codes",
    query=PageQuery,
    answer=Listing[ErrorCodeView],
)
def list_error_codes(scope: Scope, query: PageQuery) -> Answer:
    """By name."""
    return Answer(listing(catalogue.list_error_codes(scope, query.page()).map(_document)))


@calls.post(
    "/v1/error-codes",
    role=Role.EDITOR,
    summary="Make an error code",
    body=ErrorCode,
    answer=ErrorCodeView,
    status=201,
    problems=(409,),
)
def create_error_code(scope: Scope, body: ErrorCode) -> Answer:
    """Its name must be new in the project."""
    return _made(scope, catalogue.create_error_code(scope, body), f"/v1/error-codes/{body.code}")


@calls.get(
    "/v1/error-codes/{code}",
    role=Role.VIEWER,
    summary="One error code",
    answer=ErrorCodeView,
    problems=(404,),
)
def show_error_code(scope: Scope, code: str) -> Answer:
    """With its revision, also as `ETag`."""
    return _answer(catalogue.get_error_code(scope, code))


@calls.put(
    "/v1/error-codes/{code}",
    role=Role.EDITOR,
    summary="Make or replace an error code",
    body=ErrorCode,
    answer=ErrorCodeView,
    created=True,
    problems=(409, 412),
    headers=IF_MATCH,
)
def put_error_code(scope: Scope, code: str, body: ErrorCode) -> Answer:
    """While experiments run on it, only its default message may change. Equal content makes no revision."""
    stored, is_new = catalogue.put_error_code(scope, code, body, revision=seen_revision())
    return _put(scope, stored, is_new=is_new)


@calls.get(
    "/v1/metrics",
    role=Role.VIEWER,
    summary="The project's metrics",
    query=PageQuery,
    answer=Listing[MetricView],
)
def list_metrics(scope: Scope, query: PageQuery) -> Answer:
    """By key."""
    return Answer(listing(catalogue.list_metrics(scope, query.page()).map(_document)))


@calls.post(
    "/v1/metrics",
    role=Role.EDITOR,
    summary="Make a metric",
    body=Metric,
    answer=MetricView,
    status=201,
    problems=(409,),
)
def create_metric(scope: Scope, body: Metric) -> Answer:
    """Its key must be new in the project."""
    return _made(scope, catalogue.create_metric(scope, body), f"/v1/metrics/{body.key}")


@calls.get("/v1/metrics/{key}", role=Role.VIEWER, summary="One metric", answer=MetricView, problems=(404,))
def show_metric(scope: Scope, key: str) -> Answer:
    """With its revision, also as `ETag`."""
    return _answer(catalogue.get_metric(scope, key))


@calls.put(
    "/v1/metrics/{key}",
    role=Role.EDITOR,
    summary="Make or replace a metric",
    body=Metric,
    answer=MetricView,
    created=True,
    problems=(412,),
    headers=IF_MATCH,
)
def put_metric(scope: Scope, key: str, body: Metric) -> Answer:
    """Experiments that have started keep the metric as it was at their start."""
    stored, is_new = catalogue.put_metric(scope, key, body, revision=seen_revision())
    return _put(scope, stored, is_new=is_new)


def _document(stored: Stored[Any]) -> dict[str, object]:
    return {
        **stored.definition.model_dump(mode="json", by_alias=True),
        "revision": stored.revision,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }


def _answer(stored: Stored[Any], status: int | None = None, **headers: str) -> Answer:
    return Answer(_document(stored), status, {"ETag": etag(stored.revision), **headers})


def _made(scope: Scope, stored: Stored[Any], location: str) -> Answer:
    services().backend.rulesets.forget(scope.project)
    return _answer(stored, Location=location)


def _put(scope: Scope, stored: Stored[Any], *, is_new: bool) -> Answer:
    services().backend.rulesets.forget(scope.project)
    return _answer(stored, 201 if is_new else 200)
