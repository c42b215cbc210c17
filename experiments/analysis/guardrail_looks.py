"""The looks at a guardrail in mode `planned`: alpha is spent over them as over those at the primary metric.

A winner that a guardrail blocks waits, and each day of waiting is another chance to be let through by luck.
So the guardrail is looked at on every day from the primary's first look on, whether or not anybody asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scipy import special

from experiments.analysis.data import ExperimentData
from experiments.analysis.looks import Schedule, information_of, spends_all
from experiments.analysis.reading import Ledger, matured_through
from experiments.analysis.results import Unavailable
from experiments.model.metric import Metric, window
from experiments.stats import group_sequential


@dataclass(frozen=True, slots=True)
class GuardrailLook:
    """The last look at one guardrail.

    Attributes:
        through: The last day of first exposure that it takes in; None where rows have no days.
        alpha: What a one-sided test may err at this look, so that all looks together err as the plan says.
    """

    through: int | None
    alpha: float


def guardrail_look(
    data: ExperimentData, ledger: Ledger, schedule: Schedule, guardrail: Metric
) -> GuardrailLook | Unavailable:
    """The look at a guardrail that decides now.

    Spending is of Pocock's type: the first look at which the primary wins may come early, and there what is
    saved for later is of no use. Time is the information that the guardrail itself has, by the primary's
    planned number; when that is there, the guardrail has its last look, and who comes later does not decide.

    References:
        Lan and DeMets (1983), see `experiments.stats.group_sequential`.
    """
    if isinstance(schedule.planned, Unavailable):
        return schedule.planned
    if not schedule.looks:
        return Unavailable("No planned look yet, so the guardrail is not looked at either.")
    if not data.dated:
        return GuardrailLook(None, _alpha(data, (1.0,), is_last=True))
    looks = list(_looks(data, ledger, schedule, guardrail))
    if not looks:
        return Unavailable(f"Nobody's window of {guardrail.key} has ended at a planned look yet.")
    is_last = spends_all(data, schedule) and looks[-1].through == _end(ledger, schedule)
    return GuardrailLook(
        looks[-1].through, _alpha(data, tuple(one.fraction for one in looks), is_last=is_last)
    )


class _Look(NamedTuple):
    """The participants first exposed through a day, and their share of the planned information."""

    through: int
    fraction: float


def _looks(data: ExperimentData, ledger: Ledger, schedule: Schedule, guardrail: Metric) -> Iterable[_Look]:
    """One look for each day from the primary's first on, until now or until all is there."""
    primary, last = data.metric(data.definition.plan.primary), matured_through(data, guardrail)
    if primary is None or last is None or isinstance(schedule.planned, Unavailable):
        return
    last = last if schedule.final is None else min(last, _end(ledger, schedule))
    first = schedule.looks[0].through + window(primary)[1] - window(guardrail)[1]
    days = [(day, arrived) for day, arrived in ledger.daily() if day <= last]
    there: Counter[tuple[int, str]] = Counter()
    before = 0.0
    for (day, arrived), following in zip(days, [*days[1:], None], strict=True):
        there.update(arrived)
        is_look = day >= first or (following is not None and following[0] > first)
        fraction = information_of(data, there) * 2 / schedule.planned.participants
        if last >= first and is_look and fraction > before:
            yield _Look(day, fraction)
            before = fraction
        if before >= 1:
            return


def _end(ledger: Ledger, schedule: Schedule) -> int:
    """The last day of first exposure that the plan takes in, as far as it is known."""
    days = ledger.exposure_days()
    return days[-1] if schedule.final is None or schedule.through is None else min(days[-1], schedule.through)


def _alpha(data: ExperimentData, fractions: tuple[float, ...], *, is_last: bool) -> float:
    return _spent(fractions, 1 - data.definition.plan.level, is_last)


@lru_cache(maxsize=256)
def _spent(fractions: tuple[float, ...], alpha: float, is_last: bool) -> float:
    """The one-sided error of the last look, with all earlier ones counted."""
    bounds = group_sequential.boundaries(fractions, 2 * alpha, "pocock", final=is_last)
    return float(special.ndtr(-bounds[-1]))
