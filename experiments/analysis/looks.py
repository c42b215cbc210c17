"""The planned looks, made from the data alone: asking often costs nothing.

A look falls on every day on which participants matured (their windows ended), from the end of the minimum
run on. Alpha is spent at each of them by the information there was, whether or not anybody looked; so the
bound of a day is the same for everybody and for every recomputation. The look at which the plan ends is the
last: participants who came later are shown, but do not decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from experiments.analysis import wording
from experiments.analysis.data import ExperimentData, start_of
from experiments.analysis.evidence import Looks
from experiments.analysis.planned import Planned, by_baseline, by_pooled, pooled_over_all
from experiments.analysis.reading import Cumulative, Ledger, is_rate, last_matured_day
from experiments.analysis.results import Unavailable
from experiments.analysis.samples import Strata
from experiments.analysis.strata import information
from experiments.analysis.thresholds import EVENTS_FOR_MEANS, OVER
from experiments.model.metric import Metric, window
from experiments.stats import group_sequential


@dataclass(frozen=True, slots=True)
class Look:
    """The participants first exposed through one day, all of them matured.

    Attributes:
        information: What they are worth for the comparison that has least: n·m / (n + m), over its phases.
    """

    through: int
    information: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """The planned number, and the looks until now or until the plan ended.

    Attributes:
        planned: The planned number of participants of a variant, or why it is not known.
        final: Why the last look is the last of all; None while the plan goes on.
        first_day: The day of the first exposures.
    """

    planned: Planned | Unavailable
    looks: tuple[Look, ...] = ()
    final: str | None = None
    first_day: int = 0

    @property
    def through(self) -> int | None:
        """The last day of first exposure that decides; None while there has been no look."""
        return self.looks[-1].through if self.looks else None

    @property
    def fractions(self) -> tuple[float, ...]:
        """The share of the planned information at each look."""
        if isinstance(self.planned, Unavailable):
            return ()
        return tuple(look.information * 2 / self.planned.participants for look in self.looks)


def schedule_of(data: ExperimentData, ledger: Ledger) -> Schedule:
    """The looks of an experiment until now."""
    metric = data.metric(data.definition.plan.primary)
    if metric is None:
        return Schedule(Unavailable("The primary metric is not defined."))
    found = list(ledger.cumulative(metric))
    if not data.dated:
        return _one_look(data, found)
    last = last_matured_day(metric, data.as_of)
    matured = [so_far for so_far in found if so_far.day <= last]
    everybody_matured = bool(found) and len(matured) == len(found)
    if data.definition.assignment == "external" and data.status in OVER and everybody_matured:
        return _one_look(data, matured)
    return _daily(data, metric, matured, is_over=data.status in OVER and everybody_matured)


def looks_of(data: ExperimentData, schedule: Schedule) -> Looks | Unavailable:
    """The looks with the bounds that z must pass at the last of them."""
    if isinstance(schedule.planned, Unavailable):
        return schedule.planned
    if not schedule.looks:
        return Unavailable(
            "No planned look yet: the minimum run is not over, or too few participants' windows have ended."
        )
    through = start_of(schedule.looks[-1].through) if data.dated else None
    return Looks(
        planned_participants=schedule.planned.participants,
        planned_by=schedule.planned.by,
        number=len(schedule.looks),
        fraction=min(1.0, schedule.fractions[-1]),
        bounds=_bounds(data, schedule),
        through=through,
        final=_final_words(data, schedule),
        days_left=_days_left(data, schedule),
    )


def _final_words(data: ExperimentData, schedule: Schedule) -> str | None:
    """Why the plan ended; and on whom it was decided, where more participants came later."""
    if schedule.final is None or not data.dated:
        return schedule.final
    through = schedule.looks[-1].through
    if all(cell.day <= through for cell, _ in data.cells):
        return schedule.final
    day = wording.date(start_of(through))
    return f"{schedule.final} Those first exposed through {day} decide; who came later is shown only."


def _one_look(data: ExperimentData, found: list[Cumulative]) -> Schedule:
    """Data that were complete before anybody looked: one look at all of them, which is the plan."""
    if not found:
        return Schedule(Unavailable("There is no participant yet."))
    there = information_of(data, _participants(found[-1].strata))
    planned = Planned(max(1, round(2 * there)), "the data, which were complete before the analysis")
    return Schedule(planned, (Look(found[-1].day, there),), "The data are complete.")


def _daily(data: ExperimentData, metric: Metric, matured: list[Cumulative], *, is_over: bool) -> Schedule:
    eligible = list(_eligible(data, metric, matured))
    planned = by_baseline(data.definition.plan, metric, len(data.definition.variants))
    if planned is None:
        planned = _pooled_plan(data, metric, eligible)
    first = matured[0].day if matured else 0
    ended = _ended(data, metric, matured, is_over=is_over)
    if isinstance(planned, Unavailable):
        return Schedule(planned, final=ended, first_day=first)
    looks: list[Look] = []
    for so_far in eligible:
        there = information_of(data, _participants(so_far.strata))
        if there > (looks[-1].information if looks else 0):
            looks.append(Look(so_far.day, there))
        if there * 2 >= planned.participants:
            return Schedule(planned, tuple(looks), "The planned number of participants is there.", first)
    return Schedule(planned, tuple(looks), ended, first)


def _eligible(data: ExperimentData, metric: Metric, matured: list[Cumulative]) -> Iterable[Cumulative]:
    """The days at whose maturity a look falls: the minimum run is over, and there is enough to look at."""
    if not matured:
        return
    plan, first = data.definition.plan, matured[0].day
    start = first + max(0, plan.min_days - window(metric)[1] - 1)
    run_is_over = last_matured_day(metric, data.as_of) >= start
    following = [so_far.day for so_far in matured[1:]]
    for so_far, next_day in zip(matured, [*following, None], strict=True):
        is_last_before = so_far.day < start and (next_day is None or next_day > start)
        if run_is_over and (so_far.day >= start or is_last_before) and _is_enough(data, metric, so_far):
            yield so_far


def _is_enough(data: ExperimentData, metric: Metric, so_far: Cumulative) -> bool:
    """Whether all variants together have as much as the minimum asks: blinded, as planning must be."""
    plan, variants = data.definition.plan, len(data.definition.variants)
    together = pooled_over_all(so_far.strata)
    if together.participants < plan.min_participants * variants:
        return False
    if not is_rate(metric):
        return so_far.converted >= plan.min_conversions * EVENTS_FOR_MEANS
    return so_far.converted >= plan.min_conversions * variants


def _pooled_plan(data: ExperimentData, metric: Metric, eligible: list[Cumulative]) -> Planned | Unavailable:
    if not eligible:
        return Unavailable(
            "The planned number of participants is set from all variants together, once the minimum run is "
            "over and has enough participants whose window has ended."
        )
    return by_pooled(data.definition.plan, metric, eligible[0].strata, len(data.definition.variants))


def _ended(data: ExperimentData, metric: Metric, matured: list[Cumulative], *, is_over: bool) -> str | None:
    if is_over:
        return f"The experiment is {data.status} and every window has ended."
    if not matured:
        return None
    longest = matured[0].day + data.definition.plan.max_days - 1
    return "The plan's longest run is over." if last_matured_day(metric, data.as_of) >= longest else None


def information_of(data: ExperimentData, participants: Mapping[tuple[int, str], int]) -> float:
    """What participants, by phase and variant, are worth for the comparison that has least."""
    control = data.definition.control.key
    worth = [
        sum(
            information(participants.get((phase, control), 0), there)
            for (phase, variant), there in participants.items()
            if variant == key and participants.get((phase, control), 0)
        )
        for key in data.treatments
        if any(variant == key for _, variant in participants)
    ]
    return min(worth, default=0.0)


def _participants(strata: Strata) -> dict[tuple[int, str], int]:
    return {
        (phase, variant): sample.participants
        for phase, found in strata.items()
        for variant, sample in found.items()
    }


def _bounds(data: ExperimentData, schedule: Schedule) -> tuple[float, ...]:
    """For k = 1, 2 … comparisons still open the bound of the last look, at alpha / k."""
    plan, is_last = data.definition.plan, spends_all(data, schedule)
    alpha = 1 - plan.level
    return tuple(
        group_sequential.boundaries(schedule.fractions, alpha / k, plan.spending, final=is_last)[-1]
        for k in range(1, len(data.treatments) + 1)
    )


def spends_all(data: ExperimentData, schedule: Schedule) -> bool:
    """Whether the last look spends all that is left: not when a person ended the experiment early.

    Who stops an experiment may have seen how it goes; the plan's own end knows nothing of that.
    """
    stopped_by_hand = data.status in OVER and data.definition.assignment != "external"
    return schedule.final is not None and not stopped_by_hand


def _days_left(data: ExperimentData, schedule: Schedule) -> int | None:
    """Days until the planned information is there at the pace until now; the plan's longest run at most."""
    if schedule.final is not None or data.status != "running" or not schedule.looks:
        return None
    passed = schedule.looks[-1].through - schedule.first_day + 1
    fraction = schedule.fractions[-1]
    by_pace = -((1 - fraction) * passed // -fraction)
    return max(1, int(min(by_pace, data.definition.plan.max_days - passed)))
