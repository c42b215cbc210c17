"""Values by bins: how many lie in each, and their sums, which is all that quantiles of many values need.

Inside a bin the values are taken to stand evenly around their mean, as far apart as their spread says. That
is exact where all values of a bin are the same, and where there are one or two of them; otherwise a value is
off by less than the bin is wide.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from experiments.stats.estimate import MOST_PARTICIPANTS


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values a bin holds, with their sums as whole numbers of 1/`scale`.

    Attributes:
        edge: The bound of the bin that lies away from 0; order of edges is order of values.
        count: Values that are meant.
        n, total, squares: Sums over all values in the bin, of which those meant may be a part.
    """

    edge: int
    count: int
    n: int
    total: int
    squares: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.n:
            raise ValueError(f"count == {self.count}, must be >= 0 and <= n == {self.n}.")
        if self.n * self.squares < self.total**2:
            raise ValueError(f"squares == {self.squares}, must be >= total² / n: {self!r}.")

    def __add__(self, other: Bin) -> Bin:
        if self.edge != other.edge:
            raise ValueError(f"edge == {other.edge}, must be {self.edge}: two bins do not add up.")
        return Bin(
            self.edge,
            self.count + other.count,
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
        )

    def value(self, place: int) -> float:
        """The value at a place among those meant, the smallest being at 0."""
        centre = self.total / self.n
        if self.count == 1:
            return centre
        variance = (self.n * self.squares - self.total**2) / self.n**2
        span = math.sqrt(12 * variance * (self.count - 1) / (self.count + 1))
        return centre + span * (place / (self.count - 1) - 0.5)


@dataclass(frozen=True, slots=True)
class BinnedValues:
    """One variant's values by bins, in the order of their edges. Two add up to one."""

    bins: tuple[Bin, ...]
    scale: int = 1_000_000
    _until: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(later.edge <= earlier.edge for earlier, later in zip(self.bins, self.bins[1:], strict=False)):
            raise ValueError("edges must increase.")
        object.__setattr__(self, "_until", tuple(accumulate(one.count for one in self.bins)))
        if len(self) > MOST_PARTICIPANTS:
            raise ValueError(f"values == {len(self)}, must be <= {MOST_PARTICIPANTS}.")

    @classmethod
    def of(cls, bins: Iterable[Bin], scale: int = 1_000_000) -> BinnedValues:
        """The values of bins in any order; those without a value are left out."""
        kept = sorted((one for one in bins if one.count), key=lambda one: one.edge)
        return cls(tuple(kept), scale)

    def __len__(self) -> int:
        return self._until[-1] if self._until else 0

    def __add__(self, other: BinnedValues) -> BinnedValues:
        if self.scale != other.scale:
            raise ValueError(f"scale == {other.scale}, must be {self.scale}: two scales do not add up.")
        together = {one.edge: one for one in self.bins}
        for one in other.bins:
            together[one.edge] = together[one.edge] + one if one.edge in together else one
        return BinnedValues.of(together.values(), self.scale)

    def at(self, rank: int) -> float:
        """The value at a rank, the smallest being at 1; values of a higher rank are never smaller."""
        place = bisect_left(self._until, rank)
        here = self.bins[place]
        before = self._until[place - 1] if place else 0
        return self._inside(place, here.value(rank - before - 1)) / self.scale

    def _inside(self, place: int, value: float) -> float:
        """The value, not beyond the bounds that its bin and the next ones set."""
        here = self.bins[place].edge
        if here >= 0:
            lowest = self.bins[place - 1].edge if place else -math.inf
            return min(max(value, lowest), here)
        highest = self.bins[place + 1].edge if place + 1 < len(self.bins) else math.inf
        return max(min(value, highest), here)
