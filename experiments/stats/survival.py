"""Time until an event, with those to whom it has not come yet: Kaplan-Meier, log-rank, restricted mean.

Durations are whole units of time (days, say), grouped: how many had the event at each time, and how many were
last seen without it. Censoring must have nothing to do with the event: everybody is followed up to the same
calendar moment, and nobody is taken out because of what they did.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from experiments.errors import NotEnoughData
from experiments.stats import mean
from experiments.stats.estimate import MOST_PARTICIPANTS, Estimate, Interval, Moments, Test, check_level

Floats = NDArray[np.float64]

LEAST_FOLLOWED = 10
"""Participants still followed at the horizon of a restricted mean; with fewer its last part is a guess."""


@dataclass(frozen=True, slots=True)
class Durations:
    """One variant's participants by time: events, and participants last seen without one. Two add up to one.

    Attributes:
        times: Increasing, from 0.
        events: Participants whose event came at that time.
        censored: Participants who were followed to that time (still at risk at it) without an event.
    """

    times: tuple[int, ...]
    events: tuple[int, ...]
    censored: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.times) == len(self.events) == len(self.censored):
            raise ValueError("times, events and censored must be of the same length.")
        if self.times and self.times[0] < 0:
            raise ValueError(f"times[0] == {self.times[0]}, must be >= 0.")
        if any(later <= earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times must increase.")
        if min((*self.events, *self.censored), default=0) < 0:
            raise ValueError("events and censored must be >= 0.")
        if self.participants > MOST_PARTICIPANTS:
            raise ValueError(f"participants == {self.participants}, must be <= {MOST_PARTICIPANTS}.")

    @classmethod
    def of(cls, participants: Iterable[tuple[int, bool]]) -> Durations:
        """The durations of single participants: a time, and whether the event came then."""
        found = Counter((time, bool(event)) for time, event in participants)
        times = sorted({time for time, _ in found})
        return cls(tuple(times), tuple(found[t, True] for t in times), tuple(found[t, False] for t in times))

    def __add__(self, other: Durations) -> Durations:
        events, censored = (Counter[int](), Counter[int]())
        for one in (self, other):
            events.update(dict(zip(one.times, one.events, strict=True)))
            censored.update(dict(zip(one.times, one.censored, strict=True)))
        times = sorted({*self.times, *other.times})
        return Durations(tuple(times), tuple(events[t] for t in times), tuple(censored[t] for t in times))

    @property
    def participants(self) -> int:
        """Participants with an event or without."""
        return sum(self.events) + sum(self.censored)

    def at_risk(self, time: int) -> int:
        """Participants followed to `time` at least, without an event before it."""
        rows = zip(self.times, self.events, self.censored, strict=True)
        return sum(events + censored for found, events, censored in rows if found >= time)


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the curve: after `time`, `share` of the participants are still without the event."""

    time: int
    at_risk: int
    events: int
    share: float
    interval: Interval


def curve(durations: Durations, level: float) -> tuple[Point, ...]:
    """The Kaplan-Meier curve, a point for each time with an event, with Rothman's intervals.

    Each is Wilson's interval of a share among as many participants as Greenwood's variance is worth. So it
    stays within 0 and 1, has width at the ends too, and without censoring is Wilson's itself.

    Raises:
        NotEnoughData: There is no participant.

    References:
        Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53,
        457-481. Rothman, K. J. (1978). Estimation of confidence limits for the cumulative probability of
        survival in life table analysis. Journal of Chronic Diseases 31, 557-560.
    """
    check_level(level)
    steps = _steps(durations)
    points, worth = [], float(durations.participants)
    for i, share in enumerate(steps.shares.tolist()):
        if 0 < share < 1 and steps.hazards_variance[i] > 0:
            worth = (1 - share) / (share * steps.hazards_variance[i])
        lower, upper = proportion_confint(share * worth, worth, alpha=1 - level, method="wilson")
        interval = Interval.holding(share, max(0.0, lower), min(1.0, upper))
        points.append(Point(steps.times[i], steps.at_risk[i], steps.events[i], share, interval))
    return tuple(points)


