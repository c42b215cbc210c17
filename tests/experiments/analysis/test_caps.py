"""Tests of caps at a quantile: against every row capped by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.analyze import analyze, verdict_of
from experiments.analysis.data import ExperimentData
from experiments.model.events import MICRO
from tests.analysis_factories import experiment_data, of_people
from tests.factories import a_metric, an_experiment

SHARE = 0.99
VALUE = a_metric(key="value", kind="mean", event="recharge", currency="USD", cap_quantile=SHARE)
Person = tuple[str, int, int, int]
"""Variant, day, value and covariate, in millionths."""


def people(seed: int = 1, n: int = 1500, *, days: int = 10) -> list[Person]:
    random = np.random.default_rng(seed)
    found: list[Person] = []
    for variant, size in (("control", 3.0), ("progress", 3.2)):
        for _ in range(n):
            pays = random.random() < 0.4
            value = int(random.lognormal(size, 1.2) * 10_000) * 100 if pays else 0
            before = int(random.lognormal(2, 1) * 100) * 10_000 if random.random() < 0.3 else 0
            found.append((variant, int(random.integers(days)), value, before))
    return found


def data_of(persons: list[Person], *, metric: Any = VALUE, days: float = 40, **fields: Any) -> ExperimentData:
    rows = [
        (variant, day, {"value": [value, before, int(value != 0)]} if value or before else {})
        for variant, day, value, before in persons
    ]
    definition = an_experiment(plan={"primary": "value", "segments": fields.get("segments", [])})
    return experiment_data(definition=definition, days=days, **of_people([metric], rows, **fields))


def three_digits(value: int) -> int:
    step = 10 ** max(0, len(str(abs(value))) - 3)
    return -(-value // step) * step


def cap_by_hand(persons: list[Person], share: float = SHARE) -> int:
    """The smallest edge with at least this share of the first week's participants at or below it."""
    edges = sorted(three_digits(one[2]) for one in persons if one[1] <= 6)
    return edges[int(np.ceil(share * len(edges) - 1e-9)) - 1]


PERSONS = people()


def test_every_value_beyond_the_pooled_quantile_counts_as_the_cap() -> None:
    cap = cap_by_hand(PERSONS)
    metric = analyze(data_of(PERSONS)).metric("value")
    document = metric.document()
    assert float(document["capped"]["cap_value"]) == cap / MICRO
    assert document["capped"]["touched"] == {
        key: sum(one[2] > cap for one in PERSONS if one[0] == key) for key in ("control", "progress")
    }
    assert (document["capped"]["applied"], document["capped"]["fixed"]) == (True, True)
    arms = [
        np.array([min(one[2], cap) for one in PERSONS if one[0] == key]) / MICRO
        for key in ("control", "progress")
    ]
    welch = stats.ttest_ind(arms[1], arms[0], equal_var=False)
    lift = document["variants"][1]["absolute"]
    assert lift["estimate"] == pytest.approx(arms[1].mean() - arms[0].mean(), rel=1e-9)
    assert lift["p_value"] == pytest.approx(welch.pvalue, rel=1e-8)


def test_the_mean_without_the_cap_stands_beside() -> None:
    document = analyze(data_of(PERSONS)).metric("value").document()
    plain = a_metric(key="value", kind="mean", event="recharge", currency="USD")
    uncapped = analyze(data_of(PERSONS, metric=plain)).metric("value").document()
    assert document["capped"]["uncapped"]["variants"][1]["mean"] == uncapped["variants"][1]["mean"]
    assert uncapped["variants"][1]["mean"] > document["variants"][1]["mean"]
    assert "capped" not in uncapped


def test_the_adjusted_lift_is_that_of_capped_values_with_their_covariates() -> None:
    cap = cap_by_hand(PERSONS)
    by_hand = [(variant, day, min(value, cap), before) for variant, day, value, before in PERSONS]
    plain = a_metric(key="value", kind="mean", event="recharge", currency="USD")
    found = analyze(data_of(PERSONS)).metric("value").matured.variant("progress").adjusted
    assert (
        found == analyze(data_of(by_hand, metric=plain)).metric("value").matured.variant("progress").adjusted
    )


def test_the_verdict_is_made_on_capped_values() -> None:
    giant = [("control", 0, 10**18, 0)]
    plain = a_metric(key="value", kind="mean", event="recharge", currency="USD")
    assert control_mean(data_of(PERSONS + giant)) == pytest.approx(control_mean(data_of(PERSONS)), rel=0.02)
    assert control_mean(data_of(PERSONS + giant, metric=plain)) > 10**8


def control_mean(data: ExperimentData) -> float:
    """The control's mean as the verdict was made on it."""
    return float(verdict_of(data).inputs["control_mean"])


def test_the_cap_is_that_of_the_minimum_run_once_its_windows_have_ended() -> None:
    early, late = people(2, 800, days=7), [(v, d + 7, y * 50, x) for v, d, y, x in people(3, 800, days=7)]

    def cap_at(persons: list[Person], days: float) -> tuple[str, bool]:
        capped = analyze(data_of(persons, days=days)).metric("value").document()["capped"]
        return capped["cap_value"], capped["fixed"]

    assert cap_at(early + late, 40) == cap_at(early, 40) == (f"{cap_by_hand(early) / MICRO:g}", True)
    matured = [one for one in early if one[1] <= 3]
    value, fixed = cap_at(early + late, 11)
    assert (float(value), fixed) == (cap_by_hand(matured) / MICRO, False)


def test_a_quantile_of_zero_caps_nothing_and_says_so() -> None:
    few = [("control", 0, 5 * MICRO, 0), *[("control", 0, 0, 0)] * 300, *[("progress", 0, 0, 0)] * 300]
    document = analyze(data_of(few)).metric("value").document()
    assert document["capped"]["applied"] is False
    assert "quantile is 0" in document["capped"]["reason"]
    assert document["variants"][0]["mean"] == pytest.approx(5 / 301)


def test_a_segment_has_the_cap_of_everybody() -> None:
    data = data_of(PERSONS, segments=["plan"], values=("pro",))
    results = analyze(data, segment="plan").document()
    (only,) = results["segments"]["values"]
    for one, everybody in zip(only["metrics"][0]["variants"], results["metrics"][0]["variants"], strict=True):
        assert (one["mean"], one["interval"]) == (everybody["mean"], everybody["interval"])
    assert only["metrics"][0]["capped"]["cap_value"] == results["metrics"][0]["capped"]["cap_value"]


@pytest.mark.parametrize(
    "values", [[10**18, 0, -(10**18)], [5, 5, 5], [-1, -2, -3], [0, 0, 0], [10**18 * 3, 1, 0]]
)
def test_hostile_values_give_an_answer_or_a_reason(values: list[int]) -> None:
    persons = [(v, 0, value, 0) for v in ("control", "progress") for value in values for _ in range(40)]
    document = analyze(data_of(persons)).metric("value").document()
    assert document["capped"]["applied"] or document["capped"]["reason"]
    assert document["variants"][1]["mean"] is not None


def test_a_ratio_names_the_caps_of_both_halves() -> None:
    metric = a_metric(
        key="value", kind="ratio", numerator={"event": "a", "cap_value": 5},
        denominator={"event": "b", "cap_value": "2.5"},
    )  # fmt: skip
    document = analyze(data_of(PERSONS, metric=metric)).metric("value").document()
    assert document["capped"] == {"applied": True, "cap_value": "5", "denominator_cap_value": "2.5"}
