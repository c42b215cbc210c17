"""All that may be wrong with the data, as named checks, with the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.analysis import wording
from experiments.analysis.alarms import ABOUT, EXPOSURE_HEALTH, Alarm, Clearance
from experiments.analysis.data import ExperimentData, ExposureHealth
from experiments.analysis.health.arrival import arrivals
from experiments.analysis.health.balance import pre_exposure_balance
from experiments.analysis.health.check import Check, unknown
from experiments.analysis.health.diagnosis import by_day, by_segment
from experiments.analysis.health.exposure import DoublyExposed, doubly_exposed, exposed
from experiments.analysis.health.novelty import novelty
from experiments.analysis.health.outliers import outliers
from experiments.analysis.health.split import SplitHealth, split_health
from experiments.analysis.health.surprise import too_good
from experiments.analysis.reading import Ledger
from experiments.analysis.results import Json, MetricReading, Unavailable, plain
from experiments.analysis.thresholds import (
    CHI_SQUARE_SRM,
    CHI_SQUARE_WARNING,
    MOST_DOUBLY_EXPOSED,
    SEQUENTIAL_SRM,
)


@dataclass(frozen=True, slots=True)
class Health:
    """All that may be wrong with the data.

    Attributes:
        empty_variants: As gate 1 sees them.
        alarm: What gate 1 or 2 found, until a person clears it.
        checks: Every check by name, those that could not be made included.
    """

    split: SplitHealth
    doubly_exposed: DoublyExposed
    empty_variants: tuple[str, ...]
    exposure: ExposureHealth
    checks: tuple[Check, ...]
    alarm: Alarm | None = None
    clearances: tuple[Clearance, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing stops the analysis."""
        fine = self.split.ok and self.doubly_exposed.ok and not self.empty_variants
        return fine and self.alarm is None

    def check(self, name: str) -> Check:
        """The check of this name."""
        return next(check for check in self.checks if check.name == name)

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
            "uncounted_exposures": self.exposure.uncounted,
            "lag_seconds": self.exposure.lag_seconds,
            "arrival_mean_seconds": self.exposure.arrival_mean_seconds,
            "arrival_highest_seconds": self.exposure.arrival_highest_seconds,
            "last_received_at": plain(self.exposure.last_received_at),
            "alarm": plain(self.alarm),
            "clearances": plain(self.clearances),
            "checks": [check.document() for check in self.checks],
        }


def health(data: ExperimentData, ledger: Ledger, with_them: MetricReading | None = None) -> Health:
    """What is wrong with an experiment's data, if anything.

    Args:
        with_them: The primary metric with the doubly exposed units in.
    """
    split, crossed = split_health(data, ledger), doubly_exposed(data, ledger, with_them)
    empty = exposed(data, ledger).empty
    return Health(
        split=split,
        doubly_exposed=crossed,
        empty_variants=empty,
        exposure=data.exposure_health,
        checks=(
            _sequential(split, data.alarm),
            _chi_square(split),
            by_segment(data, ledger),
            by_day(data, ledger),
            _crossed(crossed, data.alarm),
            _empty(empty, exposed(data, ledger).units),
            pre_exposure_balance(data, ledger),
            too_good(data, ledger),
            outliers(data, ledger),
            novelty(data, ledger),
            *arrivals(data),
        ),
        alarm=data.alarm,
        clearances=data.clearances,
    )


def is_sound(data: ExperimentData, ledger: Ledger) -> bool:
    """Whether nothing stops the analysis: `Health.ok`, without the checks that stop nothing."""
    units = exposed(data, ledger)
    if data.alarm is not None or units.empty or units.share > MOST_DOUBLY_EXPOSED:
        return False
    return split_health(data, ledger).ok


def _sequential(split: SplitHealth, alarm: Alarm | None) -> Check:
    name, p_value = "sample_ratio", split.sequential_p_value
    if not split.ok and alarm is not None and alarm.gate != EXPOSURE_HEALTH:
        says = f"{_stands(alarm)} {alarm.said}"
        return Check(name, "stop", says, None if isinstance(p_value, Unavailable) else p_value)
    if isinstance(p_value, Unavailable):
        return unknown(name, p_value)
    if p_value < SEQUENTIAL_SRM:
        says = (
            f"The participants do not split by the weights ({wording.with_p(p_value)}): find out why first."
        )
        return Check(name, "stop", says, p_value)
    return Check(
        name, "ok", f"The split fits the weights, whenever one looks ({wording.with_p(p_value)}).", p_value
    )


def _chi_square(split: SplitHealth) -> Check:
    name, p_value = "sample_ratio_chi_square", split.chi_square_p_value
    if isinstance(p_value, Unavailable):
        return unknown(name, p_value)
    if p_value < CHI_SQUARE_SRM:
        says = (
            f"The participants do not split by the weights ({wording.with_p(p_value)}): find out why first."
        )
        return Check(name, "stop", says, p_value)
    if p_value < CHI_SQUARE_WARNING:
        return Check(name, "warning", split.warning or "", p_value)
    return Check(name, "ok", f"The split fits the weights ({wording.with_p(p_value)}).", p_value)


def _crossed(found: DoublyExposed, alarm: Alarm | None) -> Check:
    share = wording.percent(found.share)
    share += "" if found.ok else f", more than {wording.percent(MOST_DOUBLY_EXPOSED)}"
    says = f"{wording.plural(found.units, 'unit')} ({share}) saw two variants"
    says += "; left out of every other number." if found.units else "."
    details = {"units": found.units, "share": found.share}
    if alarm is not None and alarm.gate == EXPOSURE_HEALTH:
        return Check("doubly_exposed", "stop", f"{_stands(alarm)} {alarm.said}", details=details)
    return Check("doubly_exposed", "ok" if found.ok else "stop", says, details=details)


def _empty(empty: tuple[str, ...], units: int) -> Check:
    if empty:
        says = (
            f"No unit saw {wording.listed(empty)}: see that the host serves it and that its exposures arrive."
        )
        return Check("empty_variants", "stop", says, details={"variants": empty})
    if units == 0:
        return unknown("empty_variants", "No unit has been exposed yet.")
    return Check("empty_variants", "ok", "No variant with a weight stands empty.")


def _stands(alarm: Alarm) -> str:
    return f"An alarm about {ABOUT[alarm.gate]} of {wording.date(alarm.at)} stands until a person clears it:"
