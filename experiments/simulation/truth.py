"""What is true in a simulated experiment: each variant's mean of each metric, and how values are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from operator import mul
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from experiments.model.tally import Tally

Shape = Literal["normal", "lognormal"]
MICRO = 1_000_000
LARGEST_VALUE = 1e12
"""A value beyond this is cut, so that its millionths stay whole numbers of 64 bits."""
ROUNDING = 1e-12
"""Two truths nearer than this are the same number, written differently."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rates:
    """A conversion or retention metric: each participant converts with the variant's rate."""

    means: Mapping[str, float]

    def draw(self, variant: str, participants: Ints, random: np.random.Generator) -> list[Tally]:
        """One tally for each day's participants."""
        converted = random.binomial(participants, self.means[variant]).tolist()
        return [
            Tally(n=there, total=count, squares=count, conversions=count)
            for there, count in zip(participants.tolist(), converted, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Values:
    """A mean metric: each participant has a value of the variant's mean and one standard deviation for all.

    Attributes:
        means: Of all participants, those without a value (who count as 0) included.
        deviation: The standard deviation over the same participants.
        shape: How values are spread among those who have one; lognormal has the heavy tail of revenue.
        valued: The share of participants who have a value at all.
    """

    means: Mapping[str, float]
    deviation: float
    shape: Shape = "normal"
    valued: float = 1.0

    def draw(self, variant: str, participants: Ints, random: np.random.Generator) -> list[Tally]:
        """One tally for each day's participants, exact sums of values in millionths."""
        counts = random.binomial(participants, self.valued)
        values = self._values(variant, int(counts.sum()), random)
        whole = np.rint(np.clip(values, -LARGEST_VALUE, LARGEST_VALUE) * MICRO).astype(np.int64).tolist()
        ends = np.cumsum(counts).tolist()
        return [
            _tally(there, whole[end - count : end])
            for there, count, end in zip(participants.tolist(), counts.tolist(), ends, strict=True)
        ]

    def among_valued(self, variant: str) -> tuple[float, float]:
        """Mean and variance of those who have a value.

        Raises:
            ValueError: So few with a value would have to spread less than not at all.
        """
        mean = self.means[variant] / self.valued
        variance = (self.deviation**2 + self.means[variant] ** 2) / self.valued - mean**2
        if variance < 0:
            raise ValueError(
                f"deviation == {self.deviation}, is too small for so few participants with a value"
            )
        return mean, variance

    def _values(self, variant: str, count: int, random: np.random.Generator) -> Floats:
        mean, variance = self.among_valued(variant)
        if self.shape == "normal":
            return random.normal(mean, math.sqrt(variance), count)
        spread = math.log1p(variance / mean**2)
        return random.lognormal(math.log(mean) - spread / 2, math.sqrt(spread), count)


MetricTruth = Rates | Values


@dataclass(frozen=True, slots=True)
class Judged:
    """One metric's truth with what the plan makes of it.

    Attributes:
        good: +1 where more is better, -1 where less is.
        margin: How much worse a treatment may be, absolute.
    """

    key: str
    truth: MetricTruth
    good: int
    margin: float

    def gain(self, control: str, treatment: str) -> float:
        """Treatment minus control in the good direction; exactly 0 where the truths are the same."""
        difference = self.good * (self.truth.means[treatment] - self.truth.means[control])
        return 0.0 if abs(difference) <= ROUNDING else difference

    def is_beyond_margin(self, control: str, treatment: str) -> bool:
        """Whether the treatment is worse by more than the margin."""
        return -self.gain(control, treatment) > self.margin + ROUNDING

    def is_unsafe(self, control: str, treatment: str) -> bool:
        """Whether the treatment is worse by the margin or more, so that nobody should ship it."""
        loss = -self.gain(control, treatment)
        return loss > 0 and loss >= self.margin - ROUNDING


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is true in a simulated experiment; `treatments` are those that have a weight."""

    control: str
    treatments: tuple[str, ...]
    primary: Judged
    guardrails: tuple[Judged, ...] = ()

    def gain(self, treatment: str) -> float:
        """How much better the treatment is on the primary metric."""
        return self.primary.gain(self.control, treatment)

    def difference(self, treatment: str) -> float:
        """Treatment minus control on the primary metric, as intervals show it."""
        means = self.primary.truth.means
        return means[treatment] - means[self.control]

    def is_harmful(self, treatment: str) -> bool:
        """Whether the treatment is worse than a margin, on the primary metric or a guardrail."""
        return any(one.is_beyond_margin(self.control, treatment) for one in (self.primary, *self.guardrails))

    def is_worth_shipping(self, treatment: str) -> bool:
        """Whether the treatment is better, and breaks no guardrail."""
        is_unsafe = any(one.is_unsafe(self.control, treatment) for one in self.guardrails)
        return self.gain(treatment) > 0 and not is_unsafe


def _tally(participants: int, values: list[int]) -> Tally:
    return Tally(
        n=participants,
        total=sum(values),
        squares=sum(map(mul, values, values)),
        conversions=sum(map(bool, values)),
    )
