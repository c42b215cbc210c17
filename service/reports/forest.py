"""A reading as a forest of bars: each treatment's lift with its two intervals."""

from __future__ import annotations

from experiments.analysis.results import Absolute, MetricReading, MetricResult, Sequential, VariantResult
from service.reports.blocks import Bar, Forest
from service.reports.cells import is_rate, lift_with_interval


def forest(
    title: str, metric: MetricResult, reading: MetricReading, labels: tuple[str, ...]
) -> Forest | None:
    """The chart; None where no treatment has a lift."""
    bars = tuple(
        _bar(metric, one, one.absolute) for one in reading.variants if isinstance(one.absolute, Absolute)
    )
    return Forest(title, bars, is_rate(metric.kind), labels) if bars else None


def _bar(metric: MetricResult, one: VariantResult, lift: Absolute) -> Bar:
    always = one.sequential
    return Bar(
        name=one.key,
        estimate=lift.estimate,
        interval=(lift.interval.lower, lift.interval.upper),
        sequential=(always.interval.lower, always.interval.upper) if isinstance(always, Sequential) else None,
        words=lift_with_interval(lift.estimate, lift.interval, rate=is_rate(metric.kind)),
    )
