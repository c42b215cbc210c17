"""What tea-tasting answers. It runs where that is installed, not in the project's own environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import tea_tasting as tt
from tea_tasting.aggr import Aggregates
from tea_tasting.experiment import ExperimentResult

from tests.witnesses.inputs import P_VALUES, PAIRS, RATES, SPLITS

Row = tuple[str, str, dict[str, Any]]
NAMES = {
    "estimate": "effect_size",
    "lower": "effect_size_ci_lower",
    "upper": "effect_size_ci_upper",
    "p_value": "pvalue",
}
SIZES = {"even": 1.0, "treatment half as large": 0.5}


def rows() -> Iterator[Row]:
    """Every answer: which method, on which input, and what came out."""
    for case, rates in RATES.items():
        yield "pooled_z", case, {"p_value": _rates(rates, "norm").pvalue}
        yield "fisher", case, {"p_value": _rates(rates, "fisher").pvalue}
        yield "lift", case, {"estimate": _rates(rates, "norm").rel_effect_size}
    yield "boschloo", "few", {"p_value": _rates(((300, 4), (290, 13)), "boschloo").pvalue}
    for case, (control, treatment) in PAIRS.items():
        table = _table(control, treatment)
        yield "welch", case, _mean(table, tt.Mean("y"))
        yield "lift_of_means", case, {"estimate": _analyzed(table, tt.Mean("y")).rel_effect_size}
        yield "ratio", case, _mean(table, tt.RatioOfMeans("y", "x"))
        yield "cuped_at_theta", case, _mean(table, tt.Mean("y", "x"))
    for case, p_values in P_VALUES.items():
        yield "holm", case, {"p_values": _adjusted(p_values, tt.adjust_fwer, True, method="bonferroni")}
        yield "benjamini_hochberg", case, {"p_values": _adjusted(p_values, tt.adjust_fdr, False)}
    for case, (observed, weights) in SPLITS.items():
        if len(observed) == 2:
            yield "chi_square", case, {"p_value": _split(observed, weights)}
    for case, ratio in SIZES.items():
        yield "power_of_means", case, _power(ratio)


def _rates(pair: tuple[tuple[int, int], tuple[int, int]], method: Any) -> Any:
    control, treatment = (Aggregates(count_=n, mean_={"x": x / n}) for n, x in pair)
    metric = tt.Proportion("x", method=method, correction=False)
    return metric.analyze_aggregates(control, treatment)


def _table(control: list[tuple[int, int]], treatment: list[tuple[int, int]]) -> pa.Table:
    both = [*control, *treatment]
    variants = [0] * len(control) + [1] * len(treatment)
    return pa.table({"variant": variants, "y": [y for y, _ in both], "x": [x for _, x in both]})


def _analyzed(table: pa.Table, metric: Any) -> Any:
    return tt.Experiment(metric=metric).analyze(table)["metric"]


def _mean(table: pa.Table, metric: Any) -> dict[str, float]:
    found = _analyzed(table, metric)
    return {key: float(getattr(found, name)) for key, name in NAMES.items()}


def _adjusted(p_values: tuple[float, ...], adjust: Any, any_dependence: bool, **how: Any) -> list[float]:
    metrics = {str(place): {"pvalue": p_value} for place, p_value in enumerate(p_values)}
    found = adjust(ExperimentResult(metrics), arbitrary_dependence=any_dependence, **how).to_dicts()
    by_metric = {one["metric"]: one["pvalue_adj"] for one in found}
    return [float(by_metric[str(place)]) for place in range(len(p_values))]


def _split(observed: tuple[int, ...], weights: tuple[float, ...]) -> float:
    counts = {place: Aggregates(count_=count) for place, count in enumerate(observed)}
    metric = tt.SampleRatio(weights[1] / weights[0], method="norm", correction=False)
    return float(metric.analyze(counts, 0, 1).pvalue)


def _power(ratio: float) -> dict[str, float]:
    metric = tt.Mean("y", effect_size=0.3, equal_var=True, ratio=ratio, n_obs=450)
    sample = Aggregates(count_=450, mean_={"y": 10.0}, var_={"y": 1.44})
    found = metric.solve_power_from_aggregates(sample, "power")
    return {"ratio": ratio, "power": float(found[0].power)}
