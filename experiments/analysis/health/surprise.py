"""Twyman's law: a figure that looks too good is more often a fault than a find."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData
from experiments.analysis.health.check import Check, unknown
from experiments.analysis.pairs import pair_of
from experiments.analysis.reading import Ledger, matured_through
from experiments.analysis.results import Unavailable
from experiments.analysis.thresholds import TOO_GOOD_DEVIATIONS, TOO_GOOD_MDES
from experiments.stats.estimate import Estimate
from experiments.stats.shrinkage import E_COMMERCE, RelativePrior

NAME = "too_good_to_be_true"


def too_good(data: ExperimentData, ledger: Ledger, prior: RelativePrior = E_COMMERCE) -> Check:
    """Whether a treatment's lift on the primary metric is beyond what one may believe at once.

    It warns where even the cautious end of the relative lift's interval, in the good direction, is above the
    greater of three times the plan's smallest effect worth finding and the prior's mean plus four of its
    deviations. The end nearer to no lift is taken, so that a small experiment's noise raises no alarm.

    References:
        Kohavi, R., Tang, D., Xu, Y. (2020). Trustworthy Online Controlled Experiments, ch. 3 (Twyman's law).
    """
    metric = data.metric(data.definition.plan.primary)
    if metric is None:
        return unknown(NAME, "The primary metric is not defined.")
    limit = threshold(data, prior)
    strata = ledger.strata(metric, through=matured_through(data, metric))
    good, level = (1 if metric.direction == "increase" else -1), data.definition.plan.level

    def lift(treatment: str) -> Estimate:
        return pair_of(strata, data.definition.control.key, treatment).relative(level)

    found = {key: attempt(lift, key) for key in data.treatments}
    ends = {key: _cautious(one, good) for key, one in found.items() if not isinstance(one, Unavailable)}
    details = {"threshold": limit, "prior": prior.source, "cautious_lifts": ends}
    if not ends:
        reason = next((one for one in found.values() if isinstance(one, Unavailable)), None)
        return unknown(NAME, reason or "There is nothing to compare yet.", threshold=limit)
    highest = max(ends, key=lambda key: ends[key])
    if ends[highest] <= limit:
        return Check(NAME, "ok", f"No lift is beyond {wording.percent(limit)} at its least.", details=details)
    says = (
        f"{highest} is better by at least {wording.percent(ends[highest])} of the control, more than the "
        f"{wording.percent(limit)} that one may believe at once: look for a fault in counting before you "
        "celebrate."
    )
    return Check(NAME, "warning", says, details=details)


def threshold(data: ExperimentData, prior: RelativePrior) -> float:
    """The relative lift that is too good to be believed at once."""
    by_plan = TOO_GOOD_MDES * data.definition.plan.mde_relative
    return max(by_plan, prior.mean + TOO_GOOD_DEVIATIONS * prior.deviation)


def _cautious(lift: Estimate, good: int) -> float:
    return lift.interval.lower if good > 0 else -lift.interval.upper
