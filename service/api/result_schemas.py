"""What the reading calls answer: the members that readers may rely on; a document may hold more."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from experiments.model.names import AttributeName, Key
from experiments.model.state import Status
from service.api.schemas import Input

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d")
Pair = Annotated[list[float | None], Field(min_length=2, max_length=2, description="Lower and upper bound.")]


def _rfc_3339(value: object) -> object:
    """The text, when it can be a moment; a `+` that nobody encoded has become a space on its way here."""
    if not isinstance(value, str):
        return value
    if RFC_3339.match(value) is None:
        raise ValueError("must be a moment like 2026-11-02T09:00:00Z")
    return value.replace(" ", "+")


class Reading(BaseModel):
    """A document of the analysis: beside the members named it may have further ones."""

    model_config = ConfigDict(extra="allow")


class ResultsQuery(Input):
    """Which results are asked for."""

    segment: Annotated[
        AttributeName | None, Field(description="An attribute of the plan's segments to break down by.")
    ] = None
    as_of: Annotated[
        AwareDatetime | None,
        BeforeValidator(_rfc_3339),
        Field(description="A past moment to speak of, RFC 3339 with an offset."),
    ] = None


class TimeseriesQuery(Input):
    """Which series is asked for."""

    metric: Annotated[Key | None, Field(description="A metric of the plan; the primary one by default.")] = (
        None
    )


class VariantCountView(Reading):
    """A variant's participants."""

    key: str
    control: bool
    participants: int
    weight: float


class LiftView(Reading):
    """A difference from the control."""

    estimate: float
    interval: Pair


class SequentialView(Reading):
    """The interval and p-value that stay valid however often they are looked at."""

    interval: Pair
    p_value: float


class AdjustedView(LiftView):
    """The lift adjusted by what was measured before the exposure (CUPED); it does not decide."""

    p_value: float | None
    variance_saved: Annotated[float, Field(description="Share of the lift's variance that went.")]
    helps: Annotated[bool, Field(description="Whether that is enough to speak of.")]


class BayesianView(Reading):
    """The posterior answers."""

    chance_to_be_best: float | None = None
    chance_to_beat_control: Annotated[float | None, Field(description="Of treatments only.")] = None
    expected_loss: float | None = None
    interval: Pair | None = None


class VariantResultView(Reading):
    """One variant's reading of one metric; null where a number cannot be had, `unavailable` says why."""

    key: str
    participants: int
    conversions: int | None = None
    mean: float | None = None
    interval: Pair | None = None
    numerator: Annotated[float | None, Field(description="Of ratios: what all participants' add up to.")] = (
        None
    )
    denominator: Annotated[float | None, Field(description="Of ratios, as the numerator.")] = None
    absolute: LiftView | None = None
    adjusted: Annotated[
        AdjustedView | None, Field(description="Where anything was measured before the exposure.")
    ] = None
    relative: LiftView | None = None
    sequential: SequentialView | None = None
    bayesian: BayesianView | None = None


class CappedView(Reading):
    """The cap of a metric, and what it did."""

    applied: bool
    cap_value: Annotated[str | None, Field(description="The most that one participant counts with.")]
    denominator_cap_value: Annotated[str | None, Field(description="The same below the line of a ratio.")] = (
        None
    )
    cap_quantile: float | None = None
    fixed: Annotated[bool | None, Field(description="Whether the quantile has been taken for good.")] = None
    touched: Annotated[
        dict[str, int] | None, Field(description="By variant, participants with a greater value.")
    ] = None
    uncapped: Annotated[
        dict[str, Any] | None, Field(description="The matured reading without the cap; it does not decide.")
    ] = None
    reason: Annotated[str | None, Field(description="Why nothing is capped.")] = None


class CurvePointView(Reading):
    """How many had had the event a time after their first exposure."""

    seconds: int
    at_risk: Annotated[int, Field(description="Participants still watched and without it just before.")]
    converted: float
    interval: Pair


class CurveView(Reading):
    """One variant's curve (Kaplan-Meier), in one phase."""

    variant: str
    phase: int
    participants: int
    median: Annotated[
        dict[str, Any], Field(description="`seconds` with `interval` (null: no end yet), or `unavailable`.")
    ]
    points: list[CurvePointView]


class LogRankView(Reading):
    """A treatment's curve against the control's."""

    variant: str
    p_value: float | None
    test: str | None = None


class TimesView(Reading):
    """The times of a metric of kind `time`, open windows censored."""

    horizon_seconds: int
    curves: list[CurveView]
    log_rank: list[LogRankView]


