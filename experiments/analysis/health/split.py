"""Whether participants fell on the variants in the shares that were set: sample ratio mismatch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from scipy import special

from experiments.analysis import wording
from experiments.analysis.alarms import SAMPLE_RATIO
from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.reading import Ledger
from experiments.analysis.results import Unavailable
from experiments.analysis.thresholds import CHI_SQUARE_SRM, CHI_SQUARE_WARNING, SEQUENTIAL_SRM
from experiments.errors import NotEnoughData
from experiments.stats import srm

Shares = Mapping[str, Fraction]
Daily = Sequence[tuple[int, Mapping[tuple[int, str], int]]]
NOBODY = "There is no participant yet, so the split cannot be tested."


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
        phases: All participants, also those from before a clearing.
        since: The first day that the p-values look at, where a person has cleared an earlier alarm.
    """

    ok: bool
    chi_square_p_value: float | Unavailable
    sequential_p_value: float | Unavailable
    phases: tuple[PhaseSplit, ...]
    warning: str | None = None
    since: datetime | None = None


def shares_of(data: ExperimentData, phase: int) -> Shares:
    """The shares that a phase had; the definition's where no such phase is recorded."""
    for recorded in data.phases:
        if recorded.number == phase:
            return {key: Fraction(share) for key, share in recorded.shares.items()}
    return data.definition.shares


def split_health(data: ExperimentData, ledger: Ledger) -> SplitHealth:
    """Whether participants fell on the variants in the shares that were set.

    After a clearing both tests start anew, with the participants first exposed on a later day: what came
    before has been judged by a person. An alarm that is recorded and not cleared stays.
    """
    through = data.cleared_through(SAMPLE_RATIO)
    everybody = ledger.participants()
    phases = tuple(
        _phase_split(data, phase, everybody) for phase in sorted({number for number, _ in everybody})
    )
    chi_square = attempt(split_p_value, data, ledger.participants(after=through))
    sequential = attempt(_sequential, data, _after(ledger.daily(), through))
    stands = data.alarm is not None and data.alarm.gate == SAMPLE_RATIO
    return SplitHealth(
        ok=not (stands or _below(sequential, SEQUENTIAL_SRM) or _below(chi_square, CHI_SQUARE_SRM)),
        chi_square_p_value=chi_square,
        sequential_p_value=sequential,
        phases=phases,
        warning=_warning(chi_square),
        since=None if through is None else start_of(through + 1),
    )


def split_p_value(data: ExperimentData, counts: Mapping[tuple[int, str], int]) -> float:
    """The chi-square p-value of these participants, each phase by its own shares.

    Independent statistics add up, and so do their degrees of freedom.

    Raises:
        NotEnoughData: No phase has enough of them.
    """
    statistic, freedom = 0.0, 0
    reason = NOBODY
    for phase in sorted({number for number, _ in counts}):
        shares = shares_of(data, phase)
        test = attempt(srm.chi_square, *_weighed(_observed(data, phase, counts), shares))
        if isinstance(test, Unavailable):
            reason = test.reason
            continue
        statistic += test.statistic or 0.0
        freedom += sum(share > 0 for share in shares.values()) - 1
    if freedom == 0:
        raise NotEnoughData(reason)
    return float(special.chdtrc(freedom, statistic))


def split_of(data: ExperimentData, counts: Mapping[tuple[int, str], int]) -> tuple[Split, ...]:
    """Each variant's participants in all phases together, against those that the shares would give."""
    totals: dict[str, tuple[int, float]] = {}
    for phase in sorted({number for number, _ in counts}):
        for one in _variants(data, phase, counts):
            seen, expected = totals.get(one.key, (0, 0.0))
            totals[one.key] = seen + one.observed, expected + one.expected
    units = sum(seen for seen, _ in totals.values())
    return tuple(
        Split(key, seen, much, much / units if units else 0.0) for key, (seen, much) in totals.items()
    )


def _phase_split(data: ExperimentData, phase: int, counts: Mapping[tuple[int, str], int]) -> PhaseSplit:
    test = attempt(srm.chi_square, *_weighed(_observed(data, phase, counts), shares_of(data, phase)))
    p_value = test if isinstance(test, Unavailable) else test.p_value
    return PhaseSplit(phase, p_value, _variants(data, phase, counts))


def _variants(data: ExperimentData, phase: int, counts: Mapping[tuple[int, str], int]) -> tuple[Split, ...]:
    shares, observed = shares_of(data, phase), _observed(data, phase, counts)
    units = sum(observed.values())
    return tuple(
        Split(key, seen, float(shares.get(key, 0) * units), float(shares.get(key, 0)))
        for key, seen in observed.items()
    )


def _after(daily: Daily, through: int | None) -> Daily:
    return daily if through is None else [(day, arrived) for day, arrived in daily if day > through]


def _sequential(data: ExperimentData, daily: Daily) -> float:
    """The smallest p-value of all days; the evidence of phases, each against its own shares, is multiplied.

    On a day the e-value of every phase is that of all its participants until then. A product of independent
    e-processes is one, so 1 over its greatest value bounds the chance of a false alarm on any day.
    """
    if not daily:
        raise NotEnoughData(NOBODY)
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
