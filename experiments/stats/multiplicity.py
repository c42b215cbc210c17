"""Several comparisons at once: adjusted p-values, and the level at which all intervals hold together."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests

from experiments.stats.estimate import check_level


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given: the chance of any false winner stays at the level.

    For the treatments' comparisons with control on the primary metric, whatever their dependence.

    References:
        Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
        Statistics 6, 65-70.
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Hochberg's adjusted p-values, in the order given: of what is called different, few are
    not.

    For secondary metrics, which are read as exploratory.

    References:
        Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289-300.
    """
    return _adjusted(p_values, "fdr_bh")


def simultaneous_level(level: float, comparisons: int) -> float:
    """The level of each of `comparisons` intervals at which all of them hold together with `level`.

    References:
        Bonferroni; Dunn, O. J. (1961). Multiple comparisons among means. JASA 56, 52-64.
    """
    check_level(level)
    if comparisons < 1:
        raise ValueError(f"comparisons == {comparisons}, must be >= 1.")
    return 1 - (1 - level) / comparisons


def _adjusted(p_values: Sequence[float], method: str) -> tuple[float, ...]:
    if not all(0 <= p_value <= 1 for p_value in p_values):
        raise ValueError(f"p_values == {list(p_values)}, must be >= 0 and <= 1.")
    if not p_values:
        return ()
    return tuple(float(p_value) for p_value in multipletests(p_values, method=method)[1])
