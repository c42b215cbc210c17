"""One metric over one choice of participants: each variant's reading, each treatment against the control."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from experiments.analysis.adaptive import adaptive_mean
from experiments.analysis.adjusted import AdjustedPair, adjusted_pair, regressed_pair
from experiments.analysis.pairs import Pair, pair_of, pooled
from experiments.analysis.results import (
    Absolute,
    Adjusted,
    Bayesian,
    BestChance,
    Expected,
    MetricReading,
    PhaseCounts,
    PriorBelief,
    Relative,
    Sequential,
    Unavailable,
    VariantResult,
)
from experiments.analysis.samples import AdaptiveStrata, Paired, Sample, Strata, linear
from experiments.analysis.strata import best_chances, mean
from experiments.errors import NotEnoughData
from experiments.stats import mean as means
from experiments.stats import multiplicity, proportion, quantile, ratio, shrinkage
from experiments.stats.estimate import Counts, Direction, Estimate
from experiments.stats.pair_sums import PairSums
from experiments.stats.quantile import BinnedQuantile
from experiments.stats.regression import MomentSums
from experiments.stats.shrinkage import Lift, RelativePrior
from experiments.stats.survival import Restricted

Found = TypeVar("Found")
Given = ParamSpec("Given")
NO_PARTICIPANT = "There is no participant yet."


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a reading needs to know besides the counts.

    Attributes:
        variants: The keys, the control's first.
        planned: Planned participants of two variants together: the sequence is narrowest there.
        margin: The relative difference that matters.
        prior: What was believed of the relative lift before; None is flat.
    """

    variants: tuple[str, ...]
    level: float
    direction: Direction
    planned: int
    is_rate: bool = False
    margin: float = 0.05
    prior: RelativePrior | None = None

    @property
    def control(self) -> str:
        """The key of the control."""
        return self.variants[0]


def read(
    strata: Strata,
    converted: Mapping[tuple[int, str], int],
    comparison: Comparison,
    paired: Paired | None = None,
    several: Mapping[str, MomentSums] | None = None,
) -> MetricReading:
    """Every variant's reading; what the data cannot carry is Unavailable with its reason.

    Args:
        strata: What the metric found.
        converted: How many participants of each phase and variant had an event.
        comparison: What is compared, and how.
        paired: The outcomes beside their covariates, where something was measured before the exposure.
        several: By variant, where the adjustment is by more than one covariate.
    """
    best = attempt(best_chances, strata, _present(strata, comparison), comparison.direction)
    variants = [_variant(strata, converted, comparison, key, best) for key in comparison.variants]
    if paired and not isinstance(strata, AdaptiveStrata):  # an adjustment within phases would not be weighted
        variants = [_beside(one, paired, several, comparison) for one in variants]
    return MetricReading(tuple(variants), _phases(strata, converted, comparison))


def attempt(ask: Callable[Given, Found], *args: Given.args, **named: Given.kwargs) -> Found | Unavailable:
    """What `ask` answers to these arguments, or why there is no answer."""
    try:
        return ask(*args, **named)
    except NotEnoughData as error:
        return Unavailable(error.detail)


def adjust(readings: Sequence[MetricReading], method: str) -> list[MetricReading]:
    """The readings with p-values and intervals adjusted over all of them together.

    Args:
        method: `holm`, whose intervals hold all together at the level (Bonferroni); or `benjamini_hochberg`,
            of whose selected intervals as many hold as the level says.

    References:
        Dunn, O. J. (1961). Multiple comparisons among means. JASA 56, 52-64. Benjamini, Y., Yekutieli, D.
        (2005). False discovery rate-adjusted multiple confidence intervals for selected parameters. JASA 100,
        71-81.
    """
    places = [
        (row, place, variant.absolute.p_value)
        for row, reading in enumerate(readings)
        for place, variant in enumerate(reading.variants)
        if isinstance(variant.absolute, Absolute) and not isinstance(variant.absolute.p_value, Unavailable)
    ]
    correct = multiplicity.holm if method == "holm" else multiplicity.benjamini_hochberg
    adjusted = correct([p_value for _, _, p_value in places])
    rows = [list(reading.variants) for reading in readings]
    for (row, place, _), p_value in zip(places, adjusted, strict=True):
        rows[row][place] = _adjusted(rows[row][place], p_value, adjusted, method)
    return [replace(reading, variants=tuple(row)) for reading, row in zip(readings, rows, strict=True)]


