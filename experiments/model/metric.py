"""What is compared: which events of a unit count, in which days after its first exposure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from experiments.model.definition import Definition, fit
from experiments.model.names import Currency, EventName, Key
from experiments.model.quantities import Amount, Days, FromDay, Real
from experiments.model.text import Description

Direction = Literal["increase", "decrease"]
Value = Literal["sum", "count"]


class _Metric(Definition):
    key: Key
    direction: Direction = "increase"
    description: Description = ""


class ConversionMetric(_Metric):
    """The share of participants with at least one event in the window."""

    kind: Literal["conversion"]
    event: EventName
    window_days: Days = 7


class MeanMetric(_Metric):
    """The mean over participants of what their events in the window add up to."""

    kind: Literal["mean"]
    event: EventName
    value: Value = "sum"
    window_days: Days = 7
    currency: Currency | None = None
    cap_quantile: Annotated[Real, Field(gt=0.5, lt=1)] | None = None
    cap_value: Amount | None = None

    @model_validator(mode="after")
    def _fits(self) -> MeanMetric:
        if self.currency and self.value == "count":
            fit([(("currency",), "a count has no currency; remove it, or use value: sum")])
        if self.cap_quantile is not None and self.cap_value is not None:
            fit([(("cap_value",), "a mean has one cap; remove cap_value or cap_quantile")])
        return self


class EventSource(Definition):
    """One side of a ratio: what the events of a unit add up to."""

    event: EventName
    value: Value = "sum"
    currency: Currency | None = None


class RatioMetric(_Metric):
    """All participants' numerators over all participants' denominators."""

    kind: Literal["ratio"]
    numerator: EventSource
    denominator: EventSource
    window_days: Days = 7


class RetentionMetric(_Metric):
    """The share of participants with an event from `from_day` on, before `to_day`."""

    kind: Literal["retention"]
    event: EventName
    from_day: FromDay
    to_day: Days

    @model_validator(mode="after")
    def _fits(self) -> RetentionMetric:
        if self.from_day >= self.to_day:
            fit([(("to_day",), f"to_day == {self.to_day}, must be > from_day ({self.from_day})")])
        return self


class TimeMetric(_Metric):
    """How long participants take until their first event, those without one counted as still waiting."""

    kind: Literal["time"]
    event: EventName
    window_days: Days = 30


Metric = Annotated[
    ConversionMetric | MeanMetric | RatioMetric | RetentionMetric | TimeMetric, Field(discriminator="kind")
]
METRIC: TypeAdapter[Metric] = TypeAdapter(Metric)
RATE_KINDS = ("conversion", "retention")  # those of which a participant has 1 or 0
PRIMARY_KINDS = ("conversion", "mean", "ratio", "retention")  # those that a verdict can be made on


def window(metric: Metric) -> tuple[int, int]:
    """The first day that counts and the first that counts no more, in whole days after the first exposure."""
    if isinstance(metric, RetentionMetric):
        return metric.from_day, metric.to_day
    return 0, metric.window_days
