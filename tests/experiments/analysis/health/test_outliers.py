"""Tests of outliers that carry a result: planted ones are found, heavy tails that carry nothing are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.analyze import analyze
from experiments.analysis.health.check import Check
from experiments.model.events import MICRO
from tests.analysis_factories import experiment_data, of_people
from tests.factories import a_metric, an_experiment

VALUE = a_metric(key="value", kind="mean", event="recharge", currency="USD")
Values = dict[str, list[int]]


def values(seed: int, n: int = 2000, *, lift: float = 0.0) -> Values:
    random = np.random.default_rng(seed)
    return {
        key: [round(float(v)) for v in random.lognormal(3 + extra, 1, n) * (random.random(n) < 0.5)]
        for key, extra in (("control", 0.0), ("progress", lift))
    }


def check_of(found: Values, *, metric: Any = VALUE, **fields: Any) -> Check:
    rows = [
        (variant, 0, {"value": [one * MICRO, 0, 1]} if one else {})
        for variant, own in found.items()
        for one in own
    ]
    definition = an_experiment(plan={"primary": "value"})
    data = experiment_data(definition=definition, **(of_people([metric], rows) | fields))
    return analyze(data).health.check("outliers")


def test_one_giant_that_makes_the_result_is_named_with_what_is_left_without_it() -> None:
    found = values(1)
    for _ in range(6):
        found["progress"].append(20_000)
    check = check_of(found)
    assert check.state == "warning"
    assert "progress on value hangs on 6 large values" in check.says
    (row,) = check.details["comparisons"]
    cap = row["cap_value"]
    arms = [np.minimum(found[key], cap) for key in ("control", "progress")]
    assert row["touched"] == sum(int((np.array(own) > cap).sum()) for own in found.values())
    assert row["lift_capped"] == pytest.approx(arms[1].mean() - arms[0].mean(), rel=1e-9)
    assert row["p_value_capped"] == pytest.approx(stats.ttest_ind(*arms, equal_var=False).pvalue, rel=1e-7)
    plain = [np.array(found[key]) for key in ("control", "progress")]
    assert row["p_value"] == pytest.approx(stats.ttest_ind(*plain, equal_var=False).pvalue, rel=1e-7)
    assert row["p_value"] < 0.05 < row["p_value_capped"]


def test_a_giant_that_hides_a_result_is_named_too() -> None:
    found = values(2, lift=0.3)
    found["control"].append(400_000)
    check = check_of(found)
    assert check.state == "warning"
    assert check.details["comparisons"][0]["p_value_capped"] < 0.05


@pytest.mark.parametrize("seed", range(8))
def test_an_honest_heavy_tail_raises_no_alarm(seed: int) -> None:
    assert check_of(values(10 + seed, lift=0.3)).state == "ok"


def test_a_metric_with_a_cap_is_not_asked() -> None:
    for cap in ({"cap_value": 100}, {"cap_quantile": 0.99}):
        metric = a_metric(key="value", kind="mean", event="recharge", currency="USD", **cap)
        assert check_of(values(1), metric=metric).state == "not_evaluated"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"control": [5, 5], "progress": [5, 5]}, "different sizes"),
        ({"control": [0, 0], "progress": [0, 0]}, "different sizes"),
        ({"control": [], "progress": []}, "different sizes"),
        ({"control": [3, 40], "progress": []}, "No phase"),
        ({"control": [-3, -40], "progress": [-5, -6]}, "different sizes"),
    ],
)
def test_where_there_is_nothing_to_cap_it_says_so(found: Values, said: str) -> None:
    check = check_of(found)
    assert check.state == "not_evaluated"
    assert said in check.says


def test_cells_without_bins_ask_for_a_rebuild() -> None:
    assert "keepgoing rebuild" in check_of(values(1), bins=()).says
