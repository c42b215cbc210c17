"""The fold's plans of experiments, from their stored state."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import Connection, bindparam, select
from sqlmodel import col

from experiments.model.participation import FoldPlan, fold_plan
from experiments.model.state import ExperimentState
from service.storage.tables import ExperimentRow

# Built once: putting a statement together costs more than running it.
_BY_ID = select(col(ExperimentRow.id), col(ExperimentRow.document)).where(
    col(ExperimentRow.id).in_(bindparam("ids", expanding=True))
)
_BY_KEY = select(col(ExperimentRow.key), col(ExperimentRow.id), col(ExperimentRow.document)).where(
    col(ExperimentRow.project_id) == bindparam("project_id"),
    col(ExperimentRow.key).in_(bindparam("keys", expanding=True)),
)


def load(connection: Connection, experiment_ids: Iterable[int]) -> dict[int, FoldPlan]:
    """The plan of each of these experiments, by id."""
    rows = connection.execute(_BY_ID, {"ids": list(experiment_ids)})
    return {row.id: _plan(row.id, row.document) for row in rows}


@lru_cache(maxsize=256)
def _plan(experiment_id: int, document: str) -> FoldPlan:
    """The plan in a state's document; parsed again only when the document changed."""
    found = ExperimentState.model_validate_json(document)
    return fold_plan(experiment_id, found.metrics, found.definition.plan.segments)


def documents(connection: Connection, project_id: int, keys: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The id and the state's document of each of these experiments that there is, by key."""
    rows = connection.execute(_BY_KEY, {"project_id": project_id, "keys": list(keys)})
    return {row.key: (row.id, row.document) for row in rows}


@lru_cache(maxsize=256)
def state(document: str) -> ExperimentState:
    """The state in a document; parsed again only when the document changed."""
    return ExperimentState.model_validate_json(document)
