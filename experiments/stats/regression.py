"""Means adjusted by several covariates from before the exposure: what `cuped` does with one.

The covariates must be measured strictly before the exposure; no figure here can tell whether they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from experiments.errors import NotEnoughData
from experiments.stats.cuped import LEAST_SAVED
from experiments.stats.estimate import Moments
from experiments.stats.pair_sums import finite

Floats = NDArray[np.float64]

ALIKE = 1e-9
"""Covariates whose correlations leave less than this share of a direction say the same twice."""


@dataclass(frozen=True, slots=True)
class MomentSums:
    """Participants of one variant with the exact sums of an outcome and of covariates, and of all products.

    Attributes:
        totals: Of the outcome, then of each covariate: whole numbers of 1/`scales`.
        products: Row by row the sums of products of all pairs of them.
        scales: Of the outcome and of each covariate.
    """

    participants: int
    totals: tuple[int, ...]
    products: tuple[tuple[int, ...], ...]
    scales: tuple[int, ...]

    def __post_init__(self) -> None:
        size = len(self.totals)
        if size < 2 or len(self.scales) != size or [len(row) for row in self.products] != [size] * size:
            raise ValueError("totals, products and scales must be of an outcome and of the same covariates.")
        if any(
            self.participants * self.products[i][i] < self.totals[i] ** 2
            or self.products[i][j] != self.products[j][i]
            for i in range(size)
            for j in range(size)
        ):
            raise ValueError("products cannot be those of so many participants with these totals.")

    def mean(self, place: int) -> Fraction:
        """The mean of the outcome (0) or of a covariate."""
        return Fraction(self.totals[place], self.participants * self.scales[place])

    def covariances(self) -> Floats:
        """The covariance matrix, each entry exact before it becomes a float."""
        n, size = self.participants, len(self.totals)
        return np.array([[self._covariance(i, j, n) for j in range(size)] for i in range(size)])

    def _covariance(self, i: int, j: int, n: int) -> float:
        centred = n * self.products[i][j] - self.totals[i] * self.totals[j]
        return finite(Fraction(centred, n * (n - 1) * self.scales[i] * self.scales[j]), "covariance")


@dataclass(frozen=True, slots=True)
class Regressed:
    """Two variants' adjusted means.

    Attributes:
        slopes: How much of the outcome goes with one of each covariate.
        control, treatment: For comparing them with each other, by all that takes means.
        variance_saved: Share of the difference's variance that the adjustment took off.
    """

    slopes: tuple[float, ...]
    control: Moments
    treatment: Moments
    variance_saved: float

    @property
    def helps(self) -> bool:
        """Whether the covariates explain enough to speak of."""
        return self.variance_saved >= LEAST_SAVED


def adjust(control: MomentSums, treatment: MomentSums) -> Regressed:
    """Both means, moved to where they would be had both had the same means of all covariates.

    The slopes are the same in both variants, those with the least variance of the difference: the solution of
    (Σ V_x / n) θ = Σ v_xy / n. With as many participants in both they are those of least squares with a
    constant for each variant. Of covariates that say the same twice the shortest solution is taken.

    Raises:
        NotEnoughData: A variant has not more participants than two beyond the number of covariates.

    References:
        Deng et al. (2013) and Lin (2013), see `experiments.stats.cuped`. Yang, L., Tsiatis, A. A. (2001).
        Efficiency study of estimators for a treatment effect in a pretest-posttest trial. The American
        Statistician 55, 314-321.
    """
    both = (control, treatment)
    count = len(control.totals) - 1
    fewest = min(one.participants for one in both)
    if fewest < count + 3:
        raise NotEnoughData(
            f"An adjustment by {count} covariates needs at least {count + 3} participants a variant; "
            f"the smaller has {fewest}."
        )
    spreads = [one.covariances() for one in both]
    weighed = sum(spread / one.participants for spread, one in zip(spreads, both, strict=True))
    slopes = _slopes(np.asarray(weighed)[1:, 1:], np.asarray(weighed)[1:, 0])
    before = float(np.asarray(weighed)[0, 0])
    together = sum(one.participants for one in both)
    centres = [
        sum((one.mean(place) * one.participants for one in both), Fraction(0)) / together
        for place in range(1, count + 1)
    ]
    means = [_moved(one, slopes, centres, spread) for one, spread in zip(both, spreads, strict=True)]
    after = sum(
        _residual(spread, slopes) / one.participants for spread, one in zip(spreads, both, strict=True)
    )
    saved = 1 - after / before if before > 0 else 0.0
    return Regressed(tuple(slopes.tolist()), means[0], means[1], saved)


def _slopes(spread: Floats, towards: Floats) -> Floats:
    """The slopes, solved on the scale of correlations so that the covariates' units do not matter."""
    deviations = np.sqrt(np.diag(spread))
    varied = deviations > 0
    slopes = np.zeros(len(towards))
    if varied.any():
        scale = deviations[varied]
        correlations = spread[np.ix_(varied, varied)] / np.outer(scale, scale)
        solved = np.linalg.lstsq(correlations, towards[varied] / scale, rcond=ALIKE)[0]
        slopes[varied] = solved / scale
    return slopes


def _residual(spread: Floats, slopes: Floats) -> float:
    """The variance of the outcome less what goes with the covariates."""
    along = np.concatenate([[1.0], -slopes])
    return max(0.0, float(along @ spread @ along))


def _moved(sums: MomentSums, slopes: Floats, centres: list[Fraction], spread: Floats) -> Moments:
    """The adjusted mean; each slope costs the variant one degree of freedom."""
    n, used = sums.participants, int(np.count_nonzero(slopes))
    moved = sums.mean(0) - sum(
        (Fraction(slope) * (sums.mean(place) - centre))
        for place, (slope, centre) in enumerate(zip(slopes.tolist(), centres, strict=True), start=1)
    )
    variance = _residual(spread, slopes) * (n - 1) / (n - 1 - used)
    return Moments(n, finite(Fraction(moved), "adjusted mean"), variance)
