"""The analysis: from an experiment's data to its whole results. The same data give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from experiments.analysis.caps import Ledgers, ledger_of, ledgers_of
from experiments.analysis.compare import adjust, read
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.document import Results
from experiments.analysis.gather import gather
from experiments.analysis.health.health import health
from experiments.analysis.health.split import shares_of
from experiments.analysis.looks import schedule_of
from experiments.analysis.outcome import Verdict
from experiments.analysis.poststratified import post_stratified
from experiments.analysis.reading import (
    EVERYBODY,
    Group,
    Ledger,
    allocation_of,
    matured_through,
)
from experiments.analysis.results import (
    Capped,
    MetricReading,
    MetricResult,
    PostStratified,
    Segments,
    SegmentValue,
    Unavailable,
    VariantCount,
)
from experiments.analysis.scope import comparison_of, planned_of_two, roles, variants_of
from experiments.analysis.times import Waiting, strata_so_far, waiting
from experiments.analysis.verdict import verdict
from experiments.errors import InvalidInput
from experiments.model.events import MICRO
from experiments.model.metric import (
    MeanMetric,
    Metric,
    QuantileMetric,
    RatioMetric,
    TimeMetric,
    window,
)
from experiments.stats.regression import MomentSums

AMONG_CONVERTED = (
    "This compares those who had an event. Where a variant brings more people to it, they are other people: "
    "a lower value among more of them is no loss. Look at the same metric among all participants too."
)
TIMES = "Times are in seconds. Who had no event in the window counts with the whole window, as slow."


@dataclass(frozen=True, slots=True)
class _Work:
    """What every reading of one analysis shares."""

    data: ExperimentData
    ledgers: Ledgers
    planned: int

    @property
    def ledger(self) -> Ledger:
        return self.ledgers.capped


def analyze(data: ExperimentData, *, segment: str | None = None) -> Results:
    """Everything that the data of an experiment say, verdict and health included.

    Args:
        segment: An attribute that the plan declares: a breakdown by its values comes with it.

    Raises:
        InvalidInput: The plan does not declare the segment.
    """
    _check_segment(data, segment)
    ledgers = ledgers_of(data)
    ledger = ledgers.capped
    schedule = schedule_of(data, ledger)
    work = _Work(data, ledgers, planned_of_two(schedule.planned))
    definition = data.definition
    return Results(
        experiment=definition.key,
        status=str(data.status),
        revision=data.revision,
        as_of=data.as_of,
        events_folded_to=data.events_folded_to,
        started_at=data.started_at,
        unit=definition.unit,
        hypothesis=definition.hypothesis,
        simulated=definition.simulated,
        source=definition.source,
        allocation=allocation_of(data),
        phases=data.phases_until_now,
        variants=_counts(work, EVERYBODY),
        health=health(data, ledger, _with_crossed(work)),
        metrics=tuple(_adjusted(_metrics(work, EVERYBODY))),
        verdict=verdict(gather(data, ledger, schedule)),
        segments=None if segment is None else _segments(work, segment),
    )


def primary_of(data: ExperimentData, ledgers: Ledgers) -> MetricResult | None:
    """The primary metric alone, as `analyze` has it; None where it is not defined."""
    metric = data.metric(data.definition.plan.primary)
    if metric is None:
        return None
    work = _Work(data, ledgers, planned_of_two(schedule_of(data, ledgers.capped).planned))
    return _adjusted([_metric(work, "primary", metric, EVERYBODY)])[0]


def verdict_of(data: ExperimentData) -> Verdict:
    """The verdict alone: the same as that of `analyze`, for lists of many experiments."""
    ledger = ledger_of(data)
    return verdict(gather(data, ledger, schedule_of(data, ledger)))


def _check_segment(data: ExperimentData, segment: str | None) -> None:
    declared = data.definition.plan.segments
    if segment is not None and segment not in declared:
        known = ", ".join(declared) or "none"
        raise InvalidInput.at("/segment", f"The plan declares no segment {segment!r}; it declares: {known}.")


def _metrics(work: _Work, group: Group) -> list[MetricResult]:
    return [_metric(work, role, metric, group) for role, metric in roles(work.data)]


def _metric(work: _Work, role: str, metric: Metric, group: Group) -> MetricResult:
    through = matured_through(work.data, metric)
    matured = _reading(work, work.ledger, metric, group, through)
    is_open = _is_open(work, through) and not work.data.is_past
    result = MetricResult(
        metric.key,
        metric.kind,
        role,
        metric.direction,
        window(metric),
        to_date=_to_date(work, metric, group) if is_open else matured,
        matured=matured,
        provisional=is_open,
        matured_through=None if through is None else start_of(through),
        capped=_capped(work, metric, group, through),
    )
    if isinstance(metric, QuantileMetric):
        remarks = (AMONG_CONVERTED,) if metric.among == "converted" else ()
        return replace(result, quantile=metric.quantile, among=metric.among, remarks=remarks)
    if isinstance(metric, TimeMetric):
        return replace(result, waiting=_waiting(work, metric, group), remarks=(TIMES,))
    return result


def _to_date(work: _Work, metric: Metric, group: Group) -> MetricReading:
    """The reading of everybody; of a time with open windows censored, as who waits may yet have the event."""
    if not isinstance(metric, TimeMetric):
        return _reading(work, work.ledger, metric, group, None)
    strata = strata_so_far(work.data, work.ledger, metric, group)
    converted = work.ledger.converted(metric, group=group)
    return read(strata, converted, comparison_of(work.data, metric, work.planned))


def _waiting(work: _Work, metric: TimeMetric, group: Group) -> Waiting | Unavailable:
    level = work.data.definition.plan.level
    return waiting(work.data, work.ledger, metric, variants=variants_of(work.data), level=level, group=group)


def _capped(work: _Work, metric: Metric, group: Group, through: int | None) -> Capped | None:
    if isinstance(metric, RatioMetric) and metric.numerator.cap_value is not None:
        return Capped(metric.numerator.cap_value, metric.denominator.cap_value)
    if not isinstance(metric, MeanMetric):
        return None
    if metric.cap_value is not None:
        return Capped(metric.cap_value)
    cap = work.ledgers.caps.get(metric.key)
    if cap is None:
        return None
    if cap.value is None:
        return Capped(None, quantile=cap.share, is_fixed=cap.is_fixed, reason=cap.reason)
    capped = Capped(Decimal(cap.value) / MICRO, quantile=cap.share, is_fixed=cap.is_fixed)
    if group != EVERYBODY:
        return capped
    uncapped = _reading(work, work.ledgers.plain, metric, group, through)
    return replace(capped, touched=work.ledgers.touched(metric, through=through), uncapped=uncapped)


def _is_open(work: _Work, through: int | None) -> bool:
    days = work.ledger.exposure_days()
    return through is not None and bool(days) and days[-1] > through


def _reading(work: _Work, ledger: Ledger, metric: Metric, group: Group, through: int | None) -> MetricReading:
    strata = ledger.strata(metric, through=through, group=group)
    converted = ledger.converted(metric, through=through, group=group)
    paired = ledger.paired(metric, through=through, group=group)
    several = _several(work, metric)
    return read(strata, converted, comparison_of(work.data, metric, work.planned), paired, several)


def _several(work: _Work, metric: Metric) -> dict[str, MomentSums]:
    """A metric's sums with several covariates; none of values that a quantile caps, whose sums differ."""
    if metric.key in work.ledgers.caps:
        return {}
    return {key: sums for (name, key), sums in work.data.moments.items() if name == metric.key}


