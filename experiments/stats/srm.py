"""Sample ratio mismatch: whether participants fell on the variants in the shares that were set.

A variant of weight 0 is left out: it is neither expected to have participants nor a degree of freedom. The
chi-square is written out because `scipy.stats.chisquare` takes 0.2 ms a call, and every day of an experiment
is tested; it is the witness in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from scipy import special

from experiments.errors import NotEnoughData
from experiments.stats.e_process import CONCENTRATION, EValue, log_dirichlet_multinomial
from experiments.stats.estimate import Test

LEAST_EXPECTED = 5.0
"""Below this many expected participants in a variant, the chi-square approximation is not used."""


def chi_square(observed: Sequence[int], weights: Sequence[float]) -> Test:
    """The chi-square test of the split, for one look planned before; not for looking again and again.

    Args:
        observed: Participants of each variant.
        weights: The variants' weights in the same order; need not sum to 1.

    Raises:
        NotEnoughData: Fewer than two variants have weight, or one of them expects fewer than 5 participants.
        ValueError: The lengths differ, or a number is negative.

    References:
        Pearson, K. (1900). Philosophical Magazine 50, 157-175. Fabijan, A. et al. (2019). Diagnosing sample
        ratio mismatch in online controlled experiments. KDD.
    """
    counts, shares = _weighted(observed, weights)
    expected = [share * sum(counts) for share in shares]
    if min(expected) < LEAST_EXPECTED:
        raise NotEnoughData(
            f"The split cannot be tested yet: a variant expects {min(expected):.1f} participants, "
            f"the chi-square test needs {LEAST_EXPECTED:.0f}."
        )
    statistic = math.fsum((seen - due) ** 2 / due for seen, due in zip(counts, expected, strict=True))
    return Test(float(special.chdtrc(len(counts) - 1, statistic)), "chi_square", statistic)


def sequential(
    observed: Sequence[int], weights: Sequence[float], *, concentration: float = CONCENTRATION
) -> Test:
    """The test of the split that may be looked at after every participant; its statistic is the log e-value.

    Raises:
        NotEnoughData: Fewer than two variants have weight.
        ValueError: The lengths differ, or a number is negative.

    References:
        Lindon, M., Malek, A. (2022). Anytime-valid inference for multinomial count data. NeurIPS 35.
    """
    counts, shares = _weighted(observed, weights)
    evidence = EValue(log_dirichlet_multinomial(counts, shares, concentration), "dirichlet_multinomial")
    return Test(evidence.p_value, evidence.method, evidence.log_e_value)


def sequential_so_far(
    cumulative: Sequence[Sequence[int]], weights: Sequence[float], *, concentration: float = CONCENTRATION
) -> Test:
    """The strongest sequential answer of all days: evidence once had is not lost when the split evens out
    again.

    Args:
        cumulative: For each day the participants of each variant from the start until then.
        weights: The variants' weights, the same on all days.
        concentration: As for `sequential`.

    Raises:
        NotEnoughData: There is no day, or fewer than two variants have weight.
        ValueError: A variant's participants become fewer from one day to the next, or as for `sequential`.

    References:
        Lindon and Malek (2022): the running minimum of a sequential p-value is one too.
    """
    if not cumulative:
        raise NotEnoughData("The split cannot be tested: there is no day with participants.")
    for earlier, later in pairwise(cumulative):
        if any(after < before for before, after in zip(earlier, later, strict=True)):
            raise ValueError(f"cumulative == {list(later)} after {list(earlier)}, must not decrease.")
    days = [sequential(day, weights, concentration=concentration) for day in cumulative]
    return min(days, key=lambda test: (test.p_value, -(test.statistic or 0.0)))


def _weighted(observed: Sequence[int], weights: Sequence[float]) -> tuple[list[int], list[float]]:
    """Counts and shares of the variants that have weight."""
    if len(observed) != len(weights):
        raise ValueError(f"number of weights == {len(weights)}, must be {len(observed)}, one a variant.")
    if min(observed, default=0) < 0:
        raise ValueError(f"participants == {min(observed)}, must be >= 0.")
    if not all(0 <= weight < math.inf for weight in weights):
        raise ValueError(f"weights == {list(weights)}, must be >= 0 and finite.")
    pairs = [(count, weight) for count, weight in zip(observed, weights, strict=True) if weight > 0]
    if len(pairs) < 2:
        raise NotEnoughData(f"A split needs at least two variants with weight; there are {len(pairs)}.")
    total = math.fsum(weight for _, weight in pairs)
    return [count for count, _ in pairs], [weight / total for _, weight in pairs]
