"""The types that statistics take and give: counts and sums in, estimates and tests out.

Inputs are refused when made, so no function has to ask again; outputs are finite, so JSON can hold them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from experiments.errors import NotEnoughData

Direction = Literal["increase", "decrease"]
"""Which way is good: `increase` for recharges, `decrease` for support contacts."""

MOST_PARTICIPANTS = 10**12
"""More participants than this are a fault of the caller, not an experiment."""
LARGEST_SQUARES = 10**100
"""Bound of a total of squares (scaled), so that its float and that float's square stay finite."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A lower and an upper bound, both finite."""

    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lower) and math.isfinite(self.upper)):
            raise ValueError(f"interval == ({self.lower}, {self.upper}), both bounds must be finite.")
        if self.lower > self.upper:
            raise ValueError(f"lower == {self.lower}, must be <= upper == {self.upper}.")

    @classmethod
    def holding(cls, estimate: float, lower: float, upper: float) -> Interval:
        """The interval, stretched where rounding would leave its own estimate outside."""
        return cls(min(float(lower), estimate), max(float(upper), estimate))

    def contains(self, value: float) -> bool:
        """Whether `value` lies inside, bounds included."""
        return self.lower <= value <= self.upper


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval at `level`, and the name of the method that made both."""

    estimate: float
    interval: Interval
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Test:
    """A two-sided p-value with its method; `statistic` is None where the method has none (exact tests)."""

    __test__: ClassVar[bool] = False  # or pytest takes this class for one of its own

    p_value: float
    method: str
    statistic: float | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Participants of one variant, and how many of them converted. Two add up to one."""

    participants: int
    conversions: int

    def __post_init__(self) -> None:
        _check_participants(self.participants)
        if not 0 <= self.conversions <= self.participants:
            raise ValueError(
                f"conversions == {self.conversions}, must be >= 0 and <= participants == {self.participants}."
            )

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.participants + other.participants, self.conversions + other.conversions)

    @property
    def rate(self) -> float:
        """Conversions per participant.

        Raises:
            NotEnoughData: There is no participant.
        """
        if self.participants == 0:
            raise NotEnoughData("A rate needs at least one participant; there is none.")
        return self.conversions / self.participants

    @property
    def variance(self) -> float:
        """Variance of one participant's outcome, rate × (1 - rate).

        Raises:
            NotEnoughData: There is no participant.
        """
        return self.rate * ((self.participants - self.conversions) / self.participants)


@dataclass(frozen=True, slots=True)
class Sums:
    """Participants of one variant with the exact total and total of squares of their values.

    Values are whole numbers of 1/`scale` (money in millionths, say): `total` is Σy and `squares` is Σy² of
    those whole numbers, so tallies merge by addition to the last bit and the variance does not cancel.
    """

    participants: int
    total: int
    squares: int
    scale: int = 1_000_000

    def __post_init__(self) -> None:
        _check_participants(self.participants)
        if self.scale < 1:
            raise ValueError(f"scale == {self.scale}, must be >= 1.")
        if not 0 <= self.squares <= LARGEST_SQUARES:
            raise ValueError(f"squares == {self.squares}, must be >= 0 and <= 10**100.")
        if self.participants * self.squares < self.total**2:
            raise ValueError(
                f"squares == {self.squares}, must be >= total² / participants "
                f"(total == {self.total}, participants == {self.participants})."
            )

    def __add__(self, other: Sums) -> Sums:
        if self.scale != other.scale:
            raise ValueError(f"scale == {other.scale}, must be {self.scale}: two scales do not add up.")
        return Sums(
            self.participants + other.participants,
            self.total + other.total,
            self.squares + other.squares,
            self.scale,
        )

    @property
    def mean(self) -> float:
        """Mean value of a participant, in the value's own unit.

        Raises:
            NotEnoughData: There is no participant.
        """
        if self.participants == 0:
            raise NotEnoughData("A mean needs at least one participant; there is none.")
        return float(Fraction(self.total, self.participants * self.scale))

    @property
    def variance(self) -> float:
        """Sample variance (divisor n - 1), rounded once at the end.

        Raises:
            NotEnoughData: There are fewer than two participants.
        """
        n = self.participants
        if n < 2:
            raise NotEnoughData(f"A variance needs at least two participants; there are {n}.")
        return float(Fraction(n * self.squares - self.total**2, n * (n - 1) * self.scale**2))


@dataclass(frozen=True, slots=True)
class Moments:
    """Participants of one variant, with an estimate and the variance that one of them adds to it.

    What a ratio, an adjusted mean, a quantile or a restricted mean comes down to once it is linearised: the
    estimate's own variance is `variance` / `participants`, so all that is done with means is done with it.
    """

    participants: int
    mean: float
    variance: float

    def __post_init__(self) -> None:
        if not 2 <= self.participants <= MOST_PARTICIPANTS:
            raise ValueError(f"participants == {self.participants}, must be >= 2 and <= {MOST_PARTICIPANTS}.")
        if not math.isfinite(self.mean):
            raise ValueError(f"mean == {self.mean}, must be finite.")
        if not 0 <= self.variance < math.inf:
            raise ValueError(f"variance == {self.variance}, must be >= 0 and finite.")

    def __add__(self, other: Moments) -> Moments:
        """Both as one sample: the spread within each, and the one between their means.

        References:
            Chan, T. F., Golub, G. H., LeVeque, R. J. (1983). Algorithms for computing the sample variance.
            The American Statistician 37, 242-247.
        """
        n, m = self.participants, other.participants
        apart = other.mean - self.mean
        within = (n - 1) * self.variance + (m - 1) * other.variance
        spread = within + apart * apart * n * m / (n + m)
        return Moments(n + m, self.mean + apart * m / (n + m), spread / (n + m - 1))


Means = Sums | Moments
"""What carries a mean and its variance."""


def check_level(level: float, *, name: str = "level") -> None:
    """Nothing, when `level` lies strictly between 0 and 1.

    Raises:
        ValueError: It does not.
    """
    if not 0 < level < 1:
        raise ValueError(f"{name} == {level}, must be > 0 and < 1.")


def _check_participants(participants: int) -> None:
    if not 0 <= participants <= MOST_PARTICIPANTS:
        raise ValueError(f"participants == {participants}, must be >= 0 and <= {MOST_PARTICIPANTS}.")
