"""One treatment against the control, whatever the metric's kind and however many phases there were."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import reduce
from typing import Protocol

from scipy import special

from experiments.analysis.adaptive import adaptive_pair
from experiments.analysis.samples import AdaptiveStrata, Sample, Strata, Unknown, add, linear
from experiments.analysis.strata import Combined, combine
from experiments.errors import NotEnoughData
from experiments.stats import bayes, mean, noninferiority, proportion, ratio, sequential, shrinkage
from experiments.stats.bayes import BayesianAnswer
from experiments.stats.estimate import Counts, Direction, Estimate, Interval, Means, Test
from experiments.stats.fieller import relative_interval
from experiments.stats.pair_sums import PairSums
from experiments.stats.quantile import BinnedQuantile
from experiments.stats.sequential import SequentialAnswer, Side
from experiments.stats.shrinkage import Lift
from experiments.stats.survival import Restricted

_SEQUENCE = "asymptotic_confidence_sequence_stratified_by_phase"


class Pair(Protocol):
    """The answers about one treatment. Each raises NotEnoughData where the data cannot carry it."""

    def absolute(self, level: float) -> Estimate:
        """Treatment minus control."""
        ...

    def test(self) -> Test:
        """Two-sided test that there is no difference."""
        ...

    def relative(self, level: float) -> Estimate:
        """Treatment over control, minus 1."""
        ...

    def bayesian(self, level: float, direction: Direction) -> BayesianAnswer:
        """The posterior answers."""
        ...

    def lift(self) -> Lift:
        """The relative lift with the delta method's error, as priors are weighed with it."""
        ...

    def worst(self, direction: Direction, alpha: float) -> float:
        """The worst treatment minus control that the data allow at one look, one-sided."""
        ...

    def sequence(self, level: float, planned: int) -> SequentialAnswer:
        """Treatment minus control, valid however often it is looked at; `planned` is of both variants."""
        ...

    def sequence_bound(self, side: Side, *, alpha: float, planned: int) -> float:
        """The bound of treatment minus control on one side, valid however often it is looked at."""
        ...


@dataclass(frozen=True, slots=True)
class RatePair:
    """Two rates of one phase."""

    control: Counts
    treatment: Counts

    def absolute(self, level: float) -> Estimate:
        return proportion.difference(self.control, self.treatment, level)

    def test(self) -> Test:
        return proportion.difference_test(self.control, self.treatment)

    def relative(self, level: float) -> Estimate:
        return proportion.relative(self.control, self.treatment, level)

    def bayesian(self, level: float, direction: Direction) -> BayesianAnswer:
        return bayes.rates(self.control, self.treatment, level=level, direction=direction)

    def lift(self) -> Lift:
        return shrinkage.lift(self.control, self.treatment)

    def worst(self, direction: Direction, alpha: float) -> float:
        return noninferiority.noninferior_rates(
            self.control, self.treatment, 0.0, direction=direction, alpha=alpha
        ).bound

    def sequence(self, level: float, planned: int) -> SequentialAnswer:
        return sequential.confidence_sequence(self.control, self.treatment, level, planned)

    def sequence_bound(self, side: Side, *, alpha: float, planned: int) -> float:
        return _plain_bound(self.control, self.treatment, side, alpha=alpha, planned=planned)


@dataclass(frozen=True, slots=True)
class MeanPair:
    """Two means of one phase."""

    control: Means
    treatment: Means

    def absolute(self, level: float) -> Estimate:
        return mean.difference(self.control, self.treatment, level)

    def test(self) -> Test:
        return mean.difference_test(self.control, self.treatment)

    def relative(self, level: float) -> Estimate:
        return mean.relative(self.control, self.treatment, level)

    def bayesian(self, level: float, direction: Direction) -> BayesianAnswer:
        return bayes.means(self.control, self.treatment, level=level, direction=direction)

    def lift(self) -> Lift:
        return shrinkage.lift(self.control, self.treatment)

    def worst(self, direction: Direction, alpha: float) -> float:
        return noninferiority.noninferior_means(
            self.control, self.treatment, 0.0, direction=direction, alpha=alpha
        ).bound

    def sequence(self, level: float, planned: int) -> SequentialAnswer:
        return sequential.confidence_sequence(self.control, self.treatment, level, planned)

    def sequence_bound(self, side: Side, *, alpha: float, planned: int) -> float:
        return _plain_bound(self.control, self.treatment, side, alpha=alpha, planned=planned)