def log_rank(control: Durations, treatment: Durations) -> Test:
    """Two-sided log-rank test that the event comes as soon in both variants.

    The statistic is the chi-square with one degree of freedom. It has most power where the hazards are in
    proportion, and may see nothing where the curves cross.

    Raises:
        NotEnoughData: A variant has no participant, or no event tells them apart.

    References:
        Mantel, N. (1966). Evaluation of survival data and two new rank order statistics arising in its
        consideration. Cancer Chemotherapy Reports 50, 163-170.
    """
    return stratified_log_rank([(control, treatment)])


def stratified_log_rank(strata: Sequence[tuple[Durations, Durations]]) -> Test:
    """The log-rank test over several strata (phases, say), each of which compares within itself.

    Args:
        strata: Control and treatment of each.

    Raises:
        NotEnoughData: A variant has no participant in a stratum, or no event tells the variants apart.

    References:
        Mantel (1966), as in `log_rank`.
    """
    surplus = variance = 0.0
    for control, treatment in strata:
        _need_participants(control, treatment)
        for n, events, at_risk, own in _tables(control, treatment):
            share = at_risk / n
            surplus += own - events * share
            variance += events * share * (1 - share) * ((n - events) / (n - 1))
    if variance == 0:
        raise NotEnoughData("No event came while participants of both variants were waiting for theirs.")
    statistic = surplus**2 / variance
    method = "log_rank" if len(strata) == 1 else "log_rank_stratified_by_phase"
    return Test(float(stats.chi2.sf(statistic, 1)), method, statistic)


@dataclass(frozen=True, slots=True)
class MedianTime:
    """When half of the participants have had the event; `upper` is None while the data set no upper end."""

    estimate: int
    lower: int
    upper: int | None


_HALF = 0.5 + 1e-9  # a product of many shares may miss one half by a rounding


def median_time(points: Sequence[Point]) -> MedianTime:
    """The first time at which at most half are still without the event, read off a curve with its intervals.

    Raises:
        NotEnoughData: More than half are still without it at the end of the curve.

    References:
        Brookmeyer, R., Crowley, J. (1982). A confidence interval for the median survival time. Biometrics 38,
        29-41.
    """
    crossed = [point.time for point in points if point.share <= _HALF]
    if not crossed:
        raise NotEnoughData("The event has not come for half of the participants, so there is no median yet.")
    lower = next(point.time for point in points if point.interval.lower <= _HALF)
    upper = next((point.time for point in points if point.interval.upper <= _HALF), None)
    return MedianTime(crossed[0], lower, upper)


@dataclass(frozen=True, slots=True)
class Restricted:
    """A restricted mean still to be made, of one variant's durations. Two of one horizon add up to one."""

    durations: Durations
    horizon: int

    @property
    def participants(self) -> int:
        """Participants with an event or without."""
        return self.durations.participants

    def __add__(self, other: Restricted) -> Restricted:
        if self.horizon != other.horizon:
            raise ValueError(f"horizon == {other.horizon}, must be {self.horizon}: two do not add up.")
        return Restricted(self.durations + other.durations, self.horizon)


def restricted_mean(durations: Durations, horizon: int, *, least_followed: int = LEAST_FOLLOWED) -> Moments:
    """The mean time without the event up to `horizon`, as the mean of one value a participant.

    It is the area under the Kaplan-Meier curve. The variance of the mean is Σ A² d / (n (n - d)) over the
    events before the horizon, A the area from there to the horizon, n at risk and d events; times N / (N - 1)
    for N participants, so that without censoring it is that of the mean of min(time, horizon).

    Args:
        durations: Of one variant.
        horizon: Up to where time counts, in the unit of the durations.
        least_followed: Participants at risk at the horizon, unless the event has come for all before.

    Raises:
        NotEnoughData: There are fewer than two participants, or too few are followed to the horizon.

    References:
        Irwin, J. O. (1949). The standard error of an estimate of expectation of life. Journal of Hygiene 47,
        188-189. Uno, H. et al. (2014). Moving beyond the hazard ratio in quantifying the between-group
        difference in survival analysis. Journal of Clinical Oncology 32, 2380-2385.
    """
    if horizon < 1:
        raise ValueError(f"horizon == {horizon}, must be >= 1.")
    n, followed = durations.participants, durations.at_risk(horizon)
    if n < 2:
        raise NotEnoughData(f"A restricted mean needs at least two participants; there are {n}.")
    steps = _steps(durations)
    if followed < least_followed and not _over_before(steps, horizon):
        raise NotEnoughData(
            f"A mean up to {horizon} needs {least_followed} participants followed to it; it has {followed}."
        )
    edges = np.array([0, *(min(time, horizon) for time in steps.times), horizon], float)
    areas = np.concatenate([[1.0], steps.shares]) * np.diff(edges)
    beyond = np.cumsum(areas[::-1])[::-1][1:]  # from each event to the horizon
    variance = float(beyond**2 @ steps.hazards) * n / (n - 1)
    return Moments(n, float(areas.sum()), n * variance)


