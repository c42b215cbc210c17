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
Among = Literal["participants", "converted"]


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
    """The mean over participants of what their events in the window add up to.

    The values of events named in `add` count too, those of events named in `subtract` count against it: so
    recharges, plus refunds (which are negative), less incentive grants make a net value.
    """

    kind: Literal["mean"]
    event: EventName
    value: Value = "sum"
    window_days: Days = 7
    currency: Currency | None = None
    cap_quantile: Annotated[Real, Field(gt=0.5, lt=1)] | None = None
    cap_value: Amount | None = None
    add: Annotated[tuple[EventName, ...], Field(max_length=10)] = ()
    subtract: Annotated[tuple[EventName, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _fits(self) -> MeanMetric:
        if self.currency and self.value == "count":
            fit([(("currency",), "a count has no currency; remove it, or use value: sum")])
        if self.cap_quantile is not None and self.cap_value is not None:
            fit([(("cap_value",), "a mean has one cap; remove cap_value or cap_quantile")])
        names = (self.event, *self.add, *self.subtract)
        if len(set(names)) < len(names):
            fit([(("add",), "an event counts once; event, add and subtract name it twice")])
        return self


class EventSource(Definition):
    """One side of a ratio: what the events of a unit add up to."""

    event: EventName
    value: Value = "sum"
    currency: Currency | None = None
    cap_value: Amount | None = None


class RatioMetric(_Metric):
    """All participants' numerators over all participants' denominators."""

    kind: Literal["ratio"]
    numerator: EventSource
    denominator: EventSource
    window_days: Days = 7

    @model_validator(mode="after")
    def _fits(self) -> RatioMetric:
        if (self.numerator.cap_value is None) != (self.denominator.cap_value is None):
            side = "denominator" if self.denominator.cap_value is None else "numerator"
            fit([((side, "cap_value"), "is missing; both halves of a ratio are capped, or neither is")])
        return self


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
    direction: Direction = "decrease"  # sooner is better, unless it is said not to be
    event: EventName
    window_days: Days = 30


class QuantileMetric(_Metric):
    """A quantile, the median say, of what a participant's events in the window add up to.

    `among` all participants (those without an event have 0), or only those with at least one event.
    """

    kind: Literal["quantile"]
    event: EventName
    value: Value = "sum"
    quantile: Annotated[Real, Field(gt=0, lt=1)] = 0.5
    among: Among = "participants"
    window_days: Days = 7
    currency: Currency | None = None

    @model_validator(mode="after")
    def _fits(self) -> QuantileMetric:
        if self.currency and self.value == "count":
            fit([(("currency",), "a count has no currency; remove it, or use value: sum")])
        return self


Metric = Annotated[
    ConversionMetric | MeanMetric | RatioMetric | RetentionMetric | TimeMetric | QuantileMetric,
    Field(discriminator="kind"),
]
METRIC: TypeAdapter[Metric] = TypeAdapter(Metric)
RATE_KINDS = ("conversion", "retention")  # those of which a participant has 1 or 0
PRIMARY_KINDS = ("conversion", "mean", "ratio", "retention")  # those that a verdict can be made on


def window(metric: Metric) -> tuple[int, int]:
    """The first day that counts and the first that counts no more, in whole days after the first exposure."""
    if isinstance(metric, RetentionMetric):
        return metric.from_day, metric.to_day
    return 0, metric.window_days