@dataclass(frozen=True, slots=True)
class RatioPair:
    """Two ratios of one phase: linearised by the delta method, then compared as means are."""

    control: PairSums
    treatment: PairSums

    def absolute(self, level: float) -> Estimate:
        return ratio.difference(self.control, self.treatment, level)

    def test(self) -> Test:
        return ratio.difference_test(self.control, self.treatment)

    def relative(self, level: float) -> Estimate:
        return ratio.relative(self.control, self.treatment, level)

    def bayesian(self, level: float, direction: Direction) -> BayesianAnswer:
        return replace(self._means().bayesian(level, direction), method="normal_ratio_delta")

    def lift(self) -> Lift:
        return self._means().lift()

    def worst(self, direction: Direction, alpha: float) -> float:
        return self._means().worst(direction, alpha)

    def sequence(self, level: float, planned: int) -> SequentialAnswer:
        return self._means().sequence(level, planned)

    def sequence_bound(self, side: Side, *, alpha: float, planned: int) -> float:
        return self._means().sequence_bound(side, alpha=alpha, planned=planned)

    def _means(self) -> MeanPair:
        return MeanPair(ratio.linearised(self.control), ratio.linearised(self.treatment))


@dataclass(frozen=True, slots=True)
class EstimatedPair:
    """Two estimates of one phase that have a standard error each, such as quantiles: compared as means are.

    Attributes:
        method: What the estimates are, as the answers name it.
    """

    means: MeanPair
    method: str

    def absolute(self, level: float) -> Estimate:
        return replace(self.means.absolute(level), method=self.method)

    def test(self) -> Test:
        return replace(self.means.test(), method=self.method)

    def relative(self, level: float) -> Estimate:
        return replace(self.means.relative(level), method=f"{self.method}_fieller")

    def bayesian(self, level: float, direction: Direction) -> BayesianAnswer:
        return replace(self.means.bayesian(level, direction), method=f"normal_{self.method}")

    def lift(self) -> Lift:
        return self.means.lift()

    def worst(self, direction: Direction, alpha: float) -> float:
        return self.means.worst(direction, alpha)

    def sequence(self, level: float, planned: int) -> SequentialAnswer:
        return self.means.sequence(level, planned)

    def sequence_bound(self, side: Side, *, alpha: float, planned: int) -> float:
        return self.means.sequence_bound(side, alpha=alpha, planned=planned)


@dataclass(frozen=True, slots=True)
class StratifiedPair:
    """Two variants over several phases, each phase compared within itself; normal approximation throughout.

    Attributes:
        pooled: Both variants over all phases: only to say whether a sequence's burn-in is over.
    """

    combined: Combined
    pooled: tuple[Sample, Sample]

    def absolute(self, level: float) -> Estimate:
        error = self._error()
        reach = _two_sided(level) * error
        lift = self.combined.difference
        return Estimate(lift, Interval(lift - reach, lift + reach), level, "stratified_by_phase")

    def test(self) -> Test:
        z = self.combined.difference / self._error()
        return Test(2 * float(special.ndtr(-abs(z))), "stratified_by_phase", z)

    def relative(self, level: float) -> Estimate:
        self._error()
        interval = relative_interval(
            self.combined.control,
            self.combined.treatment,
            control_variance=self.combined.control_variance,
            treatment_variance=self.combined.treatment_variance,
            quantile=_two_sided(level),
        )
        estimate = self.combined.treatment / self.combined.control - 1
        return Estimate(estimate, interval, level, "fieller_stratified_by_phase")

    def bayesian(self, level: float, direction: Direction) -> BayesianAnswer:
        error, lift = self._error(), self.combined.difference
        reach = _two_sided(level) * error
        z = (lift if direction == "increase" else -lift) / error
        return BayesianAnswer(
            chance_to_beat_control=float(special.ndtr(z)),
            expected_loss=max(0.0, error * (_density(z) - z * float(special.ndtr(-z)))),
            interval=Interval(lift - reach, lift + reach),
            level=level,
            method="normal_stratified_by_phase",
        )

    def lift(self) -> Lift:
        found = self.combined
        return shrinkage.lift_of(
            (found.control, found.control_variance), (found.treatment, found.treatment_variance)
        )

    def worst(self, direction: Direction, alpha: float) -> float:
        reach = -float(special.ndtri(alpha)) * self._error()
        return self.combined.difference - (reach if direction == "increase" else -reach)

    def sequence(self, level: float, planned: int) -> SequentialAnswer:
        self._check_burn_in(level, planned)
        error, lift = self._error(), self.combined.difference
        r = self._relative_time(1 - level, planned)
        reach = error * math.sqrt(2 * (r + 1) / r * math.log(math.sqrt(r + 1) / (1 - level)))
        log_p = math.log(r + 1) / 2 - (lift / error) ** 2 * r / (r + 1) / 2
        interval = Interval(lift - reach, lift + reach)
        return SequentialAnswer(lift, interval, math.exp(min(0.0, log_p)), level, _SEQUENCE)

    def sequence_bound(self, side: Side, *, alpha: float, planned: int) -> float:
        self._check_burn_in(1 - alpha, planned)
        r = self._relative_time(min(2 * alpha, 0.99), planned)
        reach = self._error() * math.sqrt(2 * (r + 1) / r * math.log1p(math.sqrt(r + 1) / (2 * alpha)))
        return self.combined.difference + (reach if side == "upper" else -reach)

    def _check_burn_in(self, level: float, planned: int) -> None:
        """Raises NotEnoughData while both variants over all phases are too few for a sequence."""
        control, treatment = (linear(one) for one in self.pooled)
        sequential.confidence_sequence(control, treatment, level, planned)

    def _relative_time(self, alpha: float, planned: int) -> float:
        """As in `stats.sequential`, with the participants that two equal variants would need for as much."""
        best = -2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))
        return best * 4 * self.combined.information / planned

    def _error(self) -> float:
        if self.combined.standard_error == 0:
            raise NotEnoughData("All values are the same within each variant, so the spread is not known.")
        return self.combined.standard_error


