"""What lifelines answers. It runs where that is installed, not in the project's own environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time

from tests.witnesses.inputs import DURATIONS

Row = tuple[str, str, dict[str, Any]]


def rows() -> Iterator[Row]:
    """Every answer: which method, on which input, and what came out."""
    for case, pair in DURATIONS.items():
        (t_control, e_control), (t_treatment, e_treatment) = (np.array(one).T for one in pair)
        test = logrank_test(t_control, t_treatment, e_control, e_treatment)
        yield "log_rank", case, {"statistic": float(test.test_statistic), "p_value": float(test.p_value)}
        for place, variant in enumerate(("control", "treatment")):
            times, events = np.array(pair[place]).T
            fit = KaplanMeierFitter().fit(times, events)
            named = f"{case}, {variant}"
            yield "curve", named, _curve(fit, times[events == 1])
            horizon = int(np.quantile(times, 0.6))
            mean = restricted_mean_survival_time(fit, t=horizon)
            yield "restricted_mean", named, {"horizon": horizon, "estimate": float(mean)}
            median = float(fit.median_survival_time_)
            yield "median_time", named, {"estimate": median if np.isfinite(median) else None}


def _curve(fit: KaplanMeierFitter, times: np.ndarray) -> dict[str, list[float]]:
    at = np.unique(times)
    return {"times": at.tolist(), "shares": fit.survival_function_at_times(at).tolist()}
