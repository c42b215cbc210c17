"""How events make participants and participants make tallies: pure, exact, the same for fold and rebuild.

Exposures merge into an `Exposed`, in any order. Given its first exposure, conversions add up in `Measured`,
in any order. Both together are one participant's contribution to the tallies. When the first exposure moves,
`Measured` is made again from all conversions of the unit. So the result depends on which events there are,
never on their arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from experiments.model.bins import FINE, bin_of, digits_of
from experiments.model.events import DAY, MICRO
from experiments.model.metric import (
    ConversionMetric,
    EventSource,
    MeanMetric,
    Metric,
    QuantileMetric,
    RatioMetric,
    RetentionMetric,
    TimeMetric,
    window,
)
from experiments.model.tally import Cell

Y, X, EVENTS = 0, 1, 2  # places in one metric's sums
Measured = dict[str, list[int]]  # metric key -> [y, x, events that count]; a metric at 0 is left out
_Worth = Callable[["Conversion", int], "int | None"]
_Single = ConversionMetric | MeanMetric | RetentionMetric | TimeMetric | QuantileMetric
Sums = tuple[int, int, int, int, int, int, int]  # the members of a Tally, as numbers to add


COUNTED: Sums = (1, 0, 0, 0, 0, 0, 0)  # a participant that is there


class Conversion(NamedTuple):
    """A conversion of the unit in question, as far as metrics look at it."""

    name: str
    occurred_at: int
    value: int | None
    currency: str | None


class Exposed(NamedTuple):
    """What a unit's exposures in one experiment come to."""

    first_at: int
    first_id: str  # breaks the tie between exposures of one instant
    variant: str  # of the first exposure, as the next two
    phase: int
    segments: tuple[str, ...]
    seen: frozenset[tuple[int, str]]  # (phase, variant)

    @property
    def crossed(self) -> bool:
        """Whether it saw two variants of one phase."""
        return len(self.seen) > 1 and len({phase for phase, _ in self.seen}) < len(self.seen)

    @property
    def moved(self) -> bool:
        """Whether a new phase gave it another variant; it stays with its first."""
        return len(self.seen) > 1 and not self.crossed and len({variant for _, variant in self.seen}) > 1


def merge(one: Exposed, other: Exposed) -> Exposed:
    """Both together; the earlier first exposure stays the first, whichever side it stands on."""
    first = one if one[:2] <= other[:2] else other  # by first_at, then first_id
    seen = one.seen | other.seen
    return first if seen == first.seen else first._replace(seen=seen)


class Measure(NamedTuple):
    """One thing a metric takes from events of one name: where it goes, when it counts, what it is worth."""

    metric: str
    place: int  # Y or X
    start: int  # microseconds after the first exposure, included
    end: int  # excluded
    worth: Callable[[Conversion, int], int | None]  # of an event at this offset; None: does not count
    earliest: bool = False  # keep the smallest instead of the sum
    converts: bool = True  # whether such an event alone makes the participant one that converted


class Shape(NamedTuple):
    """How a metric's sums become a participant's y and x, and how finely y is binned."""

    binary: bool
    cap: int | None
    covariate_cap: int | None = None
    digits: int | None = None  # None: it has no bins


class FoldPlan(NamedTuple):
    """What the fold must know of an experiment; fixed when it starts."""

    experiment_id: int
    segments: tuple[str, ...]
    shapes: dict[str, Shape]
    measures: dict[str, tuple[Measure, ...]]  # by the name of the event
    has_bins: bool = False  # whether any of the metrics has


def fold_plan(experiment_id: int, metrics: Sequence[Metric], segments: Sequence[str]) -> FoldPlan:
    """The plan of an experiment with these frozen metrics and declared segments."""
    measures: dict[str, list[Measure]] = {}
    for metric in metrics:
        for name, measure in _measures(metric):
            measures.setdefault(name, []).append(measure)
    shapes = {metric.key: _shape(metric) for metric in metrics}
    has_bins = any(shape.digits is not None for shape in shapes.values())
    by_name = {name: tuple(found) for name, found in measures.items()}
    return FoldPlan(experiment_id, tuple(segments), shapes, by_name, has_bins)


def _shape(metric: Metric) -> Shape:
    if isinstance(metric, RatioMetric):
        return Shape(False, _micros(metric.numerator.cap_value), _micros(metric.denominator.cap_value))
    cap = _micros(metric.cap_value) if isinstance(metric, MeanMetric) else None
    binary = isinstance(metric, ConversionMetric | RetentionMetric)
    return Shape(binary, cap, cap, digits_of(metric))


def _micros(cap: Decimal | None) -> int | None:
    return None if cap is None else int(cap * MICRO)


def _measures(metric: Metric) -> Iterator[tuple[str, Measure]]:
    """Each measure of a metric, with the name of its events."""
    start, end = (days * DAY for days in window(metric))
    if isinstance(metric, RatioMetric):
        for place, source in ((Y, metric.numerator), (X, metric.denominator)):
            yield source.event, Measure(metric.key, place, start, end, _worth(source))
        return
    for name, worth in _counted(metric):
        earliest, converts = isinstance(metric, TimeMetric), name == metric.event
        yield name, Measure(metric.key, Y, start, end, worth, earliest, converts)
        if not isinstance(metric, TimeMetric | QuantileMetric):
            yield name, Measure(metric.key, X, start - end, 0, worth)  # strictly before: a covariate


