"""Analyses of tallies that break formulas: every member is a finite number that can be, or has a reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.analysis.analyze import analyze
from experiments.analysis.data import ExperimentData
from experiments.analysis.timeseries import timeseries
from experiments.model.events import DAY, LARGEST_VALUE, MICRO
from experiments.model.metric import PRIMARY_KINDS
from tests.hostile import METRICS, VARIANTS, Crowd, crowds, hostile_data
from tests.soundness import contradictions, faults

PRIMARIES = [metric.key for metric in METRICS if metric.kind in PRIMARY_KINDS]
everybody = st.lists(crowds, max_size=8)
together = everybody.map(
    lambda found: [
        one._replace(phase=1, crossed=False, variant=VARIANTS[len(one.measured) % 2]) for one in found
    ]
)
"""Two variants of one phase, so that more is known of each."""


@pytest.mark.parametrize("primary", PRIMARIES)
@pytest.mark.parametrize("mode", ["planned", "open"])
@settings(max_examples=8, deadline=None)
@given(
    people=st.one_of(everybody, together),
    days=st.sampled_from([0, 1, 5, 15, 40]),
    status=st.sampled_from(["running", "stopped"]),
    segment=st.sampled_from([None, "plan"]),
)
def test_any_tallies_have_an_answer_or_a_reason(
    primary: str, mode: str, people: list[Crowd], days: int, status: str, segment: str | None
) -> None:
    data = hostile_data(
        people, primary=primary, mode=mode, days=days, status=status, by_segment=bool(segment)
    )
    document = analyze(data, segment=segment).document()
    assert faults(document) == []
    assert contradictions(document) == []
    assert faults(timeseries(data).document()) == []


NOTHING: dict[str, list[int]] = {}
EVERYTHING = {
    "recharge": [1, 1, 1],
    "retained": [1, 0, 1],
    "value": [5 * MICRO, 3 * MICRO, 1],
    "capped": [5 * MICRO, 3 * MICRO, 1],
    "share": [MICRO, 2 * MICRO, 1],
    "wait": [DAY, 0, 1],
    "median": [5 * MICRO, 0, 1],
    "median-paid": [5 * MICRO, 0, 1],
}
OUTLIER = {**EVERYTHING, **{key: [LARGEST_VALUE * MICRO, 0, 1] for key in ("value", "capped", "median")}}
REFUNDS = {**EVERYTHING, **{key: [-7 * MICRO, 0, 0] for key in ("value", "capped", "median", "share")}}


def of(
    count: int, measured: dict[str, list[int]], *, variants: Sequence[str] = VARIANTS, **place: Any
) -> list[Crowd]:
    """So many participants of each of these variants, all alike."""
    at = {"phase": 1, "day": 0, "segment": "", "crossed": False, **place}
    return [Crowd(variant=variant, count=count, measured=measured, **at) for variant in variants]


CORNERS = {
    "nobody": [],
    "one participant": of(1, EVERYTHING, variants=["control"]),
    "one of each variant": of(1, EVERYTHING),
    "nobody converted": of(5_000, NOTHING),
    "everybody converted": of(5_000, EVERYTHING),
    "equal values": of(700, EVERYTHING) + of(700, NOTHING, day=1),
    "one outlier of 10¹²": of(700, EVERYTHING) + of(700, NOTHING) + of(1, OUTLIER, variants=["progress"]),
    "only an outlier": of(1, OUTLIER, variants=["progress"]) + of(700, NOTHING),
    "10¹² participants": of(166_000_000_000, EVERYTHING) + of(166_000_000_000, NOTHING),
    "an empty treatment": of(700, EVERYTHING, variants=["control", "progress"])
    + of(300, NOTHING, variants=["control"]),
    "an empty control": of(700, EVERYTHING, variants=["progress", "loss"])
    + of(9, NOTHING, variants=["loss"]),
    "only a control": of(5_000, EVERYTHING, variants=["control"]) + of(50, NOTHING, variants=["control"]),
    "many phases": [
        one
        for phase in (1, 2, 3)
        for one in of(60 * phase, EVERYTHING, phase=phase, day=phase)
        + of(90, NOTHING, phase=phase, day=phase + 1)
    ],
    "refunds": of(400, REFUNDS) + of(600, NOTHING),
    "refunds against sales": of(400, REFUNDS, variants=["control"])
    + of(400, EVERYTHING, variants=["progress"]),
    "all doubly exposed": of(900, EVERYTHING, crossed=True),
}


@pytest.mark.parametrize("corner", sorted(CORNERS))
@pytest.mark.parametrize("primary", PRIMARIES)
def test_every_corner_has_an_answer_or_a_reason(corner: str, primary: str) -> None:
    for mode, phases in (("planned", 3), ("open", 3 if corner == "many phases" else 1)):
        data = hostile_data(CORNERS[corner], primary=primary, mode=mode, phases=phases)
        document = analyze(data, segment="plan").document()
        assert faults(document) == []
        assert contradictions(document) == []


@settings(max_examples=12, deadline=None)
@given(people=st.one_of(everybody, together), primary=st.sampled_from(["recharge", "value"]))
def test_traffic_that_follows_the_results_has_answers_or_reasons_too(
    people: list[Crowd], primary: str
) -> None:
    allocation = {"mode": "thompson", "floor": 0.05}
    for found in (people, CORNERS["many phases"], CORNERS["10¹² participants"]):
        document = analyze(
            hostile_data(found, primary=primary, mode="open", allocation=allocation)
        ).document()
        assert faults(document) == []
        assert contradictions(document) == []


def test_of_nobody_nothing_is_said() -> None:
    document = analyze(hostile_data([], primary="value", mode="open")).document()
    for metric in document["metrics"]:
        for variant in metric["variants"]:
            said = {
                key: value
                for key, value in variant.items()
                if key not in ("key", "participants", "unavailable")
            }
            assert not any(said.values())
            assert variant["unavailable"]


def test_what_cannot_be_known_of_variants_without_spread_is_not_made_up() -> None:
    """Everybody spent 5: there is a mean, but no interval, no test and no chance."""
    document = analyze(hostile_data(of(5_000, EVERYTHING), primary="value", mode="open")).document()
    value = next(metric for metric in document["metrics"] if metric["key"] == "value")
    progress = value["variants"][1]
    assert progress["mean"] == 5
    assert progress["absolute"] is progress["sequential"] is progress["bayesian"] is None
    assert "same" in progress["unavailable"]["absolute"]


def test_the_checks_themselves_see_what_is_wrong() -> None:
    bad = {
        "metrics": [
            {
                "variants": [
                    {"key": "a", "participants": 0, "mean": None, "interval": None},
                    {
                        "key": "b",
                        "participants": 5,
                        "absolute": {
                            "estimate": 1.0,
                            "interval": [2.0, 3.0],
                            "p_value": 1.5,
                            "method": "welch_t",
                        },
                        "relative": {"estimate": -0.1, "interval": [-0.2, -0.05], "method": "fieller_welch"},
                        "bayesian": {"expected_loss": -1.0},
                    },
                ]
            }
        ]
    }
    assert len(faults(bad)) == 5
    assert len(contradictions(bad)) == 3
    with pytest.raises(ValueError, match="not JSON compliant"):
        faults({"p_value": math.nan})


def test_the_corners_are_reached() -> None:
    """They are corners of the analysis and no mere refusals: the huge numbers do have answers."""
    data: ExperimentData = hostile_data(CORNERS["10¹² participants"], primary="value", mode="open", phases=1)
    metric = analyze(data).document()["metrics"][0]
    assert metric["variants"][1]["absolute"]["p_value"] == 1
    assert metric["variants"][1]["sequential"]["p_value"] == 1
