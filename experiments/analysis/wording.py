"""Numbers and verdicts as people read them; the only place where a percent sign is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from experiments.stats.estimate import Interval

MINUS = "\N{MINUS SIGN}"
SMALLEST_P = 0.0001

OUTCOMES = {
    "invalid": "Not valid",
    "collecting": "Still collecting",
    "keep_running": "Keep running",
    "stop_harm": "Stop: a variant does harm",
    "winner_blocked": "Winner blocked by a guardrail",
    "winner": "Winner",
    "tie": "Tie between variants that beat the control",
    "no_difference": "No difference that matters",
    "control_wins": "The control wins",
    "inconclusive": "Inconclusive",
}
"""What each outcome of a verdict is called."""

CHECKS = {
    "sample_ratio": "Sample ratio, may be looked at any time",
    "sample_ratio_chi_square": "Sample ratio, chi-square",
    "sample_ratio_by_segment": "Sample ratio by segment",
    "sample_ratio_by_day": "Sample ratio by day",
    "doubly_exposed": "Doubly exposed units",
    "empty_variants": "Empty variants",
    "pre_exposure_balance": "Alike before the exposure",
    "too_good_to_be_true": "Too good to be true",
    "outliers": "Large values that carry a result",
    "novelty": "Early and late participants",
    "event_lag": "Event lag",
    "last_event": "Newest exposure",
    "uncounted_exposures": "Exposures that do not count",
    "moved_by_phase": "Units moved by a new phase",
    "fallbacks": "Fallbacks",
    "unmatched_conversions": "Unmatched conversions",
}
"""What each check of the data is called."""

CHECK_STATES = {"ok": "ok", "warning": "warning", "stop": "fails", "not_evaluated": "not checked"}
"""What each state of a check is called."""

STATES = {
    "passed": "passed",
    "applies": "decides",
    "not_reached": "not reached",
    "not_evaluated": "not evaluated",
}
"""What each state of a gate is called."""


def percent(share: float, *, signed: bool = False) -> str:
    """A share as a percentage: 0.1902 is 19.0%, 0.0123 is 1.23%."""
    return number(share * 100, signed=signed) + "%"


def chance(probability: float) -> str:
    """A probability as a percentage, never rounded to certainty: "above 99.9%", "below 0.1%"."""
    if probability > 0.999:
        return "above 99.9%"
    return "below 0.1%" if probability < 0.001 else f"{probability * 100:.1f}%"


def points(difference: float) -> str:
    """A difference of two shares, in percentage points with its sign."""
    return number(difference * 100, signed=True) + " percentage points"


def number(value: float, *, signed: bool = False) -> str:
    """A number with about three telling digits, a true minus sign and thousands separators."""
    size = abs(value)
    text = f"{size:,.{_decimals(size)}f}"
    if not any(digit in "123456789" for digit in text):
        return "0"
    sign = MINUS if value < 0 else "+" if signed else ""
    return sign + text


def _decimals(size: float) -> int:
    for limit, decimals in ((1000, 0), (10, 1), (1, 2), (0.1, 2), (0.01, 3), (0.001, 4)):
        if size >= limit:
            return decimals
    return 6


def count(value: int) -> str:
    """A whole number with thousands separators."""
    return f"{value:,}".replace("-", MINUS)


def duration(seconds: float, *, signed: bool = False) -> str:
    """A stretch of time in the greatest unit that it fills: "45.0 s", "12.5 min", "7.42 h", "3.20 days"."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{number(seconds / size, signed=signed)} {unit}"
    return f"{number(seconds, signed=signed)} s"


def p_value(value: float) -> str:
    """A p-value: to four decimals, or "below 0.0001"."""
    return f"below {SMALLEST_P}" if value < SMALLEST_P else f"{value:.4f}"


def with_p(value: float) -> str:
    """A p-value with its name: "p = 0.0016", or "p below 0.0001"."""
    return f"p {p_value(value)}" if value < SMALLEST_P else f"p = {p_value(value)}"


def difference(value: float, *, is_rate: bool) -> str:
    """An absolute lift: percentage points of a rate, the metric's own unit of a mean."""
    return points(value) if is_rate else number(value, signed=True)


def interval(bounds: Interval, *, is_rate: bool) -> str:
    """An interval of an absolute lift: "−1.33 to −0.31 percentage points"."""
    scale = 100 if is_rate else 1
    lower, upper = (number(bound * scale, signed=True) for bound in (bounds.lower, bounds.upper))
    return f"{lower} to {upper}" + (" percentage points" if is_rate else "")


def level(value: float) -> str:
    """A level as people say it: 0.95 is 95%."""
    return f"{value * 100:.4g}%"


def date(moment: datetime) -> str:
    """A day as people write it: 5 May 2026."""
    return f"{moment.day} {moment:%B %Y}"


def plural(how_many: int, one: str, many: str | None = None) -> str:
    """A count with its noun: "1 day", "2 days"."""
    return f"{count(how_many)} {one if how_many == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def cleared(about: str, when: datetime) -> str:
    """That a person went on after an alarm: what came before it is among the numbers."""
    return f"An alarm about {about} was cleared by a person on {date(when)}; the numbers from before are in."


def provenance(*, source_label: str | None, simulated: bool) -> list[str]:
    """What must stand beside numbers wherever they are shown: simulated units, and where data come from."""
    said = ["Simulated units: no real person is behind these numbers."] if simulated else []
    return said + ([f"Source: {source_label}."] if source_label else [])
