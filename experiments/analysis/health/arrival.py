"""Whether events arrive, in time and for this experiment: what the log says of itself."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.data import ExperimentData, ExposureHealth
from experiments.analysis.health.check import Check, unknown
from experiments.analysis.thresholds import (
    LATE_SECONDS,
    LONGEST_WAIT_SECONDS,
    MOST_UNCOUNTED,
    SILENCE_SECONDS,
)

NAMES = (
    "event_lag",
    "last_event",
    "uncounted_exposures",
    "moved_by_phase",
    "fallbacks",
    "unmatched_conversions",
)
TABLE = "There are no events: the numbers come from a table."


def arrivals(data: ExperimentData) -> tuple[Check, ...]:
    """All that the events say of their own arrival."""
    if not data.phases:
        return tuple(unknown(name, TABLE) for name in NAMES)
    exposure = data.exposure_health
    return (
        _lag(exposure),
        _last_event(data),
        _uncounted(exposure),
        _moved(exposure),
        _fallbacks(exposure),
        _unmatched(exposure),
    )


def _lag(exposure: ExposureHealth) -> Check:
    """How long events take from the wall to the log, and from the log into the counts."""
    waiting, mean = exposure.lag_seconds or 0.0, exposure.arrival_mean_seconds
    details = {
        "waiting_seconds": exposure.lag_seconds,
        "arrival_mean_seconds": mean,
        "arrival_highest_seconds": exposure.arrival_highest_seconds,
    }
    if waiting > LONGEST_WAIT_SECONDS:
        says = (
            f"The oldest event that is not counted yet is {_time(waiting)} old: see whether the worker runs."
        )
        return Check("event_lag", "warning", says, details=details)
    if mean is None:
        return unknown("event_lag", "No exposure has arrived yet.", **details)
    if mean > LATE_SECONDS:
        says = f"Events arrive {_time(mean)} late on average, so numbers that look final may still change."
        return Check("event_lag", "warning", says, details=details)
    says = f"Events arrive {_time(max(0.0, mean))} after they happen on average"
    says += f"; the oldest that is not counted yet is {_time(waiting)} old." if waiting else "."
    return Check("event_lag", "ok", says, details=details)


def _last_event(data: ExperimentData) -> Check:
    """When the newest exposure arrived, and whether a running experiment has fallen silent."""
    last = data.exposure_health.last_received_at
    if last is None:
        return unknown("last_event", "No exposure has arrived yet.")
    details = {"received_at": last}
    ago = (data.as_of - last).total_seconds()
    if data.status == "running" and ago > SILENCE_SECONDS:
        says = f"The newest exposure arrived {_time(ago)} ago, and it runs: see whether the host sends."
        return Check("last_event", "warning", says, details=details)
    return Check("last_event", "ok", f"The newest exposure arrived on {wording.date(last)}.", details=details)


def _uncounted(exposure: ExposureHealth) -> Check:
    """Exposures of forced units, and from after the stop."""
    details = {"exposures": exposure.exposures, "uncounted": exposure.uncounted}
    together = exposure.exposures + exposure.uncounted
    share = exposure.uncounted / together if together else 0.0
    says = f"{wording.plural(exposure.uncounted, 'exposure')} of forced units or after the stop do not count"
    if share > MOST_UNCOUNTED:
        says += f" ({wording.percent(share)} of all): see who is forced, or whether a host serves it still."
        return Check("uncounted_exposures", "warning", says, details=details)
    return Check("uncounted_exposures", "ok", says + ".", details=details)


def _moved(exposure: ExposureHealth) -> Check:
    many = exposure.moved_by_phase
    says = f"{wording.plural(many, 'unit')} met another variant after a new phase; each counts for its first."
    return Check("moved_by_phase", "ok", says, details={"moved_by_phase": many})


def _fallbacks(exposure: ExposureHealth) -> Check:
    details = {"fallbacks": exposure.fallbacks}
    says = f"{wording.plural(exposure.fallbacks, 'decision')} fell back to the control or the default message"
    if exposure.fallbacks:
        return Check("fallbacks", "warning", says + ": see the host's log for why.", details=details)
    return Check("fallbacks", "ok", says + ".", details=details)


def _unmatched(exposure: ExposureHealth) -> Check:
    many = exposure.unmatched_conversions
    says = f"{wording.plural(many, 'conversion')} of units that no experiment counts, in the whole project."
    return Check("unmatched_conversions", "ok", says, details={"unmatched_conversions": many})


def _time(seconds: float) -> str:
    """A duration in its largest fitting unit: 5 s, 12 minutes, 3 hours, 2 days."""
    for length, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * length:
            return wording.plural(round(seconds / length), word)
    return f"{wording.number(seconds)} s"
