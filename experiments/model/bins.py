"""Bins of values: what keeps a distribution, as tallies keep sums, so that it adds up over days and shards.

A bin is named by its edge, the value rounded up (away from zero when negative) to a few significant digits.
Order is kept, so a quantile lies in the bin where the counts reach it; and the number of bins depends on how
many such edges there are between the smallest and the largest value, not on the number of events.
"""

from __future__ import annotations

from experiments.model.metric import MeanMetric, Metric, QuantileMetric, TimeMetric

FINE = 3
"""Significant digits where a metric is made of its distribution: an edge is at most 1 % above its values."""
COARSE = 1
"""Significant digits of other means: enough to see whether a few values carry the result."""


def bin_of(value: int, digits: int = FINE) -> int:
    """The edge of the value's bin: 12,341 is in that of 12,400, -12,341 in that of -12,400."""
    size = abs(value)
    if size < 10**digits:
        return value
    step = int(10 ** (len(str(size)) - digits))
    edge = -(-size // step) * step
    return edge if value > 0 else -edge


def digits_of(metric: Metric) -> int | None:
    """How finely a metric's values are binned.

    None for rates and ratios, and for means with a fixed cap, which no value can exceed.
    """
    if isinstance(metric, TimeMetric | QuantileMetric):
        return FINE
    if isinstance(metric, MeanMetric) and metric.cap_value is None:
        return COARSE if metric.cap_quantile is None else FINE
    return None
