"""The lift adjusted by what was measured of participants before their exposure (CUPED), phase by phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from experiments.analysis.pairs import Pair, pair_of
from experiments.analysis.samples import Paired
from experiments.analysis.strata import information
from experiments.errors import NotEnoughData
from experiments.stats import cuped, regression
from experiments.stats.pair_sums import PairSums
from experiments.stats.regression import MomentSums

FEWEST = 3
"""Participants of a variant in a phase: with fewer, a slope leaves no spread."""


FEWEST_CONVERSIONS = 10
"""Below it the unadjusted test is exact, and no adjusted one is."""


@dataclass(frozen=True, slots=True)
class AdjustedPair:
    """A treatment and the control after the adjustment.

    Attributes:
        pair: The adjusted means, to be compared as means are.
        method: How: within one phase by Welch, or over several.
        variance_saved: Share of the lift's variance that the adjustment took off.
    """

    pair: Pair
    method: str
    variance_saved: float

    @property
    def helps(self) -> bool:
        """Whether it took off enough to speak of."""
        return self.variance_saved >= cuped.LEAST_SAVED


def adjusted_pair(paired: Paired, control: str, treatment: str, *, is_rate: bool) -> AdjustedPair:
    """The two variants, each phase adjusted by its own slope, then compared within itself and combined.

    Args:
        paired: The outcomes beside their covariates.
        control, treatment: The variants' keys.
        is_rate: Whether an outcome is 1 or 0: then few conversions are too few for a normal approximation.

    Raises:
        NotEnoughData: No phase has participants enough of both, or a rate has too few conversions.

    References:
        Deng, A., Xu, Y., Kohavi, R., Walker, T. (2013), see `experiments.stats.cuped`.
    """
    both = {
        phase: (found[control], found[treatment])
        for phase, found in paired.items()
        if all(key in found and found[key].participants >= FEWEST for key in (control, treatment))
    }
    if not both:
        raise NotEnoughData(f"An adjustment takes at least {FEWEST} participants a variant in one phase.")
    if is_rate:
        _check_conversions(both.values())
    adjusted = {phase: cuped.adjust(*sums) for phase, sums in both.items()}
    strata = {phase: {control: one.control, treatment: one.treatment} for phase, one in adjusted.items()}
    saved = _saved(both, {phase: one.variance_saved for phase, one in adjusted.items()})
    method = "cuped_welch" if len(strata) == 1 else "cuped_stratified_by_phase"
    return AdjustedPair(pair_of(strata, control, treatment), method, saved)


def regressed_pair(several: Mapping[str, MomentSums], control: str, treatment: str) -> AdjustedPair:
    """The two variants, adjusted by all their covariates at once.

    Raises:
        NotEnoughData: One of them has too few participants for so many covariates.

    References:
        Yang and Tsiatis (2001), see `experiments.stats.regression`.
    """
    if control not in several or treatment not in several:
        raise NotEnoughData("There is no participant yet.")
    found = regression.adjust(several[control], several[treatment])
    strata = {1: {control: found.control, treatment: found.treatment}}
    return AdjustedPair(pair_of(strata, control, treatment), "regression_welch", found.variance_saved)


def _check_conversions(both: Iterable[tuple[PairSums, PairSums]]) -> None:
    for variant in zip(*both, strict=True):
        converted = sum(sums.total for sums in variant)
        others = sum(sums.participants for sums in variant) - converted
        if min(converted, others) < FEWEST_CONVERSIONS:
            raise NotEnoughData(
                f"An adjusted rate takes at least {FEWEST_CONVERSIONS} conversions, and as many participants "
                f"without one, in each variant; there are {converted} and {others}."
            )


def _saved(both: Mapping[int, tuple[PairSums, PairSums]], saved: Mapping[int, float]) -> float:
    """The phases' savings, each by what its variance was in the combined lift before."""
    before = {
        phase: information(control.participants, treatment.participants) ** 2
        * sum(one.outcomes.variance / one.participants for one in (control, treatment))
        for phase, (control, treatment) in both.items()
    }
    total = sum(before.values())
    return sum(before[phase] * saved[phase] for phase in both) / total if total else 0.0
