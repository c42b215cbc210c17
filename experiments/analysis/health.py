"""Whether the data can be trusted: the split, units that saw two variants, and events that went astray."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scipy import stats

from experiments.analysis import wording
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, ExposureHealth
from experiments.analysis.reading import Ledger
from experiments.analysis.results import Json, MetricReading, Unavailable, plain
from experiments.analysis.thresholds import (
    CHI_SQUARE_SRM,
    CHI_SQUARE_WARNING,
    MOST_DOUBLY_EXPOSED,
    SEQUENTIAL_SRM,
    UNITS_BEFORE_EMPTY,
)
from experiments.errors import NotEnoughData
from experiments.stats import srm

EXPECTED_BEFORE_EMPTY = 10
"""A variant is called empty only where its share of the units would have been at least this many."""

Shares = Mapping[str, Fraction]
Daily = Sequence[tuple[int, Mapping[tuple[int, str], int]]]


@dataclass(frozen=True, slots=True)
class Split:
    """One variant's participants in one phase, against those that its share would give."""

    key: str
    observed: int
    expected: float
    share: float


@dataclass(frozen=True, slots=True)
class PhaseSplit:
    """The split of one phase, by that phase's own shares."""

    phase: int
    chi_square_p_value: float | Unavailable
    variants: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class SplitHealth:
    """Sample ratio mismatch over all phases.

    Attributes:
        ok: Whether nothing stops the analysis; a chi-square below 0.01 alone is a warning.
        chi_square_p_value: Of all phases together: their statistics and degrees of freedom added.
        sequential_p_value: The smallest of all days, so it may be looked at on each of them.
    """

    ok: bool
    chi_square_p_value: float | Unavailable
    sequential_p_value: float | Unavailable
    phases: tuple[PhaseSplit, ...]
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class DoublyExposed:
    """Units that saw two variants of one phase; they are left out of every other number.

    Attributes:
        with_them: The primary metric to date with them in, each under the variant it saw first.
    """

    units: int
    share: float
    ok: bool
    with_them: MetricReading | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """All that may be wrong with the data."""

    split: SplitHealth
    doubly_exposed: DoublyExposed
    empty_variants: tuple[str, ...]
    exposure: ExposureHealth

    @property
    def ok(self) -> bool:
        """Whether nothing stops the analysis."""
        return self.split.ok and self.doubly_exposed.ok and not self.empty_variants

    def document(self) -> Json:
        """Health as JSON."""
        return {
            "ok": self.ok,
            "srm": plain(self.split),
            "doubly_exposed": plain(self.doubly_exposed),
            "empty_variants": list(self.empty_variants),
            "moved_by_phase": self.exposure.moved_by_phase,
            "fallbacks": self.exposure.fallbacks,
            "unmatched_conversions": self.exposure.unmatched_conversions,
            "lag_seconds": self.exposure.lag_seconds,
        }


def health(data: ExperimentData, ledger: Ledger, with_them: MetricReading | None = None) -> Health:
    """What is wrong with an experiment's data, if anything.

    Args:
        with_them: The primary metric with the doubly exposed units in.
    """
    return Health(
        split=split_health(data, ledger),
        doubly_exposed=doubly_exposed(ledger, with_them),
        empty_variants=empty_variants(data, ledger),
        exposure=data.exposure_health,
    )


def shares_of(data: ExperimentData, phase: int) -> Shares:
    """The shares that a phase had; the definition's where no such phase is recorded."""
    for recorded in data.phases:
        if recorded.number == phase:
            return {key: Fraction(share) for key, share in recorded.shares.items()}
    return data.definition.shares


def split_health(data: ExperimentData, ledger: Ledger) -> SplitHealth:
    """Whether participants fell on the variants in the shares that were set."""
    counts = ledger.participants()
    numbers = sorted({phase for phase, _ in counts})
    phases = tuple(_phase_split(data, phase, counts) for phase in numbers)
    chi_square = attempt(_chi_square, data, numbers, counts)
    sequential = attempt(_sequential, data, ledger.daily())
    return SplitHealth(
        ok=not (_below(sequential, SEQUENTIAL_SRM) or _below(chi_square, CHI_SQUARE_SRM)),
        chi_square_p_value=chi_square,
        sequential_p_value=sequential,
        phases=phases,
        warning=_warning(chi_square),
    )


def doubly_exposed(ledger: Ledger, with_them: MetricReading | None = None) -> DoublyExposed:
    """How many units saw two variants of one phase, and what the primary metric says with them in."""
    units = sum(ledger.participants(crossed=True).values())
    everybody = units + sum(ledger.participants().values())
    share = units / everybody if everybody else 0.0
    return DoublyExposed(units, share, share <= MOST_DOUBLY_EXPOSED, with_them if units else None)


