"""A winner's lift without the luck that it took to win: for reading, beside the plain one."""

from __future__ import annotations

from experiments.analysis.evidence import Compared, Evidence
from experiments.analysis.results import Unavailable
from experiments.stats import shrinkage
from experiments.stats.estimate import Estimate


def corrected_lift(evidence: Evidence, variant: str) -> Estimate | None:
    """The likeliest absolute lift of a treatment, given that it passed its bound.

    None where it passed none, and in mode `open`, whose bound moves with every participant.

    References:
        Zhong, H., Prentice, R. L. (2008), see `experiments.stats.shrinkage`.
    """
    one = next(found for found in evidence.compared if found.variant == variant)
    critical = _critical(evidence, one)
    if critical is None or isinstance(one.z, Unavailable) or isinstance(one.lift, Unavailable):
        return None
    if abs(one.z) <= critical or one.lift.estimate == 0:
        return None
    plain = shrinkage.Lift(one.lift.estimate, abs(one.lift.estimate / one.z))
    return shrinkage.conditional(plain, critical, one.lift.level)


def _critical(evidence: Evidence, one: Compared) -> float | None:
    """The bound that this treatment was held against: Holm's, by how many are more telling than it."""
    looks = evidence.looks
    if evidence.rules.mode == "open" or isinstance(looks, Unavailable) or isinstance(one.z, Unavailable):
        return None
    size = abs(one.z)
    ahead = sum(not isinstance(other.z, Unavailable) and abs(other.z) > size for other in evidence.compared)
    return looks.bounds[len(evidence.compared) - 1 - ahead]