def restricted_mean_difference(
    control: Durations,
    treatment: Durations,
    horizon: int,
    level: float,
    *,
    least_followed: int = LEAST_FOLLOWED,
) -> Estimate:
    """Treatment's restricted mean time minus control's, with its interval; below 0 the event comes sooner.

    Raises:
        NotEnoughData: As for `restricted_mean`; or no time differs from another.

    References:
        Uno et al. (2014), as in `restricted_mean`.
    """
    first = restricted_mean(control, horizon, least_followed=least_followed)
    second = restricted_mean(treatment, horizon, least_followed=least_followed)
    return replace(mean.difference(first, second, level), method="restricted_mean")


def restricted_mean_test(
    control: Durations, treatment: Durations, horizon: int, *, least_followed: int = LEAST_FOLLOWED
) -> Test:
    """Two-sided test that both restricted means are equal; no proportion of the hazards is assumed.

    Raises:
        NotEnoughData: As for `restricted_mean_difference`.

    References:
        Uno et al. (2014), as in `restricted_mean`.
    """
    first = restricted_mean(control, horizon, least_followed=least_followed)
    second = restricted_mean(treatment, horizon, least_followed=least_followed)
    return replace(mean.difference_test(first, second), method="restricted_mean")


@dataclass(frozen=True, slots=True)
class _Steps:
    """Kaplan-Meier's steps: times with events, at risk and events there, shares after, Greenwood's terms."""

    times: list[int]
    at_risk: list[int]
    events: list[int]
    shares: Floats
    hazards: Floats  # d / (n (n - d)); 0 where the event came for all who were left, as nothing is beyond

    @property
    def hazards_variance(self) -> Floats:
        """Greenwood's sum: the variance of the share over the share squared."""
        return np.cumsum(self.hazards)


def _steps(durations: Durations) -> _Steps:
    _need_participants(durations)
    if sum(durations.events) == 0:
        return _Steps([], [], [], np.empty(0), np.empty(0))
    times = np.concatenate([durations.times, durations.times])
    status = np.repeat([1, 0], len(durations.times))
    weights = np.array([*durations.events, *durations.censored])
    kept = weights > 0
    fit = SurvfuncRight(times[kept], status[kept], freq_weights=weights[kept])
    at_risk, events = np.rint(fit.n_risk), np.rint(fit.n_events)
    left = at_risk - events
    hazards = np.where(left > 0, events / np.maximum(at_risk, 1) / np.maximum(left, 1), 0.0)
    return _Steps(
        [int(time) for time in fit.surv_times],
        [int(n) for n in at_risk],
        [int(d) for d in events],
        np.asarray(fit.surv_prob, float),
        hazards,
    )


def _over_before(steps: _Steps, horizon: int) -> bool:
    return bool(steps.times) and steps.times[-1] <= horizon and math.isclose(steps.shares[-1], 0.0)


def _tables(control: Durations, treatment: Durations) -> Iterator[tuple[int, int, int, int]]:
    """At each time with events and over one at risk: at risk and events, then treatment's."""
    together = control + treatment
    rows = zip(treatment.times, treatment.events, treatment.censored, strict=True)
    own = {time: (events, events + censored) for time, events, censored in rows}
    n, at_risk = together.participants, treatment.participants
    for time, events, censored in zip(together.times, together.events, together.censored, strict=True):
        events_here, gone = own.get(time, (0, 0))
        if events and n > 1:
            yield n, events, at_risk, events_here
        n, at_risk = n - events - censored, at_risk - gone


def _need_participants(*variants: Durations) -> None:
    if any(durations.participants == 0 for durations in variants):
        raise NotEnoughData("Durations need at least one participant a variant; there is none.")