def _adjusted(
    variant: VariantResult, p_value: float, together: Sequence[float], method: str
) -> VariantResult:
    found = variant.absolute
    if not isinstance(found, Absolute):
        return variant
    found = replace(found, p_value_adjusted=p_value, adjustment=method)
    alpha = 1 - found.level
    selected = 1 if method == "holm" else sum(other <= alpha for other in together)
    if found.at_level is not None and (method == "holm" or p_value <= alpha):
        level = 1 - alpha * selected / len(together)
        found = replace(found, interval_adjusted=found.at_level(level), level_adjusted=level)
    return replace(variant, absolute=found)


def _present(strata: Strata, comparison: Comparison) -> tuple[str, ...]:
    return tuple(key for key in comparison.variants if any(key in found for found in strata.values()))


def _variant(
    strata: Strata,
    converted: Mapping[tuple[int, str], int],
    comparison: Comparison,
    key: str,
    best: Mapping[str, float] | Unavailable,
) -> VariantResult:
    conversions = sum(count for (_, variant), count in converted.items() if variant == key)
    if key not in _present(strata, comparison):
        return _empty(key, is_control=key == comparison.control)
    sample = pooled(strata, key)
    sides = _sides(sample)
    if isinstance(strata, AdaptiveStrata):
        own = attempt(adaptive_mean, strata, key, comparison.level)
        average = own if isinstance(own, Unavailable) else own.estimate
    else:
        own, average = attempt(_own, sample, comparison.level), attempt(mean, sample)
    alone = VariantResult(
        key=key,
        participants=_participants(sample),
        conversions=conversions,
        mean=average,
        interval=own if isinstance(own, Unavailable) else own.interval,
        method=None if isinstance(own, Unavailable) else own.method,
        numerator=None if sides is None else sides[0],
        denominator=None if sides is None else sides[1],
    )
    chance = best if isinstance(best, Unavailable) else best[key]
    if key == comparison.control:
        return replace(alone, bayesian=BestChance(chance))
    return _compared(alone, attempt(pair_of, strata, comparison.control, key), comparison, chance)


def _empty(key: str, *, is_control: bool) -> VariantResult:
    nothing = Unavailable(NO_PARTICIPANT)
    alone = VariantResult(key, 0, 0, nothing, nothing, None)
    if is_control:
        return alone
    return replace(alone, absolute=nothing, relative=nothing, sequential=nothing, bayesian=nothing)


def _participants(sample: Sample) -> int:
    """All participants, also those who have no value among those compared."""
    return sample.exposed if isinstance(sample, BinnedQuantile) else sample.participants


def _own(sample: Sample, level: float) -> Estimate:
    if isinstance(sample, PairSums):
        return ratio.ratio(sample, level)
    if isinstance(sample, BinnedQuantile):
        return quantile.quantile(sample.values, sample.share, level)
    found = linear(sample)
    if isinstance(found, Counts):
        return proportion.rate(found, level)
    own = means.mean(found, level)
    return replace(own, method="restricted_mean") if isinstance(sample, Restricted) else own


def _sides(sample: Sample) -> tuple[float, float] | None:
    """What all participants' numerators and denominators add up to; None where it is no ratio."""
    if not isinstance(sample, PairSums):
        return None
    return sample.total / sample.scale, sample.covariate / sample.scale


def _compared(
    alone: VariantResult, pair: Pair | Unavailable, comparison: Comparison, chance: float | Unavailable
) -> VariantResult:
    if isinstance(pair, Unavailable):
        return replace(alone, absolute=pair, relative=pair, sequential=pair, bayesian=pair)
    return replace(
        alone,
        absolute=attempt(_absolute, pair, comparison.level),
        relative=attempt(_relative, pair, comparison.level),
        sequential=attempt(_sequential, pair, comparison),
        bayesian=attempt(_bayesian, pair, comparison, chance),
    )


