"""Which treatments are better or worse than the control beyond doubt: the plan's bounds, Holm's order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.analysis.evidence import Compared, Evidence
from experiments.analysis.results import Unavailable
from experiments.stats.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Crossing:
    """The treatments beyond the bound, on either side.

    Attributes:
        unavailable: Why nothing could be looked at; then both are empty.
    """

    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    unavailable: str | None = None


def crossings(evidence: Evidence) -> Crossing:
    """The treatments whose primary metric is beyond the bound, two-sided, stepping down by Holm.

    In mode `planned` the k-th most telling of m comparisons is held against the spending bound for
    alpha / (m - k + 1). In mode `open` its anytime-valid p-value is held against that share of alpha: the
    same as asking for an e-value of at least (m - k + 1) / alpha.

    References:
        Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6, 65-70.
    """
    if evidence.not_evaluated is not None:
        return Crossing(unavailable=evidence.not_evaluated)
    if evidence.rules.mode == "open":
        return _open(evidence)
    if isinstance(evidence.looks, Unavailable):
        return Crossing(unavailable=evidence.looks.reason)
    return _planned(evidence, evidence.looks.bounds)


def gain(evidence: Evidence, lift: Estimate | Unavailable) -> float | None:
    """The lift in the good direction; None where there is none."""
    return None if isinstance(lift, Unavailable) else evidence.good * lift.estimate


def of_control(evidence: Evidence, share: float) -> float | None:
    """A share of the control's primary metric, without its sign; None where that is not known."""
    mean = evidence.control_mean
    return None if isinstance(mean, Unavailable) else abs(mean) * share


def _planned(evidence: Evidence, bounds: tuple[float, ...]) -> Crossing:
    scores = [(one.z, one) for one in evidence.compared if not isinstance(one.z, Unavailable)]
    if not scores:
        return Crossing(unavailable=_first_reason(one.z for one in evidence.compared))
    open_comparisons = len(evidence.compared)
    beyond: list[tuple[str, float]] = []
    for z, one in sorted(scores, key=lambda pair: -abs(pair[0])):
        if abs(z) < bounds[open_comparisons - 1]:
            break
        beyond.append((one.variant, z))
        open_comparisons -= 1
    return _sides(evidence, beyond)


def _open(evidence: Evidence) -> Crossing:
    values = [
        (one.sequential_p_value, one)
        for one in evidence.compared
        if not isinstance(one.sequential_p_value, Unavailable)
    ]
    if not values:
        return Crossing(unavailable=_first_reason(one.sequential_p_value for one in evidence.compared))
    open_comparisons = len(evidence.compared)
    beyond: list[tuple[str, float]] = []
    for p_value, one in sorted(values, key=lambda pair: pair[0]):
        if p_value > (1 - evidence.rules.level) / open_comparisons:
            break
        beyond.append((one.variant, _signed(evidence, one)))
        open_comparisons -= 1
    return _sides(evidence, beyond)


def _signed(evidence: Evidence, one: Compared) -> float:
    return gain(evidence, one.lift) or 0.0


def _sides(evidence: Evidence, beyond: list[tuple[str, float]]) -> Crossing:
    """Both sides, in the definition's order, so that the same data read the same."""
    signs = dict(beyond)
    order = [one.variant for one in evidence.compared if one.variant in signs]
    return Crossing(
        better=tuple(variant for variant in order if signs[variant] > 0),
        worse=tuple(variant for variant in order if signs[variant] < 0),
    )


def _first_reason(values: Iterable[float | Unavailable]) -> str:
    reasons = [one.reason for one in values if isinstance(one, Unavailable)]
    return reasons[0] if reasons else "The experiment has no treatment to compare."
