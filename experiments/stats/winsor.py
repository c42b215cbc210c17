"""Values capped before they are summed, so that one account's outlier does not make the result.

The cap is one number for all variants, fixed before they are looked at or read off all of them together: a
cap for each variant would hide a treatment that works by large amounts. Values are whole numbers (of
1/scale), so the sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Sums, check_level
from experiments.stats.pair_sums import PairSums


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where values are cut off; None where they are not."""

    lower: int | None = None
    upper: int | None = None

    def __post_init__(self) -> None:
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise ValueError(f"lower == {self.lower}, must be <= upper == {self.upper}.")

    def clip(self, value: int) -> int:
        """The value, or the bound that it lies beyond."""
        if self.lower is not None and value < self.lower:
            return self.lower
        return self.upper if self.upper is not None and value > self.upper else value


@dataclass(frozen=True, slots=True)
class Winsorised:
    """Sums of the capped values, and how many participants had theirs changed."""

    sums: Sums
    capped: int


def bounds_at(values: Sequence[int], *, lower: float | None = None, upper: float | None = None) -> Bounds:
    """The bounds that at least the share `upper` of the values stay at or below, and `lower` at or above.

    A value that occurs, never one between two: the smallest with at least `upper` of the values at or below
    it; from the other end for `lower`. Shares are taken as the decimal number that is written, so 0.999 of
    1,000 is 999 whatever a float makes of it.

    Args:
        values: Of all variants together, participants without any event (0) included.
        lower: Share that lies at the lower bound or above, such as 0.999; None for no bound.
        upper: Share that lies at the upper bound or below.

    Raises:
        NotEnoughData: There is no value.

    References:
        Dixon, W. J., Tukey, J. W. (1968). Approximate behavior of the distribution of Winsorized t.
        Technometrics 10, 83-98.
    """
    if not values:
        raise NotEnoughData("A quantile to cap at needs at least one value; there is none.")
    ordered = sorted(values)
    least = None if lower is None else ordered[-_rank(len(ordered), lower, "lower")]
    most = None if upper is None else ordered[_rank(len(ordered), upper, "upper") - 1]
    return Bounds(least, most)


def edge_at(counts: Mapping[int, int], share: float) -> int:
    """As the upper bound of `bounds_at`, from how many values there are at each edge.

    Raises:
        NotEnoughData: There is no value.
    """
    total = sum(counts.values())
    if total == 0:
        raise NotEnoughData("A quantile to cap at needs at least one value; there is none.")
    rank, passed = _rank(total, share, "share"), 0
    for edge in sorted(counts):
        passed += counts[edge]
        if passed >= rank:
            return edge
    raise ValueError(f"counts == {dict(counts)}, must be >= 0.")


def winsorised(values: Iterable[int], bounds: Bounds, *, scale: int = 1_000_000) -> Winsorised:
    """The sums of one variant's values, each clipped to the bounds."""
    count = total = squares = capped = 0
    for value in values:
        kept = bounds.clip(value)
        count, total, squares = count + 1, total + kept, squares + kept * kept
        capped += kept != value
    return Winsorised(Sums(count, total, squares, scale), capped)


def winsorised_pairs(
    pairs: Iterable[tuple[int, int]], bounds: Bounds, covariate_bounds: Bounds, *, scale: int = 1_000_000
) -> PairSums:
    """The sums of one variant's (y, x), both clipped; a ratio must have its halves capped at one share."""
    clipped = [(bounds.clip(y), covariate_bounds.clip(x)) for y, x in pairs]
    return PairSums(
        len(clipped),
        sum(y for y, _ in clipped),
        sum(y * y for y, _ in clipped),
        sum(x for _, x in clipped),
        sum(x * x for _, x in clipped),
        sum(x * y for y, x in clipped),
        scale,
    )


def _rank(count: int, share: float, name: str) -> int:
    """How many values a share is, rounded up."""
    check_level(share, name=name)
    return -(-(Fraction(str(share)) * count) // 1)