def _absolute(pair: Pair, level: float) -> Absolute:
    found, test = pair.absolute(level), attempt(pair.test)
    return Absolute(
        estimate=found.estimate,
        interval=found.interval,
        level=level,
        method=found.method,
        p_value=test if isinstance(test, Unavailable) else test.p_value,
        test=None if isinstance(test, Unavailable) else test.method,
        at_level=lambda other: pair.absolute(other).interval,
    )


def _beside(
    alone: VariantResult, paired: Paired, several: Mapping[str, MomentSums] | None, comparison: Comparison
) -> VariantResult:
    """The treatment with its adjusted lift; the control has none."""
    if alone.key == comparison.control:
        return alone
    keys = comparison.control, alone.key
    found = attempt(adjusted_pair, paired, *keys, is_rate=comparison.is_rate)
    if several and not isinstance(found, Unavailable):  # where one covariate can be adjusted by
        found = attempt(regressed_pair, several, *keys)
    if isinstance(found, Unavailable):
        return replace(alone, adjusted=found)
    return replace(alone, adjusted=attempt(_adjusted_lift, found, alone, comparison))


def _adjusted_lift(adjusted: AdjustedPair, alone: VariantResult, comparison: Comparison) -> Adjusted:
    lift, test = adjusted.pair.absolute(comparison.level), attempt(adjusted.pair.test)
    return Adjusted(
        estimate=lift.estimate,
        interval=lift.interval,
        level=comparison.level,
        method=adjusted.method,
        p_value=test if isinstance(test, Unavailable) else test.p_value,
        variance_saved=adjusted.variance_saved,
        helps=adjusted.helps,
        sequential=(
            alone.sequential  # the unadjusted one's burn-in counts conversions, that of means does not
            if isinstance(alone.sequential, Unavailable)
            else attempt(_sequential, adjusted.pair, comparison)
        ),
    )


def _relative(pair: Pair, level: float) -> Relative:
    found = pair.relative(level)
    return Relative(found.estimate, found.interval, level, found.method)


def _sequential(pair: Pair, comparison: Comparison) -> Sequential:
    found = pair.sequence(comparison.level, comparison.planned)
    return Sequential(found.interval, found.p_value, comparison.level, found.method)


def _bayesian(pair: Pair, comparison: Comparison, chance: float | Unavailable) -> Bayesian:
    lift, prior, margin = attempt(pair.lift), comparison.prior, comparison.margin
    within = lift if isinstance(lift, Unavailable) else shrinkage.chance_within(lift, margin, None)
    found = pair.bayesian(comparison.level, comparison.direction)
    return Bayesian(
        chance_to_beat_control=found.chance_to_beat_control,
        chance_to_be_best=chance,
        expected_loss=found.expected_loss,
        interval=found.interval,
        level=comparison.level,
        method=found.method,
        margin=margin,
        chance_of_no_difference=within,
        expected=None if prior is None else _expected(lift, comparison.level, prior),
    )


def _expected(lift: Lift | Unavailable, level: float, prior: RelativePrior) -> Expected | Unavailable:
    if isinstance(lift, Unavailable):
        return lift
    found = shrinkage.shrunk(lift, level, prior)
    belief = PriorBelief(prior.mean, prior.deviation, prior.source)
    return Expected(found.estimate, found.interval, level, found.method, belief)


def _phases(
    strata: Strata, converted: Mapping[tuple[int, str], int], comparison: Comparison
) -> tuple[PhaseCounts, ...]:
    return tuple(
        PhaseCounts(
            phase=phase,
            variant=key,
            participants=_participants(found[key]),
            conversions=converted.get((phase, key), 0),
            mean=attempt(mean, found[key]),
        )
        for phase, found in strata.items()
        for key in comparison.variants
        if key in found
    )
