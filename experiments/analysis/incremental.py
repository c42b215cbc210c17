"""What each conversion costs that an incentive brought, from the plan's ratio of grants and conversions."""

from __future__ import annotations

from experiments.analysis.data import ExperimentData
from experiments.errors import NotEnoughData
from experiments.model.incentive import GRANT_EVENT
from experiments.model.metric import RatioMetric
from experiments.model.tally import Tally
from experiments.stats.estimate import Estimate
from experiments.stats.incremental import cost_per_incremental
from experiments.stats.pair_sums import PairSums

NO_METRIC = f"The plan has no ratio metric of {GRANT_EVENT} over a count of conversions."
SEVERAL_PHASES = "The experiment has several phases, whose costs are not added up without their weights."


def prices_of(data: ExperimentData) -> dict[str, Estimate | str]:
    """By treatment: the price of one more conversion, or why there is none."""
    definition = data.definition
    offering = [variant.key for variant in definition.variants if not variant.control]
    metric = next((one for one in data.metrics if isinstance(one, RatioMetric) and _is_price(one)), None)
    if metric is None:
        return dict.fromkeys(offering, NO_METRIC)
    if len({cell.phase for cell, _ in data.cells}) > 1:
        return dict.fromkeys(offering, SEVERAL_PHASES)
    control = _sums(data, metric.key, definition.control.key)
    return {key: _price(control, _sums(data, metric.key, key), definition.plan.level) for key in offering}


def _is_price(metric: RatioMetric) -> bool:
    return metric.numerator.event == GRANT_EVENT and metric.denominator.value == "count"


def _sums(data: ExperimentData, metric: str, variant: str) -> PairSums:
    total = sum(
        (
            tally
            for cell, tally in data.cells
            if (cell.metric, cell.variant, cell.segment, cell.crossed) == (metric, variant, "", False)
        ),
        Tally(),
    )
    return PairSums(
        total.n, total.total, total.squares, total.covariate, total.covariate_squares, total.cross
    )


def _price(control: PairSums, treatment: PairSums, level: float) -> Estimate | str:
    try:
        return cost_per_incremental(control, treatment, level)
    except NotEnoughData as error:
        return error.detail
