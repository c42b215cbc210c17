"""What a project holds now: its definitions, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel
from sqlmodel import Session

from experiments.model.document import Catalogue
from experiments.model.error_code import ErrorCode
from experiments.model.exclusion import Slots
from experiments.model.experiment import Experiment
from experiments.model.metric import METRIC, Metric
from experiments.model.state import ExperimentState, Status
from service.storage import catalogue, experiments, projects
from service.storage.tables import ErrorCodeRow, MetricRow

LIVE = (Status.RUNNING, Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Present:
    """A project's definitions by key; `revisions` are those of error codes and metrics, by kind and key."""

    error_codes: Mapping[str, ErrorCode]
    metrics: Mapping[str, Metric]
    experiments: Mapping[str, ExperimentState]
    revisions: Mapping[tuple[str, str], int]
    holdout: Decimal | None

    @property
    def catalogue(self) -> Catalogue:
        """What a document may refer to."""
        return Catalogue(self.error_codes, self.metrics)

    def live_on(self, code: str) -> list[str]:
        """The keys of the running and paused experiments of an error code."""
        return [
            key
            for key, state in self.experiments.items()
            if state.status in LIVE and state.definition.error_code == code
        ]

    def taken(self, experiment: Experiment) -> dict[str, Slots]:
        """The slots that other experiments of its exclusion group hold."""
        group = experiment.exclusion_group
        return {
            key: state.slots
            for key, state in self.experiments.items()
            if group is not None and state.definition.exclusion_group == group and key != experiment.key
        }

    def metrics_of(self, experiment: Experiment) -> tuple[Metric, ...]:
        """The metrics of its plan as they are now."""
        return tuple(self.metrics[key] for key in experiment.plan.metric_keys if key in self.metrics)


def present(session: Session, project_id: int) -> Present:
    """What the project holds in this transaction."""
    codes = catalogue.every(session, ErrorCodeRow, project_id)
    metrics = catalogue.every(session, MetricRow, project_id)
    states = experiments.every(session, project_id)
    holdout = projects.get(session, project_id).holdout
    return Present(
        error_codes={row.key: ErrorCode.model_validate_json(row.document) for row in codes},
        metrics={row.key: METRIC.validate_json(row.document) for row in metrics},
        experiments={row.key: ExperimentState.model_validate_json(row.document) for row in states},
        revisions={
            **{("error_code", row.key): row.revision for row in codes},
            **{("metric", row.key): row.revision for row in metrics},
        },
        holdout=None if holdout is None else Decimal(holdout),
    )


def as_text(definition: BaseModel) -> str:
    """A definition or state as it is stored."""
    return definition.model_dump_json(by_alias=True)
