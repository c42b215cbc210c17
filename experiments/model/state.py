"""What became of an experiment: its definition, where it stands in its life, and its phases."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from experiments.model.definition import Definition
from experiments.model.experiment import Experiment
from experiments.model.metric import Metric
from experiments.model.names import VariantKey
from experiments.model.text import Reason


class Status(StrEnum):
    """Where an experiment stands in its life."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    ARCHIVED = "archived"


def _fraction(text: str) -> str:
    try:
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError("must be a fraction like 1/2") from None
    return str(share)


class Phase(Definition):
    """A time in which shares and targeting stayed the same; phases are never pooled unstratified."""

    number: Annotated[int, Field(ge=1)]
    opened_at: AwareDatetime
    shares: dict[VariantKey, Annotated[str, AfterValidator(_fraction)]]
    revision: Annotated[int, Field(ge=1)]
    reason: str


class Clearance(Definition):
    """A person's decision to go on after a verdict `invalid`: the alarm of one gate is over.

    `verdict` is the id of the recorded verdict that it clears.
    """

    verdict: int
    gate: Annotated[int, Field(ge=1, le=2)]
    at: AwareDatetime
    by: str
    reason: Reason


class ExperimentState(Definition):
    """One experiment with its life so far; `metrics` and `slots` are fixed when it starts."""

    definition: Experiment
    status: Status = Status.DRAFT
    revision: Annotated[int, Field(ge=1)] = 1
    phases: tuple[Phase, ...] = ()
    started_at: AwareDatetime | None = None
    stopped_at: AwareDatetime | None = None
    shipped: VariantKey | None = None
    metrics: tuple[Metric, ...] = ()
    salt: str
    slots: tuple[tuple[int, int], ...] = ()
    clearances: tuple[Clearance, ...] = ()

    @property
    def phase(self) -> Phase | None:
        """The phase that is open now, None before the start."""
        return self.phases[-1] if self.phases else None

    @property
    def serves(self) -> bool:
        """Whether it answers at walls: it runs, or one of its variants was shipped and it is not archived."""
        return self.status is Status.RUNNING or (
            self.shipped is not None and self.status is not Status.ARCHIVED
        )

    def metric(self, key: str) -> Metric | None:
        """The metric of this key, as it was when the experiment started."""
        return next((metric for metric in self.metrics if metric.key == key), None)
