"""Quantiles, such as the median amount: one variant's, the difference of two, and its test.

Quantiles of two days do not add up. So they need every participant's value, or how many values lie in each of
many narrow bins, which do add up (`stats.binned`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from experiments.errors import NotEnoughData
from experiments.stats import mean
from experiments.stats.binned import BinnedValues
from experiments.stats.estimate import Estimate, Interval, Moments, Test, check_level

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats | BinnedValues

SPREAD_LEVEL = 0.95
"""Level of the interval of order statistics that the standard error is read from."""


def quantile(values: Values, share: float, level: float) -> Estimate:
    """The value that `share` of the participants stay below, with the exact interval of order statistics.

    It holds for every distribution; with ties it holds more often than `level`.

    Args:
        values: One a participant, in any order; or by bins.
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
    interval = Interval.holding(estimate, ordered.at(lower), ordered.at(upper))
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
    width = ordered.at(upper) - ordered.at(lower)
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


def at(values: Values, share: float) -> float:
    """The quantile alone, however few the values are.

    Raises:
        NotEnoughData: There is no value.
    """
    ordered = _ordered(values, share)
    if not len(ordered):
        raise NotEnoughData("A quantile needs at least one value; there is none.")
    return _estimate(ordered, share)


@dataclass(frozen=True, slots=True)
class BinnedQuantile:
    """A quantile that is still to be made, of one variant's values by bins. Two of one share add up to one.

    Attributes:
        exposed: All participants, also those whose value is not among the values.
    """

    values: BinnedValues
    share: float
    exposed: int

    @property
    def participants(self) -> int:
        """The participants who have a value."""
        return len(self.values)

    def __add__(self, other: BinnedQuantile) -> BinnedQuantile:
        if self.share != other.share:
            raise ValueError(f"share == {other.share}, must be {self.share}: two quantiles do not add up.")
        return BinnedQuantile(self.values + other.values, self.share, self.exposed + other.exposed)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Values in order."""

    ordered: Floats

    def __len__(self) -> int:
        return len(self.ordered)

    def at(self, rank: int) -> float:
        return float(self.ordered[rank - 1])


def _ordered(values: Values, share: float) -> _Rows | BinnedValues:
    check_level(share, name="share")
    if isinstance(values, BinnedValues):
        return values
    ordered = np.sort(np.asarray(values, np.float64))
    if not np.isfinite(ordered).all():
        raise ValueError("values must be finite.")
    return _Rows(ordered)


def _estimate(ordered: _Rows | BinnedValues, share: float) -> float:
    """Between the two ranks around (n + 1/3) share + 1/3, which is the median-unbiased choice."""
    if isinstance(ordered, _Rows):
        return float(np.quantile(ordered.ordered, share, method="median_unbiased"))
    rank = min(max((len(ordered) + 1 / 3) * share + 1 / 3, 1.0), float(len(ordered)))
    below = math.floor(rank)
    lower, upper = ordered.at(below), ordered.at(min(below + 1, len(ordered)))
    return lower + (rank - below) * (upper - lower)


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