class MetricResultView(Reading):
    """One metric over all variants."""

    key: str
    kind: str
    role: str
    variants: list[VariantResultView]
    remarks: Annotated[list[str], Field(description="What a reader must know of such a metric.")] = []
    unit: Annotated[str | None, Field(description="`seconds` of a time.")] = None
    times: Annotated[TimesView | None, Field(description="Of a time: curves, medians, log-rank.")] = None
    quantile: Annotated[float | None, Field(description="Of a quantile: which; `mean` holds it.")] = None
    among: Annotated[str | None, Field(description="Of a quantile: `participants` or `converted`.")] = None
    capped: Annotated[CappedView | None, Field(description="Of a metric with a cap.")] = None


class SrmView(Reading):
    """Sample ratio mismatch."""

    ok: bool
    chi_square_p_value: float | None
    sequential_p_value: float | None


class CheckView(Reading):
    """One named question about the data; `stop` is what makes a verdict invalid."""

    name: str
    state: Literal["ok", "warning", "stop", "not_evaluated"]
    says: str
    p_value: Annotated[float | None, Field(description="The smallest, adjusted over all it tests.")]


class AlarmView(Reading):
    """What gate 1 or 2 found, until a person clears it."""

    gate: int
    at: datetime
    said: str


class ClearanceView(Reading):
    """Who went on after an alarm, when, and why."""

    gate: int
    at: datetime
    by: str
    reason: str


class HealthView(Reading):
    """Whether the data can be trusted."""

    ok: bool
    srm: SrmView
    checks: list[CheckView]
    alarm: AlarmView | None
    clearances: list[ClearanceView]
    lag_seconds: float | None
    last_received_at: datetime | None


class VerdictInResults(Reading):
    """The outcome now, with its reasons."""

    outcome: str
    winner: str | None
    reasons: list[str]


class ResultsView(Reading):
    """The whole analysis of an experiment."""

    experiment: str
    status: Status
    revision: int
    as_of: datetime
    events_folded_to: datetime | None
    variants: list[VariantCountView]
    health: HealthView
    metrics: list[MetricResultView]
    verdict: VerdictInResults


class DayView(Reading):
    """One day of first exposures."""

    date: date
    variants: list[dict[str, Any]]


class TimeseriesView(Reading):
    """A metric day by day."""

    experiment: str
    metric: str
    days: list[DayView]


class VerdictView(BaseModel):
    """A verdict as it was recorded, with its reasons, gates and inputs."""

    model_config = ConfigDict(extra="allow")

    id: int
    recorded_at: datetime
    revision: int
    outcome: str
    winner: str | None
    reasons: list[str]
    rules: str


class StandingVerdict(BaseModel):
    """The verdict recorded last."""

    outcome: str
    winner: str | None
    recorded_at: datetime


class StandingView(BaseModel):
    """Where one experiment stands."""

    key: str
    error_code: str
    status: Status
    hypothesis: str
    simulated: bool
    source: dict[str, Any] | None
    participants: int
    started_at: datetime | None
    verdict: StandingVerdict | None


class ShowingView(BaseModel):
    """How one variant did on its experiment's primary metric."""

    experiment: str
    variant: str
    metric: str
    result: dict[str, Any]


class PooledView(Reading):
    """Several experiments together, on the relative scale: positive is good, 0.1 a tenth of the control."""

    experiments: int
    few: Annotated[bool, Field(description="Under 10: how much experiments differ is a rough guess.")]
    lift: float
    interval: Pair
    prediction: Annotated[Pair, Field(description="Where the next experiment's true lift is to be expected.")]
    i_squared: float


class PriorView(BaseModel):
    """What is believed of the next experiment's good relative lift: normal."""

    mean: float
    sd: float
    source: str


class ContributionView(Reading):
    """What one experiment says: all its treatments with the principle, taken together."""

    experiment: str
    metric: str
    variants: list[str]
    beside: Annotated[list[str], Field(description="Other principles that these treatments carry too.")]
    lift: float
    interval: Pair


class LeftOutView(BaseModel):
    """An experiment that is not among the contributions, and why."""

    experiment: str
    reason: str


class PrincipleView(BaseModel):
    """What experiments tell of one principle."""

    principle: str
    variants: list[ShowingView]
    pooled: Annotated[PooledView | None, Field(description="Null under 3 experiments; `note` says why.")]
    prior: Annotated[PriorView | None, Field(description="For the plan of the next experiment.")]
    simulated: Annotated[bool, Field(description="Whether no real person is behind any contribution.")]
    contributions: list[ContributionView]
    left_out: list[LeftOutView]
    note: str