def pair_of(strata: Strata, control: str, treatment: str) -> Pair:
    """The comparison of two variants: exact methods in one phase, stratified over several.

    Raises:
        NotEnoughData: One of the two has no participant, or no phase has enough of both.
    """
    if isinstance(strata, AdaptiveStrata):
        return adaptive_pair(strata, control, treatment, _both(strata, control, treatment))
    shared = {phase: found for phase, found in strata.items() if control in found and treatment in found}
    if not shared:
        raise NotEnoughData(f"No phase has participants of both {control} and {treatment} yet.")
    for found in shared.values():
        for sample in (found[control], found[treatment]):
            if isinstance(sample, Unknown):
                raise NotEnoughData(sample.reason)
    if len(shared) > 1:
        both = pooled(shared, control), pooled(shared, treatment)
        return StratifiedPair(combine(shared, control, treatment), both)
    only = next(iter(shared.values()))
    return _plain(only[control], only[treatment])


def _both(strata: Strata, control: str, treatment: str) -> tuple[Sample, Sample]:
    """Both variants over all phases.

    Raises:
        NotEnoughData: One of them has no participant.
    """
    for key in (control, treatment):
        if not any(key in found for found in strata.values()):
            raise NotEnoughData(f"{key} has no participant yet.")
    return pooled(strata, control), pooled(strata, treatment)


def pooled(strata: Strata, variant: str) -> Sample:
    """One variant over all phases, for counts and burn-ins; never compared with another's."""
    return reduce(add, (found[variant] for found in strata.values() if variant in found))


def _plain_bound(
    control: Counts | Means, treatment: Counts | Means, side: Side, *, alpha: float, planned: int
) -> float:
    return sequential.one_sided_sequence(
        control, treatment, side=side, alpha=alpha, planned_participants=planned
    ).bound


def _plain(control: Sample, treatment: Sample) -> Pair:
    if isinstance(control, Counts) and isinstance(treatment, Counts):
        return RatePair(control, treatment)
    if isinstance(control, PairSums) and isinstance(treatment, PairSums):
        return RatioPair(control, treatment)
    if isinstance(control, Means) and isinstance(treatment, Means):
        return MeanPair(control, treatment)
    if isinstance(control, BinnedQuantile) and isinstance(treatment, BinnedQuantile):
        return EstimatedPair(_means(control, treatment), "quantile_woodruff")
    if isinstance(control, Restricted) and isinstance(treatment, Restricted):
        return EstimatedPair(_means(control, treatment), "restricted_mean")
    raise TypeError("Samples of two kinds cannot be compared.")


def _means(control: Sample, treatment: Sample) -> MeanPair:
    """Two samples by their estimates and variances."""
    one, other = linear(control), linear(treatment)
    if isinstance(one, Counts) or isinstance(other, Counts):
        raise TypeError("Rates are compared as rates.")
    return MeanPair(one, other)


def _two_sided(level: float) -> float:
    return -float(special.ndtri((1 - level) / 2))


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
