"""What the management calls take and answer, field by field: nothing leaves that is not named here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from experiments.model.error_code import ErrorCode
from experiments.model.experiment import Experiment
from experiments.model.metric import (
    ConversionMetric,
    MeanMetric,
    QuantileMetric,
    RatioMetric,
    RetentionMetric,
    TimeMetric,
)
from experiments.model.quantities import Holdout
from experiments.model.state import Clearance, Phase, Status
from experiments.model.text import Reason
from service.use_cases.credentials import Role
from service.use_cases.paging import Page, PageOf

Item = TypeVar("Item")
Label = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Input(BaseModel):
    """A request's body or query; what it does not name is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PageQuery(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=1000, description="Most items of the page.")] = 100
    cursor: Annotated[str | None, Field(max_length=500, description="The `next` of the page before.")] = None

    def page(self) -> PageOf:
        """The same for a use case."""
        return PageOf(self.limit, self.cursor)


class ProblemFault(BaseModel):
    """One place of the input that is at fault."""

    pointer: Annotated[str, Field(description="A JSON pointer into the body, or /NAME of a query parameter.")]
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ProblemFault] = []


class Listing(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: Annotated[str | None, Field(description="The cursor of the next page, null on the last one.")]


class NewKey(Input):
    """A key to be made."""

    role: Role
    label: Label = ""


class KeyView(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    project: str
    role: Role
    label: str
    created_at: datetime
    created_by: str


class KeyWithSecret(KeyView):
    """A key just made, with the secret that is shown this once."""

    secret: str


class AuditView(BaseModel):
    """One thing that somebody did."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class ProjectView(BaseModel):
    """The project of the key."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    holdout: Annotated[Holdout | None, Field(description="Share of units that no experiment takes.")]
    revision: int
    created_at: datetime


class ProjectSettings(Input):
    """What can be set of a project."""

    holdout: Holdout | None


class Revision(BaseModel):
    """When a definition was written, and how often."""

    revision: int
    created_at: datetime
    updated_at: datetime


class ErrorCodeView(Revision, ErrorCode):
    """An error code with its revision."""


class ConversionMetricView(Revision, ConversionMetric):
    """A conversion metric with its revision."""


class MeanMetricView(Revision, MeanMetric):
    """A mean metric with its revision."""


class RatioMetricView(Revision, RatioMetric):
    """A ratio metric with its revision."""


class RetentionMetricView(Revision, RetentionMetric):
    """A retention metric with its revision."""


class TimeMetricView(Revision, TimeMetric):
    """A time metric with its revision."""


class QuantileMetricView(Revision, QuantileMetric):
    """A quantile metric with its revision."""


MetricView = Annotated[
    ConversionMetricView
    | MeanMetricView
    | RatioMetricView
    | RetentionMetricView
    | TimeMetricView
    | QuantileMetricView,
    Field(discriminator="kind"),
]


class ExperimentQuery(PageQuery):
    """Which experiments are asked for."""

    status: Annotated[Status | None, Field(description="Only those of this status.")] = None


class ExperimentView(Revision, Experiment):
    """An experiment's definition and what became of it."""

    status: Status
    phases: tuple[Phase, ...]
    started_at: datetime | None
    stopped_at: datetime | None
    shipped: str | None
    clearances: Annotated[tuple[Clearance, ...], Field(description="Alarms that persons have cleared.")]


ExperimentPatch = Annotated[dict[str, Any], Field(description="Members of the definition to change.")]


class Clearing(Input):
    """Why an alarm is cleared."""

    reason: Annotated[Reason, Field(description="For everybody who reads the results: one line.")]


class Shipment(Input):
    """Which variant is to be served."""

    variant: str


def listing(page: Page[Any]) -> dict[str, object]:
    """A page as the document of a list."""
    return {"items": list(page.items), "next": page.next}
