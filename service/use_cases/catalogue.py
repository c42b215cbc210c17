"""Error codes and metrics: listed, made and replaced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from experiments.errors import Conflict, InvalidInput, NotFound, StaleRevision
from experiments.model.document import Definitions
from experiments.model.error_code import ErrorCode
from experiments.model.metric import METRIC, Metric
from service.storage import catalogue
from service.storage.tables import ErrorCodeRow, MetricRow
from service.use_cases.definitions import write_one
from service.use_cases.paging import Page, PageOf
from service.use_cases.present import Present
from service.use_cases.scope import Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A definition as it is kept."""

    definition: T
    revision: int
    created_at: datetime
    updated_at: datetime


def list_error_codes(scope: Scope, page: PageOf) -> Page[Stored[ErrorCode]]:
    """The project's error codes, by name."""
    with scope.reading() as session:
        rows = catalogue.page(session, ErrorCodeRow, scope.project.id, after=page.after, limit=page.probe)
    return page.of([_error_code(row) for row in rows], lambda one: one.definition.code)


def get_error_code(scope: Scope, code: str) -> Stored[ErrorCode]:
    """The error code of this name.

    Raises:
        NotFound: There is none in this project.
    """
    with scope.reading() as session:
        row = catalogue.find(session, ErrorCodeRow, scope.project.id, code)
    if row is None:
        raise NotFound(f"There is no error code {code[:64]!r} in this project.")
    return _error_code(row)


def create_error_code(scope: Scope, error_code: ErrorCode) -> Stored[ErrorCode]:
    """The new error code.

    Raises:
        Conflict: There is one of this name.
        InvalidInput: It cannot be served.
    """

    def propose(found: Present) -> Definitions:
        if error_code.code in found.error_codes:
            raise Conflict(f"There is an error code {error_code.code!r} already; PUT it to change it.")
        return Definitions(error_codes=(error_code,))

    write_one(scope, "error_codes", propose)
    return get_error_code(scope, error_code.code)


def put_error_code(
    scope: Scope, code: str, error_code: ErrorCode, *, revision: int | None = None
) -> tuple[Stored[ErrorCode], bool]:
    """The error code, and whether it is new.

    Args:
        scope: The project.
        code: The name in the address, which the definition must have.
        error_code: The definition.
        revision: The revision that the writer has seen; None to write over any.

    Raises:
        InvalidInput: It has another name, cannot be served, or would break an experiment.
        Frozen: An experiment that runs on it would change its meaning.
        StaleRevision: Somebody has written since that revision.
    """
    if error_code.code != code:
        raise InvalidInput.at("/code", f"must be {code[:64]!r}, as in the address")

    def propose(found: Present) -> Definitions:
        _refuse_stale(found.revisions.get(("error_code", code), 0), revision)
        return Definitions(error_codes=(error_code,))

    change = write_one(scope, "error_codes", propose)
    return get_error_code(scope, code), change.action == "created"


def list_metrics(scope: Scope, page: PageOf) -> Page[Stored[Metric]]:
    """The project's metrics, by key."""
    with scope.reading() as session:
        rows = catalogue.page(session, MetricRow, scope.project.id, after=page.after, limit=page.probe)
    return page.of([_metric(row) for row in rows], lambda one: one.definition.key)


def get_metric(scope: Scope, key: str) -> Stored[Metric]:
    """The metric of this key.

    Raises:
        NotFound: There is none in this project.
    """
    with scope.reading() as session:
        row = catalogue.find(session, MetricRow, scope.project.id, key)
    if row is None:
        raise NotFound(f"There is no metric {key[:64]!r} in this project.")
    return _metric(row)


def create_metric(scope: Scope, metric: Metric) -> Stored[Metric]:
    """The new metric.

    Raises:
        Conflict: There is one of this key.
    """

    def propose(found: Present) -> Definitions:
        if metric.key in found.metrics:
            raise Conflict(f"There is a metric {metric.key!r} already; PUT it to change it.")
        return Definitions(metrics=(metric,))

    write_one(scope, "metrics", propose)
    return get_metric(scope, metric.key)


def put_metric(
    scope: Scope, key: str, metric: Metric, *, revision: int | None = None
) -> tuple[Stored[Metric], bool]:
    """The metric, and whether it is new. Experiments that have started keep it as it was at their start.

    Raises:
        InvalidInput: It has another key, or would break a draft.
        StaleRevision: Somebody has written since that revision.
    """
    if metric.key != key:
        raise InvalidInput.at("/key", f"must be {key[:64]!r}, as in the address")

    def propose(found: Present) -> Definitions:
        _refuse_stale(found.revisions.get(("metric", key), 0), revision)
        return Definitions(metrics=(metric,))

    change = write_one(scope, "metrics", propose)
    return get_metric(scope, key), change.action == "created"


def _refuse_stale(stored: int, seen: int | None) -> None:
    if seen is not None and seen != stored:
        raise StaleRevision(f"It is at revision {stored}, not {seen}: read it again and repeat the change.")


def _error_code(row: ErrorCodeRow) -> Stored[ErrorCode]:
    definition = ErrorCode.model_validate_json(row.document)
    return Stored(definition, row.revision, row.created_at, row.updated_at)


def _metric(row: MetricRow) -> Stored[Metric]:
    return Stored(METRIC.validate_json(row.document), row.revision, row.created_at, row.updated_at)
