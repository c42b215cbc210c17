"""Several comparisons at once: adjusted p-values, and the level at which all intervals hold together.

Made here because statsmodels' `multipletests` runs the garbage collector at every call: 80 ms of a request.
It is the witness in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from experiments.stats.estimate import check_level


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given: the chance of any false winner stays at the level.

    For the treatments' comparisons with control on the primary metric, whatever their dependence. The k-th
    smallest of m is multiplied by m - k + 1, and none may come out below a smaller one.

    References:
        Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
        Statistics 6, 65-70.
    """
    order = _order(p_values)
    m = len(order)
    raised = accumulate((min(1.0, (m - k) * p_values[i]) for k, i in enumerate(order)), max)
    return _back(order, list(raised))


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Hochberg's adjusted p-values, in the order given: of what is called different, few are
    not.

    For secondary metrics, which are read as exploratory. The k-th smallest of m is multiplied by m / k, and
    none may come out above a larger one.

    References:
        Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289-300.
    """
    order = _order(p_values)[::-1]
    m = len(order)
    lowered = accumulate((min(1.0, m / (m - k) * p_values[i]) for k, i in enumerate(order)), min)
    return _back(order, list(lowered))


def simultaneous_level(level: float, comparisons: int) -> float:
    """The level of each of `comparisons` intervals at which all of them hold together with `level`.

    References:
        Dunn, O. J. (1961). Multiple comparisons among means. JASA 56, 52-64 (Bonferroni's inequality).
    """
    check_level(level)
    if comparisons < 1:
        raise ValueError(f"comparisons == {comparisons}, must be >= 1.")
    return 1 - (1 - level) / comparisons


def _order(p_values: Sequence[float]) -> list[int]:
    """The places of the p-values from the smallest to the largest."""
    if not all(0 <= p_value <= 1 for p_value in p_values):
        raise ValueError(f"p_values == {list(p_values)}, must be >= 0 and <= 1.")
    return sorted(range(len(p_values)), key=p_values.__getitem__)


def _back(order: list[int], adjusted: list[float]) -> tuple[float, ...]:
    return tuple(value for _, value in sorted(zip(order, adjusted, strict=True)))