def _counted(metric: _Single) -> Iterator[tuple[str, _Worth]]:
    """The names of the events that a metric counts, each with what one of them is worth."""
    worth = _worth(metric)
    yield metric.event, worth
    if isinstance(metric, MeanMetric):
        yield from ((name, worth) for name in metric.add)
        yield from ((name, _negative(worth)) for name in metric.subtract)


def _negative(worth: _Worth) -> _Worth:
    def less(conversion: Conversion, offset: int) -> int | None:
        value = worth(conversion, offset)
        return None if value is None else -value

    return less


def _worth(source: EventSource | Metric) -> _Worth:
    """What one event is worth: its value, one, or its distance from the exposure."""
    if isinstance(source, MeanMetric | QuantileMetric | EventSource):
        return _sum_in(source.currency) if source.value == "sum" else _one_each
    return _distance if isinstance(source, TimeMetric) else _once


def _sum_in(currency: str | None) -> Callable[[Conversion, int], int | None]:
    """The value when it is in this currency: currencies are never added to each other."""

    def worth(conversion: Conversion, _offset: int) -> int | None:
        return (conversion.value or 0) if conversion.currency == currency else None

    return worth


def _is_refund(conversion: Conversion) -> bool:
    return conversion.value is not None and conversion.value < 0


def _one_each(conversion: Conversion, _offset: int) -> int | None:
    return None if _is_refund(conversion) else MICRO


def _once(conversion: Conversion, _offset: int) -> int | None:
    return None if _is_refund(conversion) else 1


def _distance(conversion: Conversion, offset: int) -> int | None:
    return None if _is_refund(conversion) else offset


def observe(plan: FoldPlan, first_at: int, measured: Measured, conversion: Conversion) -> bool:
    """Whether any metric counts this conversion; adds what it is worth to `measured`."""
    offset = conversion.occurred_at - first_at
    counted = False
    for measure in plan.measures.get(conversion.name, ()):
        if not measure.start <= offset < measure.end:
            continue
        worth = measure.worth(conversion, offset)
        if worth is not None:
            _add(measured, measure, worth, refund=_is_refund(conversion))
            counted = counted or offset >= 0
    return counted


def _add(measured: Measured, measure: Measure, worth: int, *, refund: bool) -> None:
    sums = measured.setdefault(measure.metric, [0, 0, 0])
    if measure.earliest and sums[EVENTS]:
        sums[Y] = min(sums[Y], worth)
    else:
        sums[measure.place] += worth
    if measure.place == Y and measure.converts and not refund:
        sums[EVENTS] += 1


def counts(plan: FoldPlan, first_at: int, conversion: Conversion) -> bool:
    """Whether any metric of the experiment counts this conversion."""
    return observe(plan, first_at, {}, conversion)


def measure_all(plan: FoldPlan, first_at: int, conversions: Iterable[Conversion]) -> Measured:
    """What all conversions of a unit come to after (and before) its first exposure."""
    measured: Measured = {}
    for conversion in conversions:
        observe(plan, first_at, measured, conversion)
    return measured


def contributions(plan: FoldPlan, exposed: Exposed, measured: Measured) -> Iterator[tuple[Cell, Sums]]:
    """What one participant adds to each cell: one for being there, and one for each metric that is not 0."""
    day = exposed.first_at // DAY
    crossed = exposed.crossed
    here = [("", COUNTED), *_metric_sums(plan, measured)]
    for segment, value in (("", ""), *zip(plan.segments, exposed.segments, strict=True)):
        for metric, sums in here:
            yield Cell(exposed.variant, exposed.phase, metric, day, segment, value, crossed), sums


def binned_contributions(
    plan: FoldPlan, exposed: Exposed, measured: Measured
) -> Iterator[tuple[Cell, int, Sums]]:
    """The same for the metrics that have bins, each time with the edge of the bin.

    Over its bins a cell adds up to what `contributions` gives it. Coarse bins, which are there to find
    outliers, are not split by segment.
    """
    day = exposed.first_at // DAY
    crossed = exposed.crossed
    for metric, sums in _metric_sums(plan, measured):
        digits = plan.shapes[metric].digits
        if digits is None:
            continue
        edge = bin_of(sums[1], digits)
        segments = zip(plan.segments, exposed.segments, strict=True) if digits == FINE else ()
        for segment, value in (("", ""), *segments):
            yield Cell(exposed.variant, exposed.phase, metric, day, segment, value, crossed), edge, sums


def _metric_sums(plan: FoldPlan, measured: Measured) -> Iterator[tuple[str, Sums]]:
    for metric, (y, x, events) in measured.items():
        shape = plan.shapes[metric]
        if shape.binary:
            y, x = min(y, 1), min(x, 1)
        else:
            y = y if shape.cap is None else min(y, shape.cap)
            x = x if shape.covariate_cap is None else min(x, shape.covariate_cap)
        if y or x or events:
            yield metric, (1, y, y * y, x, x * x, x * y, int(events > 0))
