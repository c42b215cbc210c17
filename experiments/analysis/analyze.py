"""The analysis: from an experiment's data to its whole results. The same data give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.analysis.compare import adjust, read
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.document import Results
from experiments.analysis.gather import gather
from experiments.analysis.health.health import health
from experiments.analysis.health.split import shares_of
from experiments.analysis.looks import schedule_of
from experiments.analysis.outcome import Verdict
from experiments.analysis.reading import (
    EVERYBODY,
    Comparable,
    Group,
    Ledger,
    allocation_of,
    is_comparable,
    ledger_of,
    matured_through,
)
from experiments.analysis.results import (
    MetricReading,
    MetricResult,
    Segments,
    SegmentValue,
    VariantCount,
)
from experiments.analysis.scope import comparison_of, planned_of_two, roles
from experiments.analysis.verdict import verdict
from experiments.errors import InvalidInput
from experiments.model.metric import MeanMetric, Metric, window

NOT_COMPARED = {
    "time": "Times to an event are not computed by this version; their sums are kept.",
}
NO_QUANTILE = (
    "A cap at a quantile needs the values themselves, and this version keeps their sums; cap_value caps."
)


@dataclass(frozen=True, slots=True)
class _Work:
    """What every reading of one analysis shares."""

    data: ExperimentData
    ledger: Ledger
    planned: int


def analyze(data: ExperimentData, *, segment: str | None = None) -> Results:
    """Everything that the data of an experiment say, verdict and health included.

    Args:
        segment: An attribute that the plan declares: a breakdown by its values comes with it.

    Raises:
        InvalidInput: The plan does not declare the segment.
    """
    _check_segment(data, segment)
    ledger = ledger_of(data)
    schedule = schedule_of(data, ledger)
    work = _Work(data, ledger, planned_of_two(schedule.planned))
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
    result = MetricResult(metric.key, metric.kind, role, metric.direction, window(metric))
    if not is_comparable(metric):
        return replace(result, not_evaluated=NOT_COMPARED[metric.kind])
    through = matured_through(work.data, metric)
    matured = _reading(work, metric, group, through)
    is_open = _is_open(work, through) and not work.data.is_past
    return replace(
        result,
        provisional=is_open,
        to_date=_reading(work, metric, group, None) if is_open else matured,
        matured=matured,
        matured_through=None if through is None else start_of(through),
        capped=NO_QUANTILE if isinstance(metric, MeanMetric) and metric.cap_quantile is not None else None,
        cap_value=metric.cap_value if isinstance(metric, MeanMetric) else None,
    )


def _is_open(work: _Work, through: int | None) -> bool:
    days = work.ledger.exposure_days()
    return through is not None and bool(days) and days[-1] > through


def _reading(work: _Work, metric: Comparable, group: Group, through: int | None) -> MetricReading:
    strata = work.ledger.strata(metric, through=through, group=group)
    converted = work.ledger.converted(metric, through=through, group=group)
    paired = work.ledger.paired(metric, through=through, group=group)
    return read(strata, converted, comparison_of(work.data, metric, work.planned), paired)


def _with_crossed(work: _Work) -> MetricReading | None:
    """The primary metric with the doubly exposed units in; None when there are none."""
    metric = work.data.metric(work.data.definition.plan.primary)
    if metric is None or not is_comparable(metric) or not work.ledger.participants(crossed=True):
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
    to_date = iter(adjust([metric.to_date for metric in metrics if metric.to_date is not None], method))
    matured = iter(adjust([metric.matured for metric in metrics if metric.matured is not None], method))
    return [
        metric
        if metric.to_date is None or metric.matured is None
        else replace(metric, to_date=next(to_date), matured=next(matured))
        for metric in metrics
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
    return Segments(attribute, values)
