"""Planned looks: how far z must go at each of them, so that all together err no more often than one test.

Alpha is spent as information comes in (Lan and DeMets), so the number and the times of the looks need not be
known before. Probabilities are found by recursive quadrature over the paths that crossed no earlier bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from experiments.stats.estimate import check_level

Floats = NDArray[np.float64]
Spending = Literal["obrien_fleming", "pocock"]

HIGHEST_BOUND = 8.0
"""No bound is set above this: a z beyond it happens by chance once in 10¹⁵ looks."""
LEAST_STEP = 1e-4
"""A look this soon after the one before gets the bound it would have alone: simpler, and on the safe side."""
TINY = 1e-300
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True, slots=True)
class _Paths:
    """Where the score is at `time`, by quadrature nodes and masses, for the paths that crossed no bound."""

    time: float
    drift: float
    nodes: Floats
    masses: Floats

    def crossing(self, bound: float, time: float) -> float:
        """The probability that |z| reaches `bound` at `time`, no bound having been reached before."""
        limit, spread = bound * math.sqrt(time), math.sqrt(time - self.time)
        centre = self.nodes + self.drift * (time - self.time)
        beyond = special.ndtr((centre - limit) / spread) + special.ndtr((-limit - centre) / spread)
        return float(self.masses @ beyond)

    def onward(self, bound: float, time: float, next_step: float) -> _Paths:
        """The paths inside `bound` at `time`, in panels fine enough for the steps before and after it."""
        limit, spread = bound * math.sqrt(time), math.sqrt(time - self.time)
        panels = math.ceil(2 * limit / (2 * min(spread, math.sqrt(next_step))))
        half = limit / panels
        nodes = (np.linspace(-limit, limit, panels + 1)[:-1, None] + half * (NODES + 1)).ravel()
        z = (nodes[:, None] - self.nodes - self.drift * (time - self.time)) / spread
        density = np.exp(-(z**2) / 2) @ self.masses / (spread * math.sqrt(2 * math.pi))
        return _Paths(time, self.drift, nodes, density * np.tile(half * WEIGHTS, panels))


def boundaries(
    information_fractions: Sequence[float],
    alpha: float = 0.05,
    spending: Spending = "obrien_fleming",
    *,
    final: bool = False,
) -> tuple[float, ...]:
    """For each look the least |z| that rejects, two-sided.

    Args:
        information_fractions: Participants at each look / planned participants: above 0 and increasing. Only
            the last may reach 1 or pass it (over-run): it spends all alpha that is left.
        alpha: Two-sided error of all looks together.
        spending: How alpha is spent: late (`obrien_fleming`) or evenly (`pocock`).
        final: The last look is the last of all, though its fraction is below 1: it too spends what is left.

    Raises:
        ValueError: The fractions are not as described, or alpha is not between 0 and 1.

    References:
        Lan, K. K. G., DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials. Biometrika
        70, 659-663. Jennison, C., Turnbull, B. W. (2000). Group Sequential Methods with Applications to
        Clinical Trials, ch. 7 (error spending) and 19 (computation).
    """
    check_level(alpha, name="alpha")
    _check_fractions(information_fractions)
    totals = [spent(fraction, alpha, spending) for fraction in information_fractions]
    if final:
        totals[-1] = alpha
    increments = np.diff([0.0, *totals])
    return tuple(_bounds(tuple(information_fractions), increments))


def spent(fraction: float, alpha: float = 0.05, spending: Spending = "obrien_fleming") -> float:
    """The two-sided alpha that may be spent up to an information fraction.

    O'Brien-Fleming type: 4 (1 - Φ(z / √t)), z the upper alpha/4 point of the normal; Pocock type: alpha log(1
    + (e - 1) t). Both are Lan and DeMets' one-sided functions, of alpha/2 on each side.

    References:
        Lan and DeMets (1983), as in `boundaries`.
    """
    if fraction >= 1:
        return alpha
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * fraction)
    return 4 * float(special.ndtr(special.ndtri(alpha / 4) / math.sqrt(fraction)))


def crossing_probability(
    information_fractions: Sequence[float], bounds: Sequence[float], drift: float = 0.0
) -> float:
    """The probability that |z| reaches its bound at any look, where z has the mean `drift` at fraction 1.

    References:
        Jennison and Turnbull (2000), ch. 19.
    """
    _check_fractions(information_fractions)
    paths, probability = _start(drift), 0.0
    for k, (time, bound) in enumerate(zip(information_fractions, bounds, strict=True)):
        if time - paths.time < LEAST_STEP:
            continue  # as in `_bounds`: next to the look before, it adds next to nothing
        probability += paths.crossing(bound, time)
        paths = paths.onward(bound, time, _next_step(information_fractions, k))
    return min(1.0, probability)


@lru_cache(maxsize=256)
def inflation(
    looks: int, *, alpha: float = 0.05, power: float = 0.8, spending: Spending = "obrien_fleming"
) -> float:
    """By what factor the planned number must grow over one look's, to keep the power with evenly spaced
    looks.

    References:
        Jennison and Turnbull (2000), section 7.2.2 (the ratio R of error-spending tests).
    """
    check_level(power, name="power")
    if looks < 1:
        raise ValueError(f"looks == {looks}, must be >= 1.")
    fractions = tuple((k + 1) / looks for k in range(looks))
    bounds = boundaries(fractions, alpha, spending)
    fixed = -float(special.ndtri(alpha / 2) + special.ndtri(1 - power))

    def surplus(theta: float) -> float:
        return crossing_probability(fractions, bounds, theta) - power

    if surplus(0.0) >= 0:  # chance alone crosses that often, however many looks share it
        return 1.0
    return max(1.0, (float(optimize.brentq(surplus, 0.0, 3 * fixed)) / fixed) ** 2)


def conditional_power(z: float, fraction: float, *, final_bound: float, drift: float | None = None) -> float:
    """The chance that z ends above `final_bound` at fraction 1, given where it is now.

    Args:
        z: Now, positive where the treatment is ahead.
        fraction: Information fraction now, between 0 and 1.
        final_bound: Bound of the last look.
        drift: Mean of z at fraction 1; None takes the present trend, z / √fraction.

    References:
        Jennison and Turnbull (2000), section 10.2.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction == {fraction}, must be > 0 and < 1.")
    mean = z / math.sqrt(fraction) if drift is None else drift
    ahead = z * math.sqrt(fraction) + mean * (1 - fraction) - final_bound
    return float(special.ndtr(ahead / math.sqrt(1 - fraction)))


