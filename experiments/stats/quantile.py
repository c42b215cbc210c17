"""Quantiles, such as the median amount: one variant's, the difference of two, and its test.

They need every participant's value, as winsorising does: quantiles of two days do not add up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from experiments.errors import NotEnoughData
from experiments.stats import mean
from experiments.stats.estimate import Estimate, Interval, Moments, Test, check_level

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats

SPREAD_LEVEL = 0.95
"""Level of the interval of order statistics that the standard error is read from."""


def quantile(values: Values, share: float, level: float) -> Estimate:
    """The value that `share` of the participants stay below, with the exact interval of order statistics.

    It holds for every distribution; with ties it holds more often than `level`.

    Args:
        values: One a participant, in any order.
        share: Of participants below, 0.5 for the median.
        level: Confidence.

    Raises:
        NotEnoughData: There are too few participants beyond the quantile for a bounded interval.
        ValueError: A value is not finite.

    References:
        Hyndman, R. J., Fan, Y. (1996). Sample quantiles in statistical packages. The American Statistician
        50, 361-365 (definition 8). David, H. A., Nagaraja, H. N. (2003). Order Statistics, 3rd ed., section
        7.1.
    """
    ordered = _ordered(values, share)
    check_level(level)
    lower, upper, _ = _ranks(len(ordered), share, level)
    estimate = _estimate(ordered, share)
    interval = Interval.holding(estimate, ordered[lower - 1], ordered[upper - 1])
    return Estimate(estimate, interval, level, "order_statistics")


def moments(values: Values, share: float) -> Moments:
    """The quantile as the mean of one value a participant, with Woodruff's variance.

    The standard error is half the width of the order statistics' interval over the normal quantile of its
    exact confidence. With it quantiles can be compared by all that takes means.

    Raises:
        NotEnoughData: There are too few participants beyond the quantile; or so many have the same value
            there that the interval has no width.

    References:
        Woodruff, R. S. (1952). Confidence intervals for medians and other position measures. JASA 47,
        635-646. Price, R. M., Bonett, D. G. (2002). Distribution-free confidence intervals for difference and
        ratio of medians. Journal of Statistical Computation and Simulation 72, 119-124.
    """
    ordered = _ordered(values, share)
    lower, upper, confidence = _ranks(len(ordered), share, SPREAD_LEVEL)
    width = float(ordered[upper - 1] - ordered[lower - 1])
    if width == 0:
        raise NotEnoughData(
            "So many participants have the same value at this quantile that its spread is not known."
        )
    error = width / (2 * -float(special.ndtri((1 - confidence) / 2)))
    variance = len(ordered) * error**2
    if not math.isfinite(variance):
        raise NotEnoughData("The quantile's variance is too great to be a number that means anything.")
    return Moments(len(ordered), _estimate(ordered, share), variance)


def difference(control: Values, treatment: Values, share: float, level: float) -> Estimate:
    """Treatment's quantile minus control's, with its interval.

    Raises:
        NotEnoughData: As for `moments`.

    References:
        Price and Bonett (2002), as in `moments`.
    """
    answer = mean.difference(moments(control, share), moments(treatment, share), level)
    return replace(answer, method="quantile_woodruff")


def difference_test(control: Values, treatment: Values, share: float) -> Test:
    """Two-sided test that both quantiles are equal.

    Raises:
        NotEnoughData: As for `moments`.

    References:
        Price and Bonett (2002), as in `moments`.
    """
    answer = mean.difference_test(moments(control, share), moments(treatment, share))
    return replace(answer, method="quantile_woodruff")


def relative(control: Values, treatment: Values, share: float, level: float) -> Estimate:
    """Treatment's quantile over control's, minus 1, with Fieller's interval.

    Raises:
        NotEnoughData: As for `moments`; or the control's quantile is not clearly above 0.

    References:
        Fieller (1954), see `experiments.stats.fieller`.
    """
    answer = mean.relative(moments(control, share), moments(treatment, share), level)
    return replace(answer, method="quantile_woodruff_fieller")


def _ordered(values: Values, share: float) -> Floats:
    check_level(share, name="share")
    ordered = np.sort(np.asarray(values, np.float64))
    if not np.isfinite(ordered).all():
        raise ValueError("values must be finite.")
    return ordered


def _estimate(ordered: Floats, share: float) -> float:
    return float(np.quantile(ordered, share, method="median_unbiased"))


def _ranks(n: int, share: float, level: float) -> tuple[int, int, float]:
    """The ranks whose order statistics hold the quantile at `level` at least, and how surely they do."""
    tail = (1 - level) / 2
    lower, upper = int(stats.binom.ppf(tail, n, share)), int(stats.binom.isf(tail, n, share)) + 1
    if n < 2 or lower < 1 or upper > n:
        raise NotEnoughData(
            f"{n} participants are too few for an interval of the quantile at {share:g}: it has no end."
        )
    missed = stats.binom.cdf(lower - 1, n, share) + stats.binom.sf(upper - 1, n, share)
    return lower, upper, 1 - float(missed)
