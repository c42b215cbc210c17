"""Sums over participants: all that statistics need to know, and all that results read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Cell(NamedTuple):
    """Where a tally belongs."""

    variant: str
    phase: int
    metric: str  # "" counts participants only
    day: int  # of the first exposure: whole days since the epoch, UTC
    segment: str  # "" "" is everybody
    segment_value: str
    crossed: bool  # units that saw two variants of one phase, kept apart so that both readings can be had


@dataclass(frozen=True, slots=True)
class Tally:
    """Exact sums over the participants of a cell: of y (the value), of x (the covariate) and their products.

    Amounts and counts of a mean or ratio are millionths, a time is microseconds; y of a conversion or
    retention metric is 0 or 1. x is the same measure over an equally long time before the first exposure; of
    a ratio it is the denominator. `conversions` are the participants with at least one event that counts.
    """

    n: int = 0
    total: int = 0
    squares: int = 0
    covariate: int = 0
    covariate_squares: int = 0
    cross: int = 0
    conversions: int = 0

    def __post_init__(self) -> None:
        """Refuses sums that no participants can have."""
        if not 0 <= self.conversions <= self.n:
            raise ValueError(f"conversions == {self.conversions}, must be >= 0 and <= n ({self.n})")
        if self.squares * self.n < self.total**2 or self.covariate_squares * self.n < self.covariate**2:
            raise ValueError(f"n times the sum of squares must be >= the sum squared: {self!r}")

    @classmethod
    def of(cls, y: int, x: int, *, converted: bool) -> Tally:
        """The tally of one participant."""
        return cls(1, y, y * y, x, x * x, x * y, int(converted))

    def __add__(self, other: Tally) -> Tally:
        """Both together: days, values of a segment and shards add up."""
        return self._plus(other, 1)

    def __sub__(self, other: Tally) -> Tally:
        """What is left without the other.

        Raises:
            ValueError: The other is no part of this one.
        """
        return self._plus(other, -1)

    def _plus(self, other: Tally, sign: int) -> Tally:
        return Tally(
            self.n + sign * other.n,
            self.total + sign * other.total,
            self.squares + sign * other.squares,
            self.covariate + sign * other.covariate,
            self.covariate_squares + sign * other.covariate_squares,
            self.cross + sign * other.cross,
            self.conversions + sign * other.conversions,
        )
