"""Exact two-sided p-values of a 2×2 table: Fisher's, and Boschloo's, for counts too small for a normal curve.

Made here because SciPy's are not fit for a results page: `fisher_exact` overflows at 10¹² participants and
takes seconds at 10⁹, `boschloo_exact` is nan without conversions and takes up to 20 s at 2,000 participants.
They are the witnesses in the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from experiments.stats.estimate import Counts

Floats = NDArray[np.float64]

LARGEST_MARGIN = 1_000_000
"""Fisher's sum runs over the smallest margin of the table; beyond this it is refused."""
MOST_FOR_BOSCHLOO = 2_000
TIE = 1e-7
"""Probabilities this close (relatively) count as equal, as in R's fisher.test and SciPy."""
NUISANCE_POINTS = 400


def smallest_margin(control: Counts, treatment: Counts) -> int:
    """The smallest of the four row and column totals: how many terms Fisher's sum has."""
    conversions = control.conversions + treatment.conversions
    n = control.participants + treatment.participants
    return min(control.participants, treatment.participants, conversions, n - conversions)


def fisher(control: Counts, treatment: Counts) -> float:
    """Two-sided p-value of Fisher's exact test: all tables with these margins no likelier than the one seen.

    Raises:
        ValueError: The smallest margin is above `LARGEST_MARGIN`.

    References:
        Fisher, R. A. (1935). The logic of inductive inference. JRSS 98, 39-82.
    """
    if smallest_margin(control, treatment) > LARGEST_MARGIN:
        raise ValueError(
            f"smallest margin == {smallest_margin(control, treatment)}, must be <= {LARGEST_MARGIN}."
        )
    conversions = control.conversions + treatment.conversions
    pmf, first = _hypergeometric(control.participants, treatment.participants, conversions)
    seen = pmf[treatment.conversions - first]
    return min(1.0, float(pmf[pmf <= seen * (1 + TIE)].sum()))


def _hypergeometric(control: int, treatment: int, conversions: int) -> tuple[Floats, int]:
    """Probabilities of the treatment's share of `conversions`, and the count that the first of them belongs
    to.

    By ratios of neighbours: they do not cancel, as log-gammas of 10¹² would.
    """
    first, last = max(0, conversions - control), min(treatment, conversions)
    k = np.arange(first, last, dtype=np.float64)
    steps = np.log((treatment - k) / (k + 1)) + np.log((conversions - k) / (control - conversions + k + 1))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    pmf = np.exp(logs - logs.max())
    return pmf / pmf.sum(), first


@lru_cache(maxsize=512)
def boschloo(control: Counts, treatment: Counts) -> float:
    """Two-sided p-value of Boschloo's unconditional exact test: twice the smaller one-sided one, at most 1.

    The one-sided p-value is the greatest probability, over the common rate, of a table whose one-sided Fisher
    p-value is no larger than the one seen. Uniformly more powerful than Fisher's test.

    Raises:
        ValueError: There are more than `MOST_FOR_BOSCHLOO` participants.

    References:
        Boschloo, R. D. (1970). Raised conditional level of significance for the 2×2 table when testing the
        equality of two probabilities. Statistica Neerlandica 24, 1-9.
    """
    n = control.participants + treatment.participants
    if n > MOST_FOR_BOSCHLOO:
        raise ValueError(f"participants == {n}, must be <= {MOST_FOR_BOSCHLOO} for Boschloo's test.")
    higher = _boschloo_greater(control, treatment)
    lower = _boschloo_greater(_failures(control), _failures(treatment))
    return min(1.0, 2 * min(higher, lower))


def _failures(counts: Counts) -> Counts:
    return Counts(counts.participants, counts.participants - counts.conversions)


def _boschloo_greater(control: Counts, treatment: Counts) -> float:
    """One-sided p-value against a higher treatment rate."""
    edges = _edges(control, treatment)
    order = np.arange(control.participants + 1)
    log_choose = special.gammaln(control.participants + 1) - (
        special.gammaln(order + 1) + special.gammaln(control.participants - order + 1)
    )
    reached = edges <= treatment.participants

    def probability(rate: float) -> float:
        logs = log_choose + special.xlogy(order, rate) + special.xlog1py(control.participants - order, -rate)
        tails = special.bdtrc(edges[reached] - 1.0, treatment.participants, rate)
        return float(np.exp(logs[reached]) @ tails)

    return _greatest(probability)


def _edges(control: Counts, treatment: Counts) -> NDArray[np.int64]:
    """For each number of control conversions, the least of the treatment's that is as extreme as seen."""
    n_control, n_treatment = control.participants, treatment.participants
    seen = _upper_tail(n_control, n_treatment, control.conversions + treatment.conversions)
    limit = seen[0][treatment.conversions - seen[1]] * (1 + TIE)
    edges = np.full(n_control + 1, n_treatment + 1)
    for conversions in range(n_control + n_treatment + 1):
        tail, first = _upper_tail(n_control, n_treatment, conversions)
        extreme = first + int(np.count_nonzero(tail > limit))
        in_treatment = np.arange(extreme, first + len(tail))
        in_control = conversions - in_treatment
        edges[in_control] = np.minimum(edges[in_control], in_treatment)
    return edges


def _upper_tail(control: int, treatment: int, conversions: int) -> tuple[Floats, int]:
    pmf, first = _hypergeometric(control, treatment, conversions)
    return np.cumsum(pmf[::-1])[::-1], first


def _greatest(probability: Callable[[float], float]) -> float:
    """The greatest value over rates between 0 and 1: on a grid even in the arc sine, refined at its top."""
    rates = np.sin(np.linspace(0, np.pi / 2, NUISANCE_POINTS + 2)) ** 2
    values = [probability(rate) for rate in rates[1:-1]]
    top = int(np.argmax(values)) + 1
    refined = optimize.minimize_scalar(
        lambda rate: -probability(rate),
        bounds=(rates[top - 1], rates[top + 1]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return max(float(values[top - 1]), -float(refined.fun))
