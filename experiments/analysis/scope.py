"""What an experiment compares: its variants with the control first, its metrics with their roles."""

from __future__ import annotations

from experiments.analysis.compare import Comparison
from experiments.analysis.data import ExperimentData
from experiments.analysis.planned import Planned
from experiments.analysis.reading import is_rate
from experiments.analysis.results import Unavailable
from experiments.model.experiment import Plan, Prior
from experiments.model.metric import Metric
from experiments.stats.shrinkage import E_COMMERCE, RelativePrior

PLANNED_UNTIL_KNOWN = 10_000
"""Participants of two variants that a sequence is narrowest at while the planned number is not known."""


def variants_of(data: ExperimentData) -> tuple[str, ...]:
    """The variants' keys, the control's first."""
    return (data.definition.control.key, *data.treatments)


def roles(data: ExperimentData) -> list[tuple[str, Metric]]:
    """Each metric of the plan with its role, in the plan's order: primary, secondary, guardrails."""
    plan = data.definition.plan
    keys = [("primary", plan.primary), *(("secondary", key) for key in plan.secondary)]
    keys += [("guardrail", guardrail.metric) for guardrail in plan.guardrails]
    found = ((role, data.metric(key)) for role, key in keys)
    return [(role, metric) for role, metric in found if metric is not None]


def comparison_of(data: ExperimentData, metric: Metric, planned: int) -> Comparison:
    """How a metric of an experiment is compared; `planned` as `planned_of_two` gives it."""
    plan = data.definition.plan
    return Comparison(
        variants=variants_of(data),
        level=plan.level,
        direction=metric.direction,
        planned=planned,
        is_rate=is_rate(metric),
        margin=plan.mde_relative if plan.margin is None else plan.margin,
        prior=prior_of(plan),
    )


def prior_of(plan: Plan) -> RelativePrior | None:
    """What the plan believed of relative lifts before the start; None where it is flat."""
    if isinstance(plan.prior, Prior):
        return RelativePrior(plan.prior.mean, plan.prior.sd, plan.prior.source)
    return E_COMMERCE if plan.prior == "default" else None


def planned_of_two(size: Planned | Unavailable) -> int:
    """The planned participants of two variants together, at which sequences are narrowest."""
    return PLANNED_UNTIL_KNOWN if isinstance(size, Unavailable) else 2 * size.participants
