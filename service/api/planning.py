"""The call that plans: how many participants and days an effect takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from experiments.model.quantities import Real
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.schemas import Input
from service.use_cases import planning
from service.use_cases.credentials import Role
from service.use_cases.scope import Scope

calls = Calls("planning")


class PlanRequest(Input):
    """What is planned for; members are named as the flags of `keepgoing plan`."""

    baseline: Annotated[Real, Field(gt=0, lt=1, description="The control's rate.")]
    mde_relative: Annotated[
        Real, Field(gt=-1, le=100, description="The smallest relative change worth finding.")
    ] = 0.05
    power: Annotated[Real, Field(ge=0.5, le=0.999, description="The chance to find it.")] = 0.8
    level: Annotated[Real, Field(ge=0.5, le=0.999, description="1 minus the two-sided error.")] = 0.95
    daily: Annotated[
        Real | None,
        Field(gt=0, le=1_000_000_000, description="Participants a day, of all variants together."),
    ] = None
    variants: Annotated[int, Field(strict=True, ge=2, le=20, description="How many, with the control.")] = 2


class DetectableView(BaseModel):
    """The smallest effect that so many days find; null where they find none."""

    model_config = ConfigDict(from_attributes=True)

    days: int
    participants: int
    mde_absolute: float | None
    mde_relative: float | None


class PlanView(BaseModel):
    """How large and how long the experiment must be."""

    baseline: float
    mde_relative: float
    mde_absolute: float
    power: float
    level: float
    variants: int
    participants_per_variant: int
    participants: int
    daily: float | None
    days: int | None
    alpha: float
    method: str
    detectable: list[DetectableView]


@calls.post(
    "/v1/plan",
    role=Role.VIEWER,
    summary="Sample size, duration and minimum detectable effect",
    body=PlanRequest,
    answer=PlanView,
    problems=(422,),
)
def plan(scope: Scope, body: PlanRequest) -> Answer:  # noqa: ARG001 - a plan is of no project
    """Of an experiment on a rate, with equal weights and one look at the end."""
    return Answer(asdict(planning.plan(**body.model_dump())))
