"""Times to an event: how long everybody was watched, the curves of those still waiting, and their comparison.

Participants of one day are taken as watched for the whole seconds that have passed since the end of that day,
at most for the window; an event that came later is not looked at yet. That is the same rule for everybody,
whatever they did, so the censoring has nothing to do with the event.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from experiments.analysis.compare import attempt
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.reading import EVERYBODY, DayBins, Group, Ledger
from experiments.analysis.results import Json, Unavailable
from experiments.analysis.samples import INCOMPLETE, Strata, Unknown
from experiments.errors import NotEnoughData
from experiments.model.events import MICRO
from experiments.model.metric import TimeMetric, window
from experiments.stats import survival
from experiments.stats.estimate import Test
from experiments.stats.survival import Durations, MedianTime, Point, Restricted

MOST_POINTS = 120
"""Points of a curve that the results carry: more than anybody can tell apart."""
DAY_SECONDS = 86_400

ByPhase = Mapping[int, Mapping[str, Durations]]


@dataclass(frozen=True, slots=True)
class Curve:
    """One variant's participants still without the event, by seconds since the first exposure.

    Attributes:
        points: Steps of the Kaplan-Meier curve; of very many of them one for each stretch of the window.
    """

    variant: str
    phase: int
    participants: int
    median: MedianTime | Unavailable
    points: tuple[Point, ...]

    def document(self) -> Json:
        """The curve as JSON; the shares are of participants who had the event."""
        median: Json = {"unavailable": self.median.reason} if isinstance(self.median, Unavailable) else {}
        if isinstance(self.median, MedianTime):
            median = {"seconds": self.median.estimate, "interval": [self.median.lower, self.median.upper]}
        return {
            "variant": self.variant,
            "phase": self.phase,
            "participants": self.participants,
            "median": median,
            "points": [
                {
                    "seconds": point.time,
                    "at_risk": point.at_risk,
                    "converted": 1 - point.share,
                    "interval": [1 - point.interval.upper, 1 - point.interval.lower],
                }
                for point in self.points
            ],
        }


@dataclass(frozen=True, slots=True)
class LogRank:
    """Whether the event comes sooner or later in a treatment than in the control, over the whole window."""

    variant: str
    test: Test | Unavailable

    def document(self) -> Json:
        """The test as JSON."""
        if isinstance(self.test, Unavailable):
            return {"variant": self.variant, "p_value": None, "unavailable": self.test.reason}
        return {"variant": self.variant, "p_value": self.test.p_value, "test": self.test.method}


@dataclass(frozen=True, slots=True)
class Waiting:
    """The times of one metric, censored where a window is still open."""

    horizon_seconds: int
    curves: tuple[Curve, ...]
    log_rank: tuple[LogRank, ...]

    def document(self) -> Json:
        """The times as JSON."""
        return {
            "horizon_seconds": self.horizon_seconds,
            "curves": [curve.document() for curve in self.curves],
            "log_rank": [test.document() for test in self.log_rank],
        }


def strata_so_far(
    data: ExperimentData, ledger: Ledger, metric: TimeMetric, group: Group = EVERYBODY
) -> Strata:
    """The restricted mean times of everybody until now, by phase and variant; open windows censored."""
    horizon = window(metric)[1] * DAY_SECONDS
    if not ledger.is_binned(metric, group=group):
        plain_strata = ledger.strata(metric, group=group)
        return {
            phase: {key: Unknown(one.participants, INCOMPLETE) for key, one in found.items()}
            for phase, found in plain_strata.items()
        }
    return {
        phase: {key: Restricted(durations, horizon) for key, durations in found.items()}
        for phase, found in durations_of(data, ledger, metric, group).items()
    }


def waiting(
    data: ExperimentData,
    ledger: Ledger,
    metric: TimeMetric,
    *,
    variants: Sequence[str],
    level: float,
    group: Group = EVERYBODY,
) -> Waiting | Unavailable:
    """The curves of all variants, the control's key first, and each treatment's log-rank test against it."""
    if not ledger.is_binned(metric, group=group):
        return Unavailable(INCOMPLETE)
    horizon = window(metric)[1] * DAY_SECONDS
    phases = durations_of(data, ledger, metric, group)
    curves = tuple(
        _curve(key, phase, found[key], level, horizon)
        for phase, found in phases.items()
        for key in variants
        if key in found
    )
    control, *treatments = variants
    tests = tuple(LogRank(key, attempt(_log_rank, phases, control, key)) for key in treatments)
    return Waiting(horizon, curves, tests)


def durations_of(
    data: ExperimentData, ledger: Ledger, metric: TimeMetric, group: Group = EVERYBODY
) -> ByPhase:
    """How long each phase's and variant's participants waited, in seconds."""
    events: defaultdict[tuple[int, str], Counter[int]] = defaultdict(Counter)
    censored: defaultdict[tuple[int, str], Counter[int]] = defaultdict(Counter)
    whole = window(metric)[1] * DAY_SECONDS
    for one in ledger.binned(metric, group=group):
        followed = _followed(data, one.day, whole)
        seen = _seen(one, followed, whole)
        events[one.place].update(seen)
        censored[one.place][followed] += one.participants - seen.total()
    found: defaultdict[int, dict[str, Durations]] = defaultdict(dict)
    for phase, variant in sorted(events):
        found[phase][variant] = _durations(events[phase, variant], censored[phase, variant])
    return dict(found)


def _followed(data: ExperimentData, day: int, whole: int) -> int:
    """For how many seconds everybody of a day has surely been watched."""
    if not data.dated:
        return whole
    return min(whole, max(0, (data.as_of - start_of(day + 1)) // timedelta(seconds=1)))


def _seen(one: DayBins, followed: int, whole: int) -> Counter[int]:
    """The events of one day's participants by second, as far as everybody was watched."""
    seen: Counter[int] = Counter()
    for edge, tally in one.by_edge.items():
        seconds = min(-(-edge // MICRO), whole)
        if seconds <= followed:
            seen[seconds] += tally.conversions
    return seen


def _durations(events: Counter[int], censored: Counter[int]) -> Durations:
    times = sorted({*(+events), *(+censored)})
    return Durations(
        tuple(times), tuple(events[time] for time in times), tuple(censored[time] for time in times)
    )


def _curve(key: str, phase: int, durations: Durations, level: float, horizon: int) -> Curve:
    points = survival.curve(durations, level) if durations.participants else ()
    median = attempt(survival.median_time, points)
    return Curve(key, phase, durations.participants, median, tuple(_thinned(points, horizon)))


def _thinned(points: Sequence[Point], horizon: int) -> Iterable[Point]:
    """The last point of each stretch of the window, and all of them where they are few."""
    if len(points) <= MOST_POINTS:
        return points
    last = {point.time * MOST_POINTS // (horizon + 1): point for point in points}
    return last.values()


def _log_rank(phases: ByPhase, control: str, treatment: str) -> Test:
    pairs = [
        (found[control], found[treatment])
        for found in phases.values()
        if control in found and treatment in found
    ]
    if not pairs:
        raise NotEnoughData(f"No phase has participants of both {control} and {treatment} yet.")
    return survival.stratified_log_rank(pairs)