def _with_crossed(work: _Work) -> MetricReading | None:
    """The primary metric with the doubly exposed units in; None when there are none."""
    metric = work.data.metric(work.data.definition.plan.primary)
    if metric is None or not work.ledger.participants(crossed=True):
        return None
    through = matured_through(work.data, metric) if work.data.is_past else None
    strata = work.ledger.strata(metric, through=through, with_crossed=True)
    converted = work.ledger.converted(metric, through=through, with_crossed=True)
    return read(strata, converted, comparison_of(work.data, metric, work.planned))


def _counts(work: _Work, group: Group) -> tuple[VariantCount, ...]:
    seen, phases = work.ledger.participants(group=group), work.data.phases_until_now
    shares = shares_of(work.data, phases[-1].number if phases else 1)
    return tuple(
        VariantCount(
            key=variant.key,
            control=variant.control,
            participants=sum(count for (_, key), count in seen.items() if key == variant.key),
            weight=float(shares.get(variant.key, 0)),
        )
        for variant in work.data.definition.variants
    )


def _adjusted(metrics: list[MetricResult]) -> list[MetricResult]:
    """Holm over the treatments of the primary and of each guardrail; the secondary metrics all together."""
    metrics = [
        metric if metric.exploratory else _adjusted_together([metric], "holm")[0] for metric in metrics
    ]
    places = [place for place, metric in enumerate(metrics) if metric.exploratory]
    together = _adjusted_together([metrics[place] for place in places], "benjamini_hochberg")
    for place, metric in zip(places, together, strict=True):
        metrics[place] = metric
    return metrics


def _adjusted_together(metrics: list[MetricResult], method: str) -> list[MetricResult]:
    to_date = adjust([metric.to_date for metric in metrics], method)
    matured = adjust([metric.matured for metric in metrics], method)
    return [
        replace(metric, to_date=now, matured=then)
        for metric, now, then in zip(metrics, to_date, matured, strict=True)
    ]


def _segments(work: _Work, attribute: str) -> Segments:
    """The breakdown by one attribute, with the p-values of all its metrics and values adjusted together."""
    groups = [Group(attribute, value) for value in work.ledger.values(attribute)]
    rows = [_metrics(work, group) for group in groups]
    adjusted = iter(_adjusted_together([metric for row in rows for metric in row], "benjamini_hochberg"))
    values = tuple(
        SegmentValue(group.value, _counts(work, group), tuple(next(adjusted) for _ in row))
        for group, row in zip(groups, rows, strict=True)
    )
    return Segments(attribute, values, tuple(_post_stratified(work, attribute)))


def _post_stratified(work: _Work, attribute: str) -> Iterator[PostStratified]:
    """Every metric's lifts over the values of the attribute, of participants whose window has ended."""
    level, keys = work.data.definition.plan.level, variants_of(work.data)
    for _, metric in roles(work.data):
        through = matured_through(work.data, metric)
        yield from post_stratified(work.ledger, metric, attribute, keys, level=level, through=through)
