"""Exact sums over pairs of values: what the delta method and the adjustment by a covariate take in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Sums


@dataclass(frozen=True, slots=True)
class PairSums:
    """Participants of one variant with the exact sums of two of their values, y and x, and of the product.

    y is the outcome, or the numerator of a ratio; x the covariate from before the exposure, or the
    denominator. Both are whole numbers of 1/`scale`, as in `Sums`. Two add up to one.
    """

    participants: int
    total: int
    squares: int
    covariate: int
    covariate_squares: int
    cross: int
    scale: int = 1_000_000

    def __post_init__(self) -> None:
        Sums(self.participants, self.total, self.squares, self.scale)
        try:
            Sums(self.participants, self.covariate, self.covariate_squares, self.scale)
        except ValueError as error:
            raise ValueError(f"covariate: {error}") from error
        uncentred = self.cross**2 <= self.squares * self.covariate_squares
        if not uncentred or self.centred_cross**2 > self.centred_squares * self.centred_covariate:
            raise ValueError(
                f"cross == {self.cross}, cannot be with total == {self.total}, squares == {self.squares}, "
                f"covariate == {self.covariate}, covariate_squares == {self.covariate_squares}."
            )

    def __add__(self, other: PairSums) -> PairSums:
        if self.scale != other.scale:
            raise ValueError(f"scale == {other.scale}, must be {self.scale}: two scales do not add up.")
        return PairSums(
            self.participants + other.participants,
            self.total + other.total,
            self.squares + other.squares,
            self.covariate + other.covariate,
            self.covariate_squares + other.covariate_squares,
            self.cross + other.cross,
            self.scale,
        )

    @property
    def outcomes(self) -> Sums:
        """The sums of y alone."""
        return Sums(self.participants, self.total, self.squares, self.scale)

    @property
    def covariates(self) -> Sums:
        """The sums of x alone."""
        return Sums(self.participants, self.covariate, self.covariate_squares, self.scale)

    @property
    def centred_squares(self) -> int:
        """n Σy² - (Σy)²: n (n - 1) times the variance of y, in units of 1/scale²."""
        return self.participants * self.squares - self.total**2

    @property
    def centred_covariate(self) -> int:
        """n Σx² - (Σx)²."""
        return self.participants * self.covariate_squares - self.covariate**2

    @property
    def centred_cross(self) -> int:
        """n Σxy - Σx Σy."""
        return self.participants * self.cross - self.total * self.covariate

    def residual_variance(self, slope: Fraction) -> Fraction:
        """The exact sample variance of y - slope · x, never below 0.

        Raises:
            NotEnoughData: There are fewer than two participants.
        """
        n = self.participants
        if n < 2:
            raise NotEnoughData(f"A variance needs at least two participants; there are {n}.")
        above, below = slope.numerator, slope.denominator
        centred = (
            below**2 * self.centred_squares
            - 2 * above * below * self.centred_cross
            + above**2 * self.centred_covariate
        )
        return Fraction(centred, n * (n - 1) * (below * self.scale) ** 2)


def finite(value: Fraction, name: str) -> float:
    """The nearest float.

    Raises:
        NotEnoughData: None is near: the figure is beyond what a float can hold.
    """
    try:
        nearest = float(value)
    except OverflowError:
        nearest = math.inf
    if math.isinf(nearest):
        raise NotEnoughData(f"The {name} is too great to be a number that means anything.")
    return nearest
