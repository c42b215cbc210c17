"""What all experiments together say of one persuasion principle: a random-effects mean of its lifts.

Every experiment counts once for a principle, with the logarithm of treatment over control on its primary
metric, turned so that positive is good: so rates, means and ratios have one scale.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy import special

from experiments.analysis import wording
from experiments.analysis.adaptive import adaptive_moments
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData
from experiments.analysis.health.health import is_sound
from experiments.analysis.reading import Ledger, matured_through
from experiments.analysis.results import Json, Unavailable
from experiments.analysis.samples import AdaptiveStrata, Strata
from experiments.analysis.strata import combine
from experiments.errors import NotEnoughData
from experiments.model.experiment import Principle
from experiments.stats import pooling
from experiments.stats.pooling import Pooled, Study
from experiments.stats.shrinkage import RelativePrior

LEVEL = 0.95
INVALID = "Its data are not valid."
SIMULATED = "Its units are simulated, and others are not."


@dataclass(frozen=True, slots=True)
class LogLift:
    """One treatment's good lift as a logarithm, with the variance of its own mean and the control's."""

    variant: str
    effect: float
    own_variance: float
    control_variance: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one experiment says of one principle.

    Attributes:
        variants: Its treatments with the principle, taken together.
        beside: Other principles that these treatments carry too: the lift is theirs as well.
        effect, variance: Of the good lift's logarithm.
    """

    experiment: str
    metric: str
    variants: tuple[str, ...]
    beside: tuple[Principle, ...]
    simulated: bool
    effect: float
    variance: float

    def document(self) -> Json:
        """The contribution as JSON, on the relative scale."""
        reach = -float(special.ndtri((1 - LEVEL) / 2)) * math.sqrt(self.variance)
        return {
            "experiment": self.experiment,
            "metric": self.metric,
            "variants": list(self.variants),
            "beside": list(self.beside),
            "simulated": self.simulated,
            "lift": math.expm1(self.effect),
            "interval": [math.expm1(self.effect - reach), math.expm1(self.effect + reach)],
        }


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An experiment that says nothing of a principle that it tries, and why."""

    experiment: str
    reason: str


Told = Mapping[Principle, Contribution | LeftOut]
"""What one experiment says, by principle."""


@dataclass(frozen=True, slots=True)
class Pooling:
    """All experiments on one principle.

    Attributes:
        pooled: On the scale of logarithms.
        simulated: Whether every experiment's units are simulated, so that it says nothing of people.
    """

    contributions: tuple[Contribution, ...]
    left_out: tuple[LeftOut, ...]
    pooled: Pooled | Unavailable

    @property
    def simulated(self) -> bool:
        """Whether there are contributions, and no real person is behind any."""
        return bool(self.contributions) and all(one.simulated for one in self.contributions)

    @property
    def prior(self) -> RelativePrior | None:
        """The next experiment's good relative lift, as a plan can take it; none from simulated units."""
        if isinstance(self.pooled, Unavailable) or self.simulated:
            return None
        found = pooling.next_prior(self.pooled)
        lift = math.exp(found.mean)
        return RelativePrior(math.expm1(found.mean), lift * found.deviation, found.source)

    @property
    def says(self) -> str:
        """The answer as a sentence or two."""
        if isinstance(self.pooled, Unavailable):
            return self.pooled.reason
        mean, next_one = self.pooled.mean, self.pooled.prediction
        said = [
            f"Over {self.pooled.studies} experiments the mean lift is {_percent(mean.estimate)}, "
            f"{wording.level(LEVEL)} interval {_percent(mean.interval.lower)} to "
            f"{_percent(mean.interval.upper)}; the next experiment's is to be expected between "
            f"{_percent(next_one.lower)} and {_percent(next_one.upper)}."
        ]
        if self.pooled.few:
            said.append(
                f"Fewer than {pooling.FEW_STUDIES} experiments: how much they differ is a rough guess."
            )
        shared = sum(bool(one.beside) for one in self.contributions)
        if shared:
            said.append(
                f"In {shared} of them the wording uses other principles too, and the lift is theirs as well."
            )
        if self.simulated:
            said.append("All units are simulated: this says nothing of people.")
        return " ".join(said)

    def document(self) -> Json:
        """The pooled answer as JSON, on the relative scale; `pooled` is null where there is none."""
        return {
            "pooled": None if isinstance(self.pooled, Unavailable) else _pooled(self.pooled),
            "prior": _prior(self.prior),
            "simulated": self.simulated,
            "contributions": [one.document() for one in self.contributions],
            "left_out": [{"experiment": one.experiment, "reason": one.reason} for one in self.left_out],
            "note": self.says,
        }


def told_by(data: ExperimentData, ledger: Ledger, carried: Mapping[str, Sequence[Principle]]) -> Told:
    """What one experiment says of each principle that its treatments carry.

    Participants whose window has ended count, as in the verdict.

    Args:
        carried: The principles of each treatment.
    """
    using: defaultdict[Principle, list[str]] = defaultdict(list)
    for variant in data.treatments:
        for principle in carried.get(variant, ()):
            using[principle].append(variant)
    if not using:
        return {}
    if not is_sound(data, ledger):
        return {principle: LeftOut(data.definition.key, INVALID) for principle in using}
    found = {key: attempt(log_lift, data, ledger, key) for keys in using.values() for key in keys}
    return {
        principle: _together(data, principle, [found[key] for key in keys], carried)
        for principle, keys in using.items()
    }