def _bounds(fractions: Sequence[float], increments: Floats) -> list[float]:
    paths, bounds = _start(0.0), []
    for k, (time, increment) in enumerate(zip(fractions, increments.tolist(), strict=True)):
        if time - paths.time < LEAST_STEP:
            bounds.append(_alone(increment))
            continue
        bounds.append(_bound(paths, time, increment))
        if k + 1 < len(fractions):
            paths = paths.onward(bounds[-1], time, _next_step(fractions, k))
    return bounds


def _bound(paths: _Paths, time: float, increment: float) -> float:
    """The bound at which just `increment` of the probability crosses."""
    if increment <= TINY or paths.crossing(HIGHEST_BOUND, time) >= increment:
        return HIGHEST_BOUND

    def excess(bound: float) -> float:
        """On the log scale, for early looks spend next to nothing."""
        return math.log(max(paths.crossing(bound, time), TINY)) - math.log(increment)

    return float(optimize.brentq(excess, 0, HIGHEST_BOUND))


def _alone(increment: float) -> float:
    """The bound that |z| passes with probability `increment`, whatever was before."""
    return HIGHEST_BOUND if increment <= 0 else min(HIGHEST_BOUND, -float(special.ndtri(increment / 2)))


def _start(drift: float) -> _Paths:
    return _Paths(0.0, drift, np.zeros(1), np.ones(1))


def _next_step(fractions: Sequence[float], k: int) -> float:
    """The information until the next look that is not skipped as too soon."""
    steps = (later - fractions[k] for later in fractions[k + 1 :])
    return next((step for step in steps if step >= LEAST_STEP), 1.0)


def _check_fractions(fractions: Sequence[float]) -> None:
    if not fractions or not all(0 < fraction < math.inf for fraction in fractions):
        raise ValueError(f"information_fractions == {list(fractions)}, must be finite, > 0 and not empty.")
    for earlier, later in pairwise(fractions):
        if later <= earlier:
            raise ValueError(f"information fraction == {later} after {earlier}, must increase.")
        if earlier >= 1:
            raise ValueError(
                f"information fraction == {later} after {earlier}: nothing is left to spend after 1."
            )
