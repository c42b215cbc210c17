"""The results document: the contract's members, finite numbers, whatever the data are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.analysis.analyze import analyze
from experiments.model.tally import Cell, Tally
from tests.analysis_factories import experiment_data, spread
from tests.factories import a_metric, an_experiment

MEMBERS = {
    "": {
        "experiment",
        "status",
        "revision",
        "as_of",
        "events_folded_to",
        "variants",
        "health",
        "metrics",
        "verdict",
    },
    "variants": {"key", "control", "participants", "weight"},
    "srm": {"ok", "chi_square_p_value", "sequential_p_value"},
    "metric": {"key", "kind", "role", "variants"},
    "control": {"key", "participants", "conversions", "mean", "interval"},
    "treatment": {"absolute", "relative", "sequential", "bayesian"},
    "absolute": {"estimate", "interval", "p_value", "p_value_adjusted"},
    "relative": {"estimate", "interval"},
    "sequential": {"interval", "p_value"},
    "bayesian": {"chance_to_beat_control", "chance_to_be_best", "expected_loss", "interval"},
    "verdict": {"outcome", "winner", "reasons", "gates", "missing", "inputs", "rules"},
}
"""What contract.md names, and what the verdict is recorded with."""


def test_the_document_holds_the_contracts_members() -> None:
    data = experiment_data(spread("control", 10000, 1000, days=14) + spread("progress", 10100, 1150, days=14))
    document = analyze(data).document()
    assert set(document) >= MEMBERS[""]
    assert set(document["variants"][0]) >= MEMBERS["variants"]
    assert set(document["health"]["srm"]) >= MEMBERS["srm"]
    metric = document["metrics"][0]
    assert set(metric) >= MEMBERS["metric"]
    control, treatment = metric["variants"]
    assert set(control) >= MEMBERS["control"]
    assert not set(control) & {"absolute", "relative", "sequential"}
    assert set(treatment) >= MEMBERS["control"] | MEMBERS["treatment"]
    for name in ("absolute", "relative", "sequential", "bayesian"):
        assert set(treatment[name]) >= MEMBERS[name]
    assert set(document["verdict"]) >= MEMBERS["verdict"]
    assert len(document["verdict"]["gates"]) == 9
    assert document["variants"][0] == {
        "key": "control", "control": True, "participants": 10000, "weight": 0.5,
    }  # fmt: skip


places = st.builds(
    Cell,
    variant=st.sampled_from(["control", "progress"]),
    phase=st.sampled_from([1, 2]),
    metric=st.just(""),
    day=st.integers(20514, 20530),
    segment=st.just(""),
    segment_value=st.just(""),
    crossed=st.sampled_from([False, False, False, True]),
)


@st.composite
def small_cells(draw: st.DrawFn) -> list[tuple[Cell, Tally]]:
    """Any few participants, with any rate and any values, in any place."""
    cells: list[tuple[Cell, Tally]] = []
    for place in draw(st.lists(places, max_size=8)):
        people = draw(st.integers(1, 300))
        converted = draw(st.integers(0, people))
        amount = draw(st.integers(-(10**18), 10**18))
        cells.append((place, Tally(n=people)))
        rate = Tally(n=converted, total=converted, squares=converted, conversions=converted)
        amounts = Tally(n=people, total=people * amount, squares=people * amount * amount, conversions=people)
        value = draw(st.one_of(st.just(amounts), paired(people)))
        cells += [(place._replace(metric="recharge"), rate), (place._replace(metric="value"), value)]
        cells.append((place._replace(metric="share"), draw(paired(people))))
    return cells


@st.composite
def paired(draw: st.DrawFn, people: int) -> Tally:
    """The tally of any few pairs of an outcome and its denominator or covariate."""
    value = st.one_of(st.sampled_from([0, 0, 1, 10**6]), st.integers(-(10**18), 10**18))
    pairs = draw(st.lists(st.tuples(value, value), max_size=min(people, 6)))
    times = draw(st.integers(1, max(1, people // 6)))
    return sum((Tally.of(y, x, converted=y != 0) for y, x in pairs * times), Tally())


def numbers(document: Any) -> Iterator[float]:
    """All floats of a document."""
    if isinstance(document, float):
        yield document
    children = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    for child in children:
        yield from numbers(child)


@pytest.mark.parametrize("primary", ["recharge", "value", "share"])
@pytest.mark.parametrize("mode", ["planned", "open"])
@settings(max_examples=100, deadline=None)
@given(cells=small_cells(), days=st.integers(0, 60), stopped=st.booleans())
def test_any_small_tallies_give_a_finite_document_and_never_raise(
    primary: str, mode: str, cells: list[tuple[Cell, Tally]], days: int, stopped: bool
) -> None:
    plan = {
        "primary": primary,
        "mode": mode,
        "guardrails": [
            {"metric": other, "margin": 2} for other in ("recharge", "value", "share") if other != primary
        ],
        "min_participants": 1,
        "min_conversions": 1,
    }
    sides = {"numerator": {"event": "refund"}, "denominator": {"event": "recharge"}}
    metrics = [
        a_metric(),
        a_metric(key="value", kind="mean", event="recharge", value="sum", window_days=7),
        a_metric(key="share", kind="ratio", **sides),
    ]
    data = experiment_data(
        cells,
        definition=an_experiment(plan=plan),
        metrics=metrics,
        days=days,
        status="stopped" if stopped else "running",
    )
    document = analyze(data).document()
    assert all(math.isfinite(number) for number in numbers(document))
    json.dumps(document, allow_nan=False)