def log_lift(data: ExperimentData, ledger: Ledger, treatment: str) -> LogLift:
    """The logarithm of treatment over control on the primary metric, positive where it is good.

    By the delta method: its variance is the sum of both means' relative variances.

    Raises:
        NotEnoughData: The metric is not defined, or one of both means is not clearly above 0.

    References:
        Hedges, L. V., Gurevitch, J., Curtis, P. S. (1999). The meta-analysis of response ratios in
        experimental ecology. Ecology 80, 1150-1156.
    """
    metric = data.metric(data.definition.plan.primary)
    if metric is None:
        raise NotEnoughData("Its primary metric is not defined.")
    strata = ledger.strata(metric, through=matured_through(data, metric))
    control, treated = _means(strata, data.definition.control.key, treatment)
    for mean, variance in (control, treated):
        if mean <= 2 * math.sqrt(variance):
            raise NotEnoughData("A mean is not clearly above 0 yet, so a relative lift says nothing.")
    good = 1 if metric.direction == "increase" else -1
    own, shared = (variance / mean**2 for mean, variance in (treated, control))
    if own + shared == 0:
        raise NotEnoughData("All values are the same within each variant, so the spread is not known.")
    return LogLift(treatment, good * math.log(treated[0] / control[0]), own, shared)


def pooled_over(told: Iterable[Contribution | LeftOut]) -> Pooling:
    """All experiments on one principle; those with simulated units count only where all are such."""
    told = list(told)
    found = [one for one in told if isinstance(one, Contribution)]
    left_out = [one for one in told if isinstance(one, LeftOut)]
    if any(not one.simulated for one in found):
        left_out += [LeftOut(one.experiment, SIMULATED) for one in found if one.simulated]
        found = [one for one in found if not one.simulated]
    studies = [Study(one.effect, one.variance) for one in found]
    return Pooling(tuple(found), tuple(left_out), attempt(pooling.pool, studies, LEVEL))


def _together(
    data: ExperimentData,
    principle: Principle,
    lifts: Sequence[LogLift | Unavailable],
    carried: Mapping[str, Sequence[Principle]],
) -> Contribution | LeftOut:
    """One effect of all treatments that carry the principle.

    They share a control, so their lifts vary together by its variance. Of equal true effects the best
    unbiased mean weighs each by its own variance, and the control's is not made less by taking the mean.

    References:
        Gleser, L. J., Olkin, I. (2009). Stochastically dependent effect sizes. In: The Handbook of Research
        Synthesis and Meta-Analysis, 2nd ed., ch. 19.
    """
    known = [one for one in lifts if not isinstance(one, Unavailable)]
    if not known:
        reason = next(one.reason for one in lifts if isinstance(one, Unavailable))
        return LeftOut(data.definition.key, reason)
    certain = [one for one in known if one.own_variance == 0]
    weights = [1.0 for _ in certain] if certain else [1 / one.own_variance for one in known]
    weighed, total = certain or known, math.fsum(weights)
    effect = math.fsum(w * one.effect for w, one in zip(weights, weighed, strict=True)) / total
    shared = math.fsum(w * one.control_variance for w, one in zip(weights, weighed, strict=True)) / total
    others = {name for one in known for name in carried[one.variant] if name != principle}
    return Contribution(
        experiment=data.definition.key,
        metric=data.definition.plan.primary,
        variants=tuple(one.variant for one in known),
        beside=tuple(sorted(others)),
        simulated=data.definition.simulated,
        effect=effect,
        variance=(0.0 if certain else 1 / total) + shared,
    )


def _means(strata: Strata, control: str, treatment: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Both means with their variances, over the same mix of phases."""
    if not all(any(key in found for found in strata.values()) for key in (control, treatment)):
        raise NotEnoughData("No participant's window has ended yet.")
    if isinstance(strata, AdaptiveStrata):
        before, after = (adaptive_moments(strata, key) for key in (control, treatment))
        return (before.mean, before.variance / before.participants), (
            after.mean,
            after.variance / after.participants,
        )
    both = combine(strata, control, treatment)
    return (both.control, both.control_variance), (both.treatment, both.treatment_variance)


def _percent(log_lift: float) -> str:
    return wording.percent(math.expm1(log_lift), signed=True)


def _pooled(found: Pooled) -> Json:
    interval, next_one = found.mean.interval, found.prediction
    return {
        "experiments": found.studies,
        "few": found.few,
        "lift": math.expm1(found.mean.estimate),
        "interval": [math.expm1(interval.lower), math.expm1(interval.upper)],
        "prediction": [math.expm1(next_one.lower), math.expm1(next_one.upper)],
        "level": found.mean.level,
        "method": found.mean.method,
        "log": {
            "mean": found.mean.estimate,
            "standard_error": found.standard_error,
            "tau_squared": found.tau_squared,
        },
        "i_squared": found.i_squared,
        "heterogeneity": {"p_value": found.heterogeneity.p_value, "q": found.heterogeneity.statistic},
    }


def _prior(prior: RelativePrior | None) -> Json | None:
    if prior is None:
        return None
    return {"mean": prior.mean, "sd": prior.deviation, "source": prior.source}
