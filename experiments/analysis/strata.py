"""Phases combined without being pooled: each is compared within itself, then the differences are averaged.

Pooling phases of different weights would compare different times with each other, and can turn the sign of a
lift (Simpson's paradox).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.analysis.adaptive import adaptive_best_chances
from experiments.analysis.samples import AdaptiveStrata, Sample, Strata, Unknown, linear
from experiments.errors import NotEnoughData
from experiments.stats import bayes, quantile
from experiments.stats.estimate import Counts, Direction, Moments, Sums
from experiments.stats.pair_sums import PairSums
from experiments.stats.posterior import NormalPosterior, chance_greatest
from experiments.stats.quantile import BinnedQuantile
from experiments.stats.survival import Restricted


@dataclass(frozen=True, slots=True)
class Combined:
    """Both variants' means over the same mix of phases.

    Attributes:
        control, treatment: Means standardised to that mix.
        control_variance, treatment_variance: Variances of those means.
        information: Σ n·m / (n + m) over the phases: half the participants of each of two equal variants.
        phases: The phases that carry the comparison.
        left_out: Phases in which one of the two had too few participants to be compared.
    """

    control: float
    treatment: float
    control_variance: float
    treatment_variance: float
    information: float
    phases: tuple[int, ...]
    left_out: tuple[int, ...]

    @property
    def difference(self) -> float:
        """Treatment minus control."""
        return self.treatment - self.control

    @property
    def standard_error(self) -> float:
        """Standard error of the difference."""
        return math.sqrt(self.control_variance + self.treatment_variance)


def combine(strata: Strata, control: str, treatment: str) -> Combined:
    """Both variants over the phases that have both, each phase weighted by n·m / (n + m).

    These are the weights of Cochran, and of Mantel and Haenszel: of least variance when the spread is the
    same in every phase, and they do not depend on the outcome, as inverse variances of rates do.

    Raises:
        NotEnoughData: No phase has enough participants of both.

    References:
        Cochran, W. G. (1954). Some methods for strengthening the common χ² tests. Biometrics 10, 417-451.
    """
    pairs = {
        phase: (found[control], found[treatment])
        for phase, found in strata.items()
        if _carries(found, control, treatment)
    }
    if not pairs:
        raise NotEnoughData("No phase has participants enough of both variants, so nothing can be compared.")
    weights = {phase: information(a.participants, b.participants) for phase, (a, b) in pairs.items()}
    total = sum(weights.values())
    shares = {phase: weight / total for phase, weight in weights.items()}
    return Combined(
        control=sum(shares[phase] * mean(a) for phase, (a, _) in pairs.items()),
        treatment=sum(shares[phase] * mean(b) for phase, (_, b) in pairs.items()),
        control_variance=sum(shares[phase] ** 2 * _variance_of_mean(a) for phase, (a, _) in pairs.items()),
        treatment_variance=sum(shares[phase] ** 2 * _variance_of_mean(b) for phase, (_, b) in pairs.items()),
        information=total,
        phases=tuple(pairs),
        left_out=tuple(phase for phase in strata if phase not in pairs),
    )


def best_chances(strata: Strata, variants: Sequence[str], direction: Direction) -> dict[str, float]:
    """For each variant the probability that it is the best of all; they sum to 1.

    Over several phases by normal posteriors of the means over one mix of phases: those that hold every
    variant, each by its participants.

    Raises:
        NotEnoughData: There are fewer than two variants, or one of them cannot carry a posterior.
    """
    if len(variants) < 2:
        raise NotEnoughData("It takes at least two variants with participants to say which is best.")
    if isinstance(strata, AdaptiveStrata):
        return adaptive_best_chances(strata, variants, direction)
    if len(strata) == 1:
        found = next(iter(strata.values()))
        chances = bayes.chance_to_be_best(_of_one_kind([found[key] for key in variants]), direction=direction)
        return dict(zip(variants, chances, strict=True))
    facing = _facing(_standardised(strata, variants), direction)
    return {key: chance_greatest(place, facing) for place, key in enumerate(variants)}


def _of_one_kind(samples: Sequence[Sample]) -> list[Counts] | list[Sums] | list[Moments]:
    found = [linear(sample) for sample in samples]
    counts = [one for one in found if isinstance(one, Counts)]
    sums = [one for one in found if isinstance(one, Sums)]
    return counts or sums or [one for one in found if isinstance(one, Moments)]


def _standardised(strata: Strata, variants: Sequence[str]) -> list[NormalPosterior]:
    shared = [found for found in strata.values() if _carries(found, *variants)]
    if not shared:
        raise NotEnoughData("No phase has participants enough of every variant, so none can be called best.")
    sizes = [sum(found[key].participants for key in variants) for found in shared]
    shares = [size / sum(sizes) for size in sizes]
    posteriors = []
    for key in variants:
        pairs = list(zip(shares, (found[key] for found in shared), strict=True))
        variance = sum(share**2 * _variance_of_mean(sample) for share, sample in pairs)
        if variance == 0:
            raise NotEnoughData(f"Every participant of {key} has the same value, so the spread is not known.")
        posteriors.append(
            NormalPosterior(sum(share * mean(one) for share, one in pairs), math.sqrt(variance))
        )
    return posteriors


def _facing(posteriors: Sequence[NormalPosterior], direction: Direction) -> list[NormalPosterior]:
    sign = 1 if direction == "increase" else -1
    return [NormalPosterior(sign * one.mean, one.deviation) for one in posteriors]


def information(control: int, treatment: int) -> float:
    """n·m / (n + m): what two variants' participants are worth for their difference."""
    together = control + treatment
    return control * treatment / together if together else 0.0


def mean(sample: Sample) -> float:
    """The rate, mean, ratio or quantile of a sample.

    Raises:
        NotEnoughData: It has no participant, or the data do not carry it.
    """
    if isinstance(sample, BinnedQuantile):
        return quantile.at(sample.values, sample.share)
    found = linear(sample)
    return found.rate if isinstance(found, Counts) else found.mean


def _carries(found: Mapping[str, Sample], *variants: str) -> bool:
    return all(key in found and _has_a_spread(found[key]) for key in variants)


def _has_a_spread(sample: Sample) -> bool:
    """Whether the variance of the sample's mean can be computed."""
    if isinstance(sample, PairSums | BinnedQuantile | Restricted | Unknown):
        try:
            linear(sample)
        except NotEnoughData:
            return False
    return sample.participants >= (1 if isinstance(sample, Counts) else 2)


def _variance_of_mean(sample: Sample) -> float:
    """The variance of a sample's mean; a rate's with one conversion and one failure added.

    Without them a small phase in which all or none converted would claim to be certain.
    """
    found = linear(sample)
    if not isinstance(found, Counts):
        return found.variance / found.participants
    rate = (found.conversions + 1) / (found.participants + 2)
    return rate * (1 - rate) / found.participants
