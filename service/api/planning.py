"""The call that plans: how many participants and days an effect takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from experiments.model.quantities import Real
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.schemas import Input
from service.use_cases import planning
from service.use_cases.credentials import Role
from service.use_cases.scope import Scope

calls = Calls("planning")


class GuardrailRequest(Input):
    """A guardrail to be planned for: a rate by its baseline, or a mean by its standard deviation."""

    margin: Annotated[Real, Field(gt=0, le=1_000_000_000, description="How much worse it may be, absolute.")]
    baseline: Annotated[Real | None, Field(gt=0, lt=1, description="The control's rate.")] = None
    standard_deviation: Annotated[Real | None, Field(gt=0, le=1e12)] = None


class PlanRequest(Input):
    """What is planned for; members are named as the flags of `keepgoing plan`."""

    baseline: Annotated[
        Real, Field(gt=0, le=1e12, description="The control's rate, mean, ratio, time or quantile.")
    ]
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
    kind: Literal["conversion", "retention", "mean", "ratio", "time", "quantile"] = "conversion"
    standard_deviation: Annotated[
        Real | None,
        Field(gt=0, le=1e12, description="Of one participant's value; of a ratio's linearised value."),
    ] = None
    horizon: Annotated[
        Real | None, Field(gt=0, le=1e12, description="Of a time: its window, in the baseline's unit.")
    ] = None
    quantile: Annotated[Real, Field(gt=0, lt=1, description="Of a quantile: its share.")] = 0.5
    log_deviation: Annotated[
        Real | None, Field(gt=0, le=100, description="Of a quantile: the spread of the values' logarithms.")
    ] = None
    mode: Annotated[
        Literal["fixed", "planned", "open"], Field(description="One look at the end, planned looks, or any.")
    ] = "fixed"
    looks: Annotated[int, Field(strict=True, ge=1, le=100, description="How many are planned.")] = 5
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    weights: Annotated[
        list[Annotated[Real, Field(gt=0, le=1_000_000)]] | None,
        Field(min_length=2, max_length=20, description="Of the variants, the control's first."),
    ] = None
    cluster_size: Annotated[
        Real,
        Field(ge=1, le=1_000_000, description="Participants of a cluster that is randomised as a whole."),
    ] = 1.0
    icc: Annotated[Real, Field(ge=0, le=1, description="How much participants of a cluster are alike.")] = 0.0
    guardrails: Annotated[list[GuardrailRequest], Field(max_length=20, default_factory=list)]
    max_days: Annotated[int, Field(strict=True, ge=1, le=3650, description="The longest run.")] = 42
    participants: Annotated[
        int | None, Field(strict=True, ge=1, le=10**12, description="A number whose power is asked for.")
    ] = None


class DetectableView(BaseModel):
    """The smallest effect that so many days find; null where they find none."""

    model_config = ConfigDict(from_attributes=True)

    days: int
    participants: int
    mde_absolute: float | None
    mde_relative: float | None


class PlanView(BaseModel):
    """How large and how long the experiment must be."""

    kind: str
    mode: str
    baseline: float
    mde_relative: float
    mde_absolute: float
    power: float
    level: float
    variants: int
    participants_per_variant: int
    participants_by_variant: list[int]
    participants: int
    daily: float | None
    days: int | None
    max_days: int
    alpha: float
    power_each: float
    inflation: float
    design_effect: float
    method: str
    guardrail_participants: list[int]
    power_of_participants: float | None
    detectable: list[DetectableView]
    feasible: Annotated[bool | None, Field(description="Whether the traffic carries it within `max_days`.")]
    reason: Annotated[str | None, Field(description="Where it does not: why, and what would.")]


@calls.post(
    "/v1/plan",
    role=Role.VIEWER,
    summary="Sample size, duration and minimum detectable effect",
    body=PlanRequest,
    answer=PlanView,
    problems=(422,),
)
def plan(scope: Scope, body: PlanRequest) -> Answer:  # noqa: ARG001 - a plan is of no project
    """For every kind of metric, at one look, planned looks or any, with guardrails and clusters."""
    return Answer(asdict(planning.plan(**body.model_dump())))
