"""Two variants of an experiment whose traffic follows its results: weighted by the recorded shares.

Added up, or combined by how many came, the estimate would be biased: how many came depends on what was seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from scipy import special

from experiments.analysis.samples import AdaptiveStrata, Sample, linear
from experiments.errors import NotEnoughData
from experiments.stats import adaptive, mean, sequential, shrinkage
from experiments.stats.bayes import BayesianAnswer
from experiments.stats.estimate import Counts, Direction, Estimate, Interval, Moments, Sums, Test
from experiments.stats.fieller import relative_interval
from experiments.stats.posterior import Mirrored, NormalPosterior, chance_greatest
from experiments.stats.sequential import SequentialAnswer, Side
from experiments.stats.shrinkage import Lift

METHOD = "inverse_probability_weighted"
A_RATIO = "A ratio is not compared while traffic follows the results: its two sides are not weighted yet."


@dataclass(frozen=True)
class AdaptivePair:
    """One treatment against the control over phases of changing shares.

    Attributes:
        phases: Those that hold participants, in order, with every variant.
        control, treatment: Their places in each phase.
        pooled: Both over all phases: only to say whether a sequence's burn-in is over.
    """

    phases: tuple[adaptive.Phase, ...]
    control: int
    treatment: int
    pooled: tuple[Sample, Sample]

    @cached_property
    def _found(self) -> adaptive.Weighted:
        return adaptive.weighted(self.phases, self.control, self.treatment)

    def absolute(self, level: float) -> Estimate:
        return adaptive.difference(self.phases, self.control, self.treatment, level)

    def test(self) -> Test:
        z = self._found.estimate / self._found.standard_error
        return Test(2 * float(special.ndtr(-abs(z))), METHOD, z)

    def relative(self, level: float) -> Estimate:
        """By Fieller: the two weighted means hardly vary together, as no participant weighs in both."""
        control, treatment = (adaptive.mean(self.phases, place) for place in (self.control, self.treatment))
        interval = relative_interval(
            control.mean,
            treatment.mean,
            control_variance=control.variance / control.participants,
            treatment_variance=treatment.variance / treatment.participants,
            quantile=-float(special.ndtri((1 - level) / 2)),
        )
        return Estimate(treatment.mean / control.mean - 1, interval, level, f"fieller_{METHOD}")

    def bayesian(self, level: float, direction: Direction) -> BayesianAnswer:
        error, lift = self._found.standard_error, self._found.estimate
        reach = -float(special.ndtri((1 - level) / 2)) * error
        z = (lift if direction == "increase" else -lift) / error
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return BayesianAnswer(
            chance_to_beat_control=float(special.ndtr(z)),
            expected_loss=max(0.0, error * (density - z * float(special.ndtr(-z)))),
            interval=Interval(lift - reach, lift + reach),
            level=level,
            method=f"normal_{METHOD}",
        )

    def lift(self) -> Lift:
        both = (adaptive.mean(self.phases, place) for place in (self.control, self.treatment))
        control, treatment = ((one.mean, one.variance / one.participants) for one in both)
        return shrinkage.lift_of(control, treatment)

    def worst(self, direction: Direction, alpha: float) -> float:
        reach = -float(special.ndtri(alpha)) * self._found.standard_error
        return self._found.estimate - (reach if direction == "increase" else -reach)

    def sequence(self, level: float, planned: int) -> SequentialAnswer:
        self._check_burn_in(level, planned)
        return adaptive.sequence(self.phases, self.control, self.treatment, level, self._of_all(planned))

    def sequence_bound(self, side: Side, *, alpha: float, planned: int) -> float:
        self._check_burn_in(1 - alpha, planned)
        return adaptive.sequence_bound(
            self.phases,
            self.control,
            self.treatment,
            side=side,
            alpha=alpha,
            planned_participants=self._of_all(planned),
        )

    def _of_all(self, planned: int) -> int:
        """The planned participants of all variants, from those of two."""
        return max(1, planned * len(self.phases[0].probabilities) // 2)

    def _check_burn_in(self, level: float, planned: int) -> None:
        """Raises NotEnoughData while both variants over all phases are too few for a sequence."""
        control, treatment = (linear(one) for one in self.pooled)
        sequential.confidence_sequence(control, treatment, level, planned)


def adaptive_pair(
    strata: AdaptiveStrata, control: str, treatment: str, pooled: tuple[Sample, Sample]
) -> AdaptivePair:
    """The comparison of two variants.

    Raises:
        NotEnoughData: There is no participant, or the metric is a ratio.
    """
    keys = _keys(strata)
    return AdaptivePair(_phases(strata, keys), keys.index(control), keys.index(treatment), pooled)


def adaptive_mean(strata: AdaptiveStrata, variant: str, level: float) -> Estimate:
    """One variant's mean with its interval, unbiased.

    Raises:
        NotEnoughData: As `adaptive_pair`; or the first phase has too few of it.
    """
    found = mean.mean(adaptive_moments(strata, variant), level)
    return Estimate(found.estimate, found.interval, level, METHOD)


def adaptive_best_chances(
    strata: AdaptiveStrata, variants: Sequence[str], direction: Direction
) -> dict[str, float]:
    """For each variant the probability that it is the best of all, by normal posteriors of weighted means.

    Raises:
        NotEnoughData: As `adaptive_mean`, for any of them.
    """
    posteriors = []
    for key in variants:
        found = adaptive_moments(strata, key)
        posterior = NormalPosterior(found.mean, math.sqrt(found.variance / found.participants))
        posteriors.append(posterior if direction == "increase" else Mirrored(posterior))
    return {key: chance_greatest(place, posteriors) for place, key in enumerate(variants)}


def adaptive_moments(strata: AdaptiveStrata, variant: str) -> Moments:
    """One variant's mean, unbiased, with what one participant adds to its variance.

    Raises:
        NotEnoughData: As `adaptive_mean`.
    """
    keys = _keys(strata)
    return adaptive.mean(_phases(strata, keys), keys.index(variant))


def _keys(strata: AdaptiveStrata) -> list[str]:
    """All variants, in the order of the first phase's shares."""
    return list(next(iter(strata.shares.values())))


def _phases(strata: AdaptiveStrata, keys: Sequence[str]) -> tuple[adaptive.Phase, ...]:
    found = tuple(
        adaptive.Phase(
            tuple(strata.shares[number][key] for key in keys),
            tuple(_plain(strata[number].get(key), strata[number]) for key in keys),
        )
        for number in sorted(strata)
    )
    if not found:
        raise NotEnoughData("There is no participant yet.")
    return found


def _plain(sample: Sample | None, beside: object) -> Counts | Sums:
    """The sample; of a variant that nobody of the phase got, one without participants."""
    if sample is None:
        others = list(beside.values()) if isinstance(beside, dict) else []
        return Counts(0, 0) if all(isinstance(one, Counts) for one in others) else Sums(0, 0, 0)
    if isinstance(sample, Counts | Sums):
        return sample
    raise NotEnoughData(A_RATIO)
