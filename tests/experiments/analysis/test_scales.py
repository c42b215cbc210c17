"""The relative scale never says the opposite of the absolute one, which decides; verdicts least of all."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.analysis.analyze import analyze
from experiments.analysis.document import Results
from tests.analysis_factories import an_experiment_of, experiment_data, mean_cells, pair_cells, spread
from tests.factories import a_metric
from tests.soundness import contradictions

DIRECTIONS = ("increase", "decrease")
VALUE = {"key": "value", "kind": "mean", "event": "recharge", "value": "sum"}
SHARE = {
    "key": "share",
    "kind": "ratio",
    "numerator": {"event": "refund"},
    "denominator": {"event": "recharge"},
}
participants = st.integers(150, 30_000)
rates = st.floats(0.002, 0.998)
values = st.lists(st.integers(-20, 60), min_size=110, max_size=160)
pairs = st.lists(st.tuples(st.integers(-5, 40), st.integers(0, 9)), min_size=110, max_size=160)


def results(cells: list[Any], mode: str, *, metric: dict[str, Any], direction: str, **plan: Any) -> Results:
    """An experiment that has run to its end."""
    asked = {"primary": metric.get("key", "recharge"), "mode": mode, "min_participants": 100, **plan}
    return analyze(
        experiment_data(
            cells,
            definition=an_experiment_of("progress", plan=asked),
            metrics=[a_metric(**metric, direction=direction)],
            status="stopped",
        )
    )


def sides(found: Results) -> None:
    """Both scales point to one side, and so does the verdict."""
    document = found.document()
    assert contradictions(document) == []
    treatment = document["metrics"][0]["variants"][1]
    outcome, relative = document["verdict"]["outcome"], treatment["relative"]
    if outcome not in {"winner", "control_wins"} or relative is None:
        return
    good = 1 if document["metrics"][0]["direction"] == "increase" else -1
    side = good if outcome == "winner" else -good
    assert math.copysign(1, relative["estimate"]) == side
    assert max(side * bound for bound in relative["interval"]) > 0


@pytest.mark.parametrize("mode", ["planned", "open"])
@settings(max_examples=20, deadline=None)
@given(
    n=participants, m=participants, before=rates, lift=st.floats(-0.6, 0.6), way=st.sampled_from(DIRECTIONS)
)
def test_of_rates(mode: str, n: int, m: int, before: float, lift: float, way: str) -> None:
    after = min(1.0, before * (1 + lift))
    cells = spread("control", n, round(n * before), days=14) + spread(
        "progress", m, round(m * after), days=14
    )
    sides(results(cells, mode, metric={}, direction=way))


@pytest.mark.parametrize("mode", ["planned", "open"])
@settings(max_examples=20, deadline=None)
@given(control=values, progress=values, shift=st.integers(-15, 30), way=st.sampled_from(DIRECTIONS))
def test_of_means(mode: str, control: list[int], progress: list[int], shift: int, way: str) -> None:
    cells = mean_cells("control", control) + mean_cells("progress", [value + shift for value in progress])
    sides(results(cells, mode, metric=VALUE, direction=way))


@pytest.mark.parametrize("mode", ["planned", "open"])
@settings(max_examples=20, deadline=None)
@given(control=pairs, progress=pairs, shift=st.integers(-10, 20), way=st.sampled_from(DIRECTIONS))
def test_of_ratios(
    mode: str, control: list[tuple[int, int]], progress: list[tuple[int, int]], shift: int, way: str
) -> None:
    cells = pair_cells("control", control, metric="share")
    cells += pair_cells("progress", [(y + shift, x) for y, x in progress], metric="share")
    sides(results(cells, mode, metric=SHARE, direction=way))


@pytest.mark.parametrize(("rate", "outcome"), [(0.13, "winner"), (0.07, "control_wins")])
def test_verdicts_of_both_ends_are_among_those_compared(rate: float, outcome: str) -> None:
    cells = spread("control", 20_000, 2_000, days=14)
    cells += spread("progress", 20_000, round(20_000 * rate), days=14)
    found = results(cells, "open", metric={}, direction="increase")
    assert found.verdict.outcome in {outcome, "stop_harm"}
    assert (found.verdict.outcome == "winner") == (outcome == "winner")
    sides(found)
