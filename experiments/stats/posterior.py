"""Posterior distributions, and the integrals over them, by Gauss-Legendre quadrature: no draws, no seed.

Panels are laid between quantiles of every distribution in play, so a posterior a thousand times sharper than
its neighbour is met by nodes where it changes, not stepped over. Rates are integrated on the logit line,
where a posterior is smooth up to the very edge of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from experiments.stats.estimate import Interval

Floats = NDArray[np.float64]

REACH = 8.0
"""Quadrature runs this many standard normal scores to each side: 1e-15 of the probability lies beyond."""
SCORES: Floats = np.array([-REACH, -6, -4.5, -3, -2, -1, 0, 1, 2, 3, 4.5, 6, REACH])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
SMALLEST, LARGEST = 1e-300, 1 - 2.0**-53
"""Quantiles of a rate are kept strictly between 0 and 1, so that their logits are finite."""


class Posterior(Protocol):
    """What the integrals need of a distribution. The line is the coordinate it is integrated on."""

    def cdf(self, x: Floats) -> Floats:
        """Probability of at most `x`."""
        ...

    def sf(self, x: Floats) -> Floats:
        """Probability of more than `x`, exact in the tail."""
        ...

    def quantile(self, score: Floats) -> Floats:
        """The point that has as much below it as a standard normal has below `score`."""
        ...

    def line(self, x: Floats) -> Floats:
        """Where `x` lies on the line."""
        ...

    def point(self, y: Floats) -> tuple[Floats, Floats]:
        """The points at places `y` of the line, and how fast they move there (dx/dy)."""
        ...

    def log_density(self, y: Floats) -> Floats:
        """Logarithm of the density on the line, up to a constant."""
        ...

    def anchors(self) -> Floats:
        """Places on the line between which `point` is smooth enough for one panel."""
        ...


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """Beta(a, b): what is known of a rate."""

    a: float
    b: float

    def cdf(self, x: Floats) -> Floats:
        return np.asarray(special.betainc(self.a, self.b, np.clip(x, 0.0, 1.0)))

    def sf(self, x: Floats) -> Floats:
        return np.asarray(special.betaincc(self.a, self.b, np.clip(x, 0.0, 1.0)))

    def quantile(self, score: Floats) -> Floats:
        tail = special.ndtr(-np.abs(score))  # from the nearer end, or the far one loses its digits
        lower, upper = special.betaincinv(self.a, self.b, tail), special.betainccinv(self.a, self.b, tail)
        return np.clip(np.where(score < 0, lower, upper), SMALLEST, LARGEST)

    def line(self, x: Floats) -> Floats:
        return np.asarray(special.logit(np.clip(x, SMALLEST, LARGEST)))

    def point(self, y: Floats) -> tuple[Floats, Floats]:
        x = special.expit(y)
        return x, x * special.expit(-y)

    def log_density(self, y: Floats) -> Floats:
        mode = np.log(self.a / self.b)
        below = special.log_expit(y) - special.log_expit(mode)
        above = special.log_expit(-y) - special.log_expit(-mode)
        return np.asarray(self.a * below + self.b * above)

    def anchors(self) -> Floats:
        return np.arange(-40.0, 41.0, 2.0)


@dataclass(frozen=True, slots=True)
class NormalPosterior:
    """Normal: what is known of a mean, or of a difference of means."""

    mean: float
    deviation: float

    def cdf(self, x: Floats) -> Floats:
        return np.asarray(special.ndtr((x - self.mean) / self.deviation))

    def sf(self, x: Floats) -> Floats:
        return np.asarray(special.ndtr((self.mean - x) / self.deviation))

    def quantile(self, score: Floats) -> Floats:
        return self.mean + self.deviation * score

    def line(self, x: Floats) -> Floats:
        return x

    def point(self, y: Floats) -> tuple[Floats, Floats]:
        return y, np.ones_like(y)

    def log_density(self, y: Floats) -> Floats:
        return -(((y - self.mean) / self.deviation) ** 2) / 2

    def anchors(self) -> Floats:
        return np.empty(0)  # the line is the axis itself


@dataclass(frozen=True, slots=True)
class Mirrored:
    """The distribution of -X, so that "lower is better" needs no formulas of its own."""

    of: Posterior

    def cdf(self, x: Floats) -> Floats:
        return self.of.sf(-x)

    def sf(self, x: Floats) -> Floats:
        return self.of.cdf(-x)

    def quantile(self, score: Floats) -> Floats:
        return -self.of.quantile(-score)

    def line(self, x: Floats) -> Floats:
        return -self.of.line(-x)

    def point(self, y: Floats) -> tuple[Floats, Floats]:
        x, speed = self.of.point(-y)
        return -x, speed

    def log_density(self, y: Floats) -> Floats:
        return self.of.log_density(-y)

    def anchors(self) -> Floats:
        return -self.of.anchors()


def chance_greatest(index: int, posteriors: Sequence[Posterior]) -> float:
    """The probability that the posterior at `index` is the greatest of all: the integral of pdf_i ∏ cdf_j."""
    others = _others(index, posteriors)
    breaks = np.concatenate([other.quantile(SCORES) for other in others])
    chance = _expectation(posteriors[index], lambda x: _product(other.cdf(x) for other in others), breaks)
    return min(1.0, max(0.0, chance))


def expected_shortfall(index: int, posteriors: Sequence[Posterior]) -> float:
    """By how much the one at `index` is expected to fall short of the greatest: E max(max_j X_j - X_i, 0).

    It equals the integral of cdf_i (1 - ∏ cdf_j), which has no density in it.
    """
    one, others = posteriors[index], _others(index, posteriors)
    edges = one.line(np.concatenate([posterior.quantile(SCORES) for posterior in posteriors]))
    y, weights = _panels(np.concatenate([edges, np.clip(one.anchors(), edges.min(), edges.max())]))
    x, speed = one.point(y)
    some_above = others[0].sf(x) if len(others) == 1 else 1 - _product(other.cdf(x) for other in others)
    return max(0.0, float((weights * speed) @ (one.cdf(x) * some_above)))


def difference_interval(minuend: Posterior, subtrahend: Posterior, level: float) -> Interval:
    """The equal-tailed credible interval of the first minus the second, both independent.

    The root is sought of the cdf's normal score, which is close to a straight line: a few steps find it.
    """
    start, end = minuend.quantile(SCORES), subtrahend.quantile(SCORES)
    lowest, highest = float(start[0] - end[-1]), float(start[-1] - end[0])

    def bound(tail: float) -> float:
        def miss(difference: float) -> float:
            chance = _expectation(subtrahend, lambda x: minuend.cdf(x + difference), start - difference, end)
            score = special.ndtri(min(1.0, chance))  # the sum may end a rounding above 1
            return float(np.clip(score, -2 * REACH, 2 * REACH) - special.ndtri(tail))

        return float(optimize.brentq(miss, lowest, highest, xtol=1e-11 * (highest - lowest)))

    return Interval(bound((1 - level) / 2), bound((1 + level) / 2))


def _others(index: int, posteriors: Sequence[Posterior]) -> list[Posterior]:
    return [other for j, other in enumerate(posteriors) if j != index]


def _expectation(
    over: Posterior, function: Callable[[Floats], Floats], breaks: Floats, own: Floats | None = None
) -> float:
    """E function(X) for X from `over`, with panel edges at its own quantiles and at `breaks`."""
    inner = over.line(over.quantile(SCORES) if own is None else own)
    if inner[0] == inner[-1]:  # so narrow, for where it stands, that it has no width as a float
        return float(function(over.point(inner[:1])[0])[0])
    y, weights = _panels(np.concatenate([inner, np.clip(over.line(breaks), inner[0], inner[-1])]))
    logs = over.log_density(y)
    masses = weights * np.exp(logs - logs.max())
    return float(masses @ function(over.point(y)[0]) / masses.sum())


def _panels(edges: Floats) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights of every panel between two neighbouring edges."""
    edges = np.unique(edges)
    half = np.diff(edges)[:, None] / 2
    nodes = edges[:-1, None] + half * (NODES + 1)
    return nodes.ravel(), (half * WEIGHTS).ravel()


def _product(factors: Iterable[Floats]) -> Floats:
    return np.asarray(np.prod(np.stack(list(factors)), axis=0))
