"""Exact anytime-valid tests on counts: Dirichlet mixtures of multinomials, after Lindon and Malek.

An e-value is a bet against the null that gains on average nothing when the null is true. It may be looked at
after every event: the chance that it ever reaches 1/α is at most α, so min(1, 1/e) is a p-value at any time.
No variance is estimated and nothing is asymptotic, so it holds from the first event.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from experiments.stats.estimate import Counts

CONCENTRATION = 100.0
"""How firmly the bet is laid near the null's shares: as if 100 events had been seen in those shares."""


@dataclass(frozen=True, slots=True)
class EValue:
    """Evidence against the null, as a logarithm (e-values overflow), with its always-valid p-value."""

    log_e_value: float
    method: str

    @property
    def p_value(self) -> float:
        """min(1, 1/e)."""
        return math.exp(min(0.0, -self.log_e_value))


def bernoulli_e_value(
    control: Counts,
    treatment: Counts,
    *,
    treatment_share: float = 0.5,
    concentration: float = CONCENTRATION,
) -> EValue:
    """The evidence that the two rates differ, from which variant each conversion came.

    Null: both rates are equal. Then every conversion is the treatment's with the chance `treatment_share`,
    whatever the rate is; participants who did not convert carry nothing and may be unknown. Valid where each
    participant's variant was drawn independently with known shares, equal or not. Where the shares changed,
    make one e-value of each phase's own counts and multiply them (`product`). A sample ratio mismatch looks
    like a lift to it: ask `srm` first.

    Args:
        control: Counts of the control; only conversions matter.
        treatment: Counts of the treatment.
        treatment_share: Treatment's weight / (control's + treatment's), strictly between 0 and 1.
        concentration: Of the mixture; fixed before the start.

    References:
        Lindon, M., Malek, A. (2022). Anytime-valid inference for multinomial count data. NeurIPS 35.
    """
    if not 0 < treatment_share < 1:
        raise ValueError(f"treatment_share == {treatment_share}, must be > 0 and < 1.")
    log_e = log_dirichlet_multinomial(
        [control.conversions, treatment.conversions], [1 - treatment_share, treatment_share], concentration
    )
    return EValue(log_e, "bernoulli_e_process")


def product(e_values: Iterable[EValue]) -> EValue:
    """The e-value of independent phases together: their product.

    References:
        Vovk, V., Wang, R. (2021). E-values: calibration, combination and applications. Annals of Statistics
        49, 1736-1754.
    """
    parts = list(e_values)
    if not parts:
        raise ValueError("number of e-values == 0, must be >= 1.")
    return EValue(math.fsum(part.log_e_value for part in parts), parts[0].method)


def log_dirichlet_multinomial(
    counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION
) -> float:
    """The logarithm of the e-value that events fall on categories in other than the given shares.

    Log of B(A + x) / B(A) ÷ ∏ share^x with A = concentration × shares.

    Args:
        counts: Events in each category so far.
        shares: The null's probabilities, all above 0, of sum 1.
        concentration: Sum of the Dirichlet's parameters, above 0.

    References:
        Lindon, M., Malek, A. (2022), as in `bernoulli_e_value`.
    """
    if not 0 < concentration < math.inf:
        raise ValueError(f"concentration == {concentration}, must be > 0 and finite.")
    x, p = np.asarray(counts, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    rising = np.sum(_log_rising(concentration * p, x)) - _log_rising(np.float64(concentration), x.sum())
    return float(rising - np.sum(x * np.log(p)))


def _log_rising(start: np.float64 | np.ndarray, steps: np.float64 | np.ndarray) -> np.ndarray:
    """Logarithm of start (start + 1) … (start + steps - 1)."""
    return np.asarray(special.gammaln(start + steps) - special.gammaln(start))
