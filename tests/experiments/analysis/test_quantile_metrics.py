"""Tests of quantile metrics: against numpy on every row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from experiments.analysis.analyze import analyze
from experiments.analysis.data import ExperimentData
from experiments.analysis.timeseries import timeseries
from experiments.model.events import MICRO
from tests.analysis_factories import a_phase, experiment_data, of_people
from tests.factories import a_metric, an_experiment

Rows = list[tuple[str, int, dict[str, list[int]]]]


def metrics(**fields: Any) -> list[Any]:
    return [a_metric(), a_metric(key="middle", kind="quantile", event="recharge", currency="USD", **fields)]


def people(
    seed: int = 1, n: int = 1200, *, pays: float = 0.7, sizes: tuple[float, float] = (3.0, 3.3)
) -> Rows:
    random = np.random.default_rng(seed)
    rows: Rows = []
    for place, variant in enumerate(("control", "progress")):
        for _ in range(n):
            value = int(random.lognormal(sizes[place], 1) * 1000) * 1000 if random.random() < pays else 0
            rows.append((variant, int(random.integers(5)), {"middle": [value, 0, 1]} if value else {}))
    return rows


def values(rows: Rows, variant: str, *, converted: bool = False) -> Any:
    own = [row[2].get("middle", [0])[0] for row in rows if row[0] == variant]
    return np.array([value for value in own if value or not converted]) / MICRO


def data_of(rows: Rows, *, days: float = 40, **fields: Any) -> ExperimentData:
    definition = an_experiment(plan={"primary": "recharge", "secondary": ["middle"]})
    return experiment_data(definition=definition, days=days, **of_people(metrics(**fields), rows))


def middle(data: ExperimentData) -> Any:
    return analyze(data).metric("middle").document()


ROWS = people()


@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
def test_the_quantile_is_that_of_numpy_to_within_a_bin(share: float) -> None:
    document = middle(data_of(ROWS, quantile=share))
    assert (document["quantile"], document["among"]) == (share, "participants")
    found = []
    for variant in document["variants"]:
        exact = float(np.quantile(values(ROWS, variant["key"]), share, method="median_unbiased"))
        assert variant["mean"] == pytest.approx(exact, rel=0.005)
        assert variant["interval"][0] < variant["mean"] < variant["interval"][1]
        assert (variant["participants"], variant["method"]) == (1200, "order_statistics")
        found.append(exact)
    lift = document["variants"][1]["absolute"]
    assert lift["estimate"] == pytest.approx(found[1] - found[0], abs=0.01 * found[1])
    assert (lift["method"], lift["test"]) == ("quantile_woodruff", "quantile_woodruff")


def test_the_test_agrees_with_a_bootstrap_of_the_rows() -> None:
    document = middle(data_of(ROWS))
    random = np.random.default_rng(3)
    arms = [values(ROWS, key) for key in ("control", "progress")]
    drawn = [
        np.median(random.choice(arms[1], 1200)) - np.median(random.choice(arms[0], 1200)) for _ in range(2000)
    ]
    lower, upper = document["variants"][1]["absolute"]["interval"]
    assert (upper - lower) / (2 * 1.96) == pytest.approx(np.std(drawn), rel=0.15)


def test_among_converted_only_those_with_an_event_count_and_it_says_so() -> None:
    document = middle(data_of(ROWS, among="converted"))
    exact = float(np.median(values(ROWS, "control", converted=True)))
    control = document["variants"][0]
    assert control["mean"] == pytest.approx(exact, rel=0.005)
    assert control["participants"] == 1200
    assert control["conversions"] == len(values(ROWS, "control", converted=True))
    assert "other people" in document["remarks"][0]
    assert "remarks" not in middle(data_of(ROWS))


def test_a_quantile_where_most_have_nothing_is_not_compared() -> None:
    document = middle(data_of(people(pays=0.2)))
    assert document["variants"][0]["mean"] == 0
    lift = document["variants"][1]
    assert lift["absolute"] is None
    assert "same value" in lift["unavailable"]["absolute"]


def test_the_sequential_interval_is_wider_and_there_after_the_burn_in() -> None:
    found = middle(data_of(ROWS))["variants"][1]
    fixed, always = found["absolute"]["interval"], found["sequential"]["interval"]
    assert always[0] < fixed[0] < fixed[1] < always[1]
    few = middle(data_of(people(n=60)))["variants"][1]
    assert few["sequential"] is None
    assert "100 participants" in few["unavailable"]["sequential"]


def test_several_phases_are_compared_within_themselves() -> None:
    first, second = of_people(metrics(), ROWS), of_people(metrics(), people(9), phase=2)
    both = {name: [*first[name], *second[name]] for name in ("cells", "bins")}
    definition = an_experiment(plan={"primary": "recharge", "secondary": ["middle"]})
    data = experiment_data(
        definition=definition, metrics=metrics(), phases=[a_phase(), a_phase(2, day=2)], **both
    )
    lift = middle(data)["variants"][1]["absolute"]
    assert lift["method"] == "stratified_by_phase"
    assert lift["interval"][0] < lift["estimate"] < lift["interval"][1]


def test_bins_that_are_missing_give_the_reason() -> None:
    data = data_of(ROWS)
    definition = an_experiment(plan={"primary": "recharge", "secondary": ["middle"]})
    without = middle(experiment_data(definition=definition, metrics=metrics(), cells=data.cells))
    for variant in without["variants"]:
        assert variant["mean"] is None
        assert "keepgoing rebuild" in variant["unavailable"]["mean"]
        assert variant["participants"] == 1200


def test_the_series_has_the_quantile_of_each_day() -> None:
    series = timeseries(data_of(ROWS), "middle").days
    assert series[-1].variants[0].mean == middle(data_of(ROWS))["variants"][0]["mean"]


@pytest.mark.parametrize("own", [[0], [5], [-3, -2, 10**12], [10**18 * 9, 1], []])
def test_hostile_values_give_an_answer_or_a_reason(own: list[int]) -> None:
    rows: Rows = [
        (v, 0, {"middle": [y, 0, 1]}) for v in ("control", "progress") for y in own for _ in range(9)
    ]
    for among in ("participants", "converted"):
        for variant in middle(data_of(rows, among=among))["variants"]:
            assert variant["mean"] is not None or variant["unavailable"]["mean"]
