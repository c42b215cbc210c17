"""A plan with a truth: everything that one simulated experiment after another is made from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from experiments.analysis.data import ExperimentData
from experiments.analysis.planned import by_baseline
from experiments.analysis.results import Unavailable
from experiments.errors import InvalidInput, NotEnoughData
from experiments.model.experiment import Experiment
from experiments.model.metric import PRIMARY_KINDS, Metric, window
from experiments.model.state import Phase
from experiments.simulation.truth import Truth, Values
from experiments.stats import power

FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
"""The Monday on which every simulated experiment starts; the day has no influence."""
MOST_DAILY = 1_000_000


@dataclass(frozen=True)
class Scenario:
    """What all runs of a simulation share.

    Attributes:
        metrics: The primary one and the guardrails; the verdict asks for no other.
        daily: Participants a day of all variants together.
        looks: The days, counted from the start, at whose beginning somebody asks for the verdict.
    """

    definition: Experiment
    metrics: tuple[Metric, ...]
    truth: Truth
    daily: int
    looks: tuple[int, ...]

    @property
    def days(self) -> int:
        """Days until the last window of the longest run has ended."""
        return self.looks[-1]

    @property
    def level(self) -> float:
        """The plan's level."""
        return self.definition.plan.level

    def data(self) -> ExperimentData:
        """The experiment as it starts, without anybody in it."""
        shares = {key: str(share) for key, share in self.definition.shares.items()}
        phase = Phase(number=1, opened_at=FIRST_DAY, shares=shares, revision=1, reason="start")
        return ExperimentData(
            definition=self.definition,
            status="running",
            revision=1,
            phases=(phase,),
            metrics=self.metrics,
            started_at=FIRST_DAY,
            cells=(),
            as_of=FIRST_DAY,
            events_folded_to=FIRST_DAY,
        )


def scenario(
    definition: Experiment,
    metrics: tuple[Metric, ...],
    truth: Truth,
    *,
    daily: int | None = None,
    looks: int | None = None,
) -> Scenario:
    """The scenario of a plan under a truth.

    Args:
        daily: Participants a day; None takes as many as the plan needs by the middle of its run.
        looks: How many looks, evenly spaced over the longest run; None looks every day.

    Raises:
        InvalidInput: The plan gives no number to derive the daily participants from, or they are too many.
    """
    primary = next(metric for metric in metrics if metric.key == definition.plan.primary)
    longest = definition.plan.max_days + window(primary)[1]
    if daily is None:
        daily = _planned_daily(definition, primary, truth)
    return Scenario(definition, metrics, truth, daily, _look_days(longest, looks))


def at(data: ExperimentData, day: int) -> ExperimentData:
    """The experiment at the beginning of one of its days."""
    as_of = FIRST_DAY + timedelta(days=day)
    return replace(data, as_of=as_of, events_folded_to=as_of)


def _look_days(longest: int, looks: int | None) -> tuple[int, ...]:
    count = longest if looks is None else min(looks, longest)
    days = np.linspace(longest / count, longest, count)
    return tuple(sorted({math.ceil(day - 1e-9) for day in days.tolist()}))


def _planned_daily(definition: Experiment, primary: Metric, truth: Truth) -> int:
    """As many a day as bring the planned number by the middle between the shortest and the longest run."""
    plan = definition.plan
    middle = (plan.min_days + plan.max_days) / 2
    daily = math.ceil(_planned_total(definition, primary, truth) / middle)
    if daily > MOST_DAILY:
        raise InvalidInput.at(
            "/daily",
            f"the plan needs {daily:,} participants a day, which is more than is simulated; give daily "
            f"(at most {MOST_DAILY:,}), or a plan for a larger effect",
        )
    return daily


def _planned_total(definition: Experiment, primary: Metric, truth: Truth) -> float:
    """Participants of all variants at which the comparison that has least is planned to be decided."""
    try:
        of_one = _planned_of_one(definition, primary, truth)
    except NotEnoughData as error:
        raise InvalidInput.at("/daily", f"give daily, for it cannot be derived: {error.detail}") from error
    shares = definition.shares
    control = shares[truth.control]
    worth = min(float(control * shares[key] / (control + shares[key])) for key in truth.treatments)
    return of_one / 2 / worth


def _planned_of_one(definition: Experiment, primary: Metric, truth: Truth) -> int:
    """The planned number of each of equal variants, as the analysis finds it."""
    plan, variants, known = definition.plan, len(definition.variants), truth.primary.truth
    mean = known.means[truth.control]
    if isinstance(known, Values):
        if mean == 0:
            raise NotEnoughData("a control whose mean is 0 cannot change by a share of itself")
        design = power.Design(level=plan.level, power=plan.power, weights=power.equal_weights(variants))
        effect = plan.mde_relative * abs(mean)
        return power.sample_size_of_means(known.deviation, mde_absolute=effect, design=design).per_variant[0]
    with_baseline = plan if plan.baseline is not None else plan.model_copy(update={"baseline": mean})
    found = by_baseline(with_baseline, _comparable(primary), variants)
    if found is None or isinstance(found, Unavailable):
        raise NotEnoughData("the plan has no baseline" if found is None else found.reason)
    return found.participants


def _comparable(metric: Metric) -> Metric:
    if metric.kind not in PRIMARY_KINDS:
        raise InvalidInput.at("/plan/primary", f"a verdict is not made on metrics of the kind {metric.kind}")
    return metric