def empty_variants(data: ExperimentData, ledger: Ledger) -> tuple[str, ...]:
    """The variants that have a share and no unit, in a phase of more than 200 units."""
    seen = ledger.participants()
    for place, count in ledger.participants(crossed=True).items():
        seen[place] = seen.get(place, 0) + count
    empty: set[str] = set()
    for phase in {number for number, _ in seen}:
        units = sum(count for (number, _), count in seen.items() if number == phase)
        if units > UNITS_BEFORE_EMPTY:
            shares = shares_of(data, phase)
            empty |= {
                key
                for key, share in shares.items()
                if share * units >= EXPECTED_BEFORE_EMPTY and not seen.get((phase, key))
            }
    return tuple(variant.key for variant in data.definition.variants if variant.key in empty)


def _phase_split(data: ExperimentData, phase: int, counts: Mapping[tuple[int, str], int]) -> PhaseSplit:
    shares, observed = shares_of(data, phase), _observed(data, phase, counts)
    units = sum(observed.values())
    variants = tuple(
        Split(key, seen, float(shares.get(key, 0) * units), float(shares.get(key, 0)))
        for key, seen in observed.items()
    )
    test = attempt(srm.chi_square, *_weighed(observed, shares))
    return PhaseSplit(phase, test if isinstance(test, Unavailable) else test.p_value, variants)


def _chi_square(data: ExperimentData, phases: Sequence[int], counts: Mapping[tuple[int, str], int]) -> float:
    """The p-value of all phases that can be tested: independent statistics add up, and their freedom."""
    statistic, freedom = 0.0, 0
    reason = "There is no participant yet, so the split cannot be tested."
    for phase in phases:
        shares = shares_of(data, phase)
        test = attempt(srm.chi_square, *_weighed(_observed(data, phase, counts), shares))
        if isinstance(test, Unavailable):
            reason = test.reason
            continue
        statistic += test.statistic or 0.0
        freedom += sum(share > 0 for share in shares.values()) - 1
    if freedom == 0:
        raise NotEnoughData(reason)
    return float(stats.chi2.sf(statistic, freedom))


def _sequential(data: ExperimentData, daily: Daily) -> float:
    """The smallest p-value of all days; the evidence of phases, each against its own shares, is multiplied.

    On a day the e-value of every phase is that of all its participants until then. A product of independent
    e-processes is one, so 1 over its greatest value bounds the chance of a false alarm on any day.
    """
    if not daily:
        raise NotEnoughData("There is no participant yet, so the split cannot be tested.")
    so_far: dict[tuple[int, str], int] = {}
    evidence: dict[int, float] = {}
    p_value = 1.0
    for _, arrived in daily:
        for place, count in arrived.items():
            so_far[place] = so_far.get(place, 0) + count
        for phase in {number for number, _ in arrived}:
            evidence[phase] = _log_evidence(_observed(data, phase, so_far), shares_of(data, phase))
        p_value = min(p_value, _p_value(sum(evidence[phase] for phase in sorted(evidence))))
    return p_value


def _log_evidence(observed: Mapping[str, int], shares: Shares) -> float:
    """How much speaks against the shares; nothing does where one variant had all of them."""
    test = attempt(srm.sequential, *_weighed(observed, shares))
    return 0.0 if isinstance(test, Unavailable) else test.statistic or 0.0


def _p_value(log_e_value: float) -> float:
    return math.exp(min(0.0, -log_e_value))


def _observed(data: ExperimentData, phase: int, counts: Mapping[tuple[int, str], int]) -> dict[str, int]:
    return {variant.key: counts.get((phase, variant.key), 0) for variant in data.definition.variants}


def _weighed(observed: Mapping[str, int], shares: Shares) -> tuple[list[int], list[float]]:
    return list(observed.values()), [float(shares.get(key, 0)) for key in observed]


def _below(p_value: float | Unavailable, limit: float) -> bool:
    return not isinstance(p_value, Unavailable) and p_value < limit


def _warning(chi_square: float | Unavailable) -> str | None:
    if isinstance(chi_square, Unavailable) or not CHI_SQUARE_SRM <= chi_square < CHI_SQUARE_WARNING:
        return None
    return (
        f"The chi-square test of the split has {wording.with_p(chi_square)}: unusual, but no proof of a "
        "fault. Look whether something drops units of one variant."
    )
