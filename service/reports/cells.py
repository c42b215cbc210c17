"""A result as the text of a table's cell; what cannot be had has its reason in the table's notes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from experiments.analysis import wording
from experiments.analysis.results import Absolute, Bayesian, BestChance, Relative, Sequential, Unavailable
from experiments.model.metric import RATE_KINDS
from experiments.stats.estimate import Interval

NOT_COMPARED = "—"  # the control is what the others are compared with
POINTS = " percentage points"


class Notes:
    """The reasons for missing numbers of one table, each once."""

    def __init__(self) -> None:
        self._reasons: list[str] = []

    def mark(self, reason: str) -> str:
        """The cell in place of a number that cannot be had."""
        if reason not in self._reasons:
            self._reasons.append(reason)
        return f"not shown [{self._reasons.index(reason) + 1}]"

    def cell(self, value: object, say: Callable[[Any], str]) -> str:
        """The value as `say` puts it, or the mark of why there is none."""
        if isinstance(value, Unavailable):
            return self.mark(value.reason)
        return NOT_COMPARED if value is None else say(value)

    @property
    def lines(self) -> tuple[str, ...]:
        """The notes as they stand below the table."""
        return tuple(
            f"[{number}] Not shown because: {reason}" for number, reason in enumerate(self._reasons, start=1)
        )


def is_rate(kind: str) -> bool:
    """Whether a metric of this kind is a share of the participants."""
    return kind in RATE_KINDS


def value_of(kind: str) -> Callable[[float], str]:
    """How a metric of this kind is written: a rate as a percentage, a time with its unit, else a number."""
    if kind == "time":
        return wording.duration
    return wording.percent if is_rate(kind) else wording.number


def difference_of(kind: str) -> Callable[[float], str]:
    """How a difference of this kind is written, where a rate's unit stands in the heading."""
    if kind == "time":
        return lambda value: wording.duration(value, signed=True)
    return lambda value: bare(wording.difference(value, is_rate=is_rate(kind)))


def interval_of(kind: str) -> Callable[[Interval], str]:
    """How an interval of differences of this kind is written."""
    say = difference_of(kind)
    return lambda bounds: f"{say(bounds.lower)} to {say(bounds.upper)}"


def range_of(kind: str) -> Callable[[Interval], str]:
    """How the interval of one variant is written."""
    say = value_of(kind)
    return lambda bounds: f"{say(bounds.lower)} to {say(bounds.upper)}"


def absolute(kind: str) -> Callable[[Absolute], str]:
    """How an absolute lift is written in a column whose heading has its unit."""
    say, span = difference_of(kind), interval_of(kind)
    return lambda lift: f"{say(lift.estimate)} ({span(lift.interval)})"


def lift_with_interval(estimate: float, bounds: Interval, *, rate: bool) -> str:
    """A difference with its interval and unit: "−0.82 (−1.33 to −0.31) percentage points"."""
    return _with_interval(estimate, bounds, rate=rate) + (POINTS if rate else "")


def unit(kind: str) -> str:
    """What follows a heading whose column holds absolute lifts of this kind; a mean has its own unit."""
    return ", percentage points" if is_rate(kind) else ""


def _with_interval(estimate: float, bounds: Interval, *, rate: bool) -> str:
    return (
        f"{bare(wording.difference(estimate, is_rate=rate))} ({bare(wording.interval(bounds, is_rate=rate))})"
    )


def bare(words: str) -> str:
    """A difference without its unit."""
    return words.removesuffix(POINTS)


def relative(lift: Relative) -> str:
    """A relative lift with its interval."""
    lower, upper = (
        wording.percent(bound, signed=True) for bound in (lift.interval.lower, lift.interval.upper)
    )
    return f"{wording.percent(lift.estimate, signed=True)} ({lower} to {upper})"


def sequential(kind: str) -> Callable[[Sequential], str]:
    """How the interval that may be looked at any time is written."""
    span = interval_of(kind)
    return lambda found: span(found.interval)


def beats(found: Bayesian | BestChance) -> str:
    """The chance to beat the control; the control has none."""
    return wording.chance(found.chance_to_beat_control) if isinstance(found, Bayesian) else NOT_COMPARED


def loss(kind: str) -> Callable[[Bayesian | BestChance], str]:
    """How an expected loss is written: in the lift's unit, without a sign."""

    def say(found: Bayesian | BestChance) -> str:
        if not isinstance(found, Bayesian):
            return NOT_COMPARED
        return difference_of(kind)(found.expected_loss).lstrip("+")

    return say
