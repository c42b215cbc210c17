"""From data to the whole results document."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from experiments.analysis.analyze import analyze, verdict_of
from experiments.analysis.data import ExperimentData, ExposureHealth
from experiments.errors import InvalidInput
from tests.analysis_factories import (
    FIRST_DAY,
    a_phase,
    an_experiment_of,
    experiment_data,
    mean_cells,
    metric_cell,
    rate_cells,
    spread,
)
from tests.factories import a_metric, an_experiment, variant_document


def cookie_cats(*, status: str = "stopped", **fields: Any) -> ExperimentData:
    """The published counts, installs spread evenly over fourteen days as the demo does."""
    definition = an_experiment(
        key="cookie-cats-gate",
        assignment="external",
        variants=[variant_document("gate_30", control=True), variant_document("gate_40")],
        plan={"primary": "retained_d7", "baseline": 0.19},
    )
    metric = a_metric(key="retained_d7", kind="retention", event="session", from_day=7, to_day=8)
    cells = spread("gate_30", 44700, 8502, days=14, metric="retained_d7")
    cells += spread("gate_40", 45489, 8279, days=14, metric="retained_d7")
    return experiment_data(cells, definition=definition, metrics=[metric], status=status, **fields)


def progress(data: ExperimentData, metric: int = 0) -> dict[str, Any]:
    """The treatment's member of the document."""
    found: dict[str, Any] = analyze(data).document()["metrics"][metric]["variants"][1]
    return found


def test_cookie_cats_gives_the_published_numbers() -> None:
    document = analyze(cookie_cats()).document()
    gate_30, gate_40 = document["metrics"][0]["variants"]
    assert (gate_30["participants"], gate_30["conversions"]) == (44700, 8502)
    assert (gate_40["participants"], gate_40["conversions"]) == (45489, 8279)
    assert gate_40["absolute"]["p_value"] == pytest.approx(0.00155, abs=5e-6)
    assert gate_40["absolute"]["test"] == "pooled_z"
    assert gate_40["bayesian"]["chance_to_beat_control"] == pytest.approx(0.001, abs=5e-4)
    assert document["health"]["srm"]["chi_square_p_value"] == pytest.approx(0.0086, abs=5e-5)
    assert document["health"]["srm"]["sequential_p_value"] == pytest.approx(0.96, abs=5e-3)


def test_cookie_cats_keeps_its_gate_and_warns_of_the_split() -> None:
    results = analyze(cookie_cats())
    assert results.health.split.ok
    assert "0.0086" in (results.health.split.warning or "")
    assert results.verdict.outcome == "control_wins"
    assert results.verdict.winner is None
    assert results.verdict.variants == ("gate_30",)
    minus = "\N{MINUS SIGN}"
    assert f"{minus}0.82 percentage points (95% interval {minus}1.33 to" in results.verdict.reasons[1]
    assert [gate.state for gate in results.verdict.gates] == [
        *["passed"] * 5, "not_reached", "not_reached", "applies", "not_reached",
    ]  # fmt: skip
    assert "0.0086" in results.verdict.gates[1].detail


def test_the_same_data_give_the_same_bytes_in_whatever_order_cells_come() -> None:
    data = cookie_cats()
    turned = replace(data, cells=list(reversed(data.cells)))
    assert json.dumps(analyze(data).document()) == json.dumps(analyze(turned).document())


def test_the_verdict_alone_is_that_of_the_whole_analysis() -> None:
    assert verdict_of(cookie_cats()) == analyze(cookie_cats()).verdict


def test_nothing_is_invented_before_the_first_participant() -> None:
    document = analyze(experiment_data([], status="draft", started_at=None)).document()
    treatment = document["metrics"][0]["variants"][1]
    for member in ("mean", "interval", "absolute", "relative", "sequential", "bayesian"):
        assert treatment[member] is None
        assert treatment["unavailable"][member]
    assert document["health"]["srm"] == {
        "ok": True,
        "chi_square_p_value": None,
        "sequential_p_value": None,
        "phases": [],
        "unavailable": {
            "chi_square_p_value": "There is no participant yet, so the split cannot be tested.",
            "sequential_p_value": "There is no participant yet, so the split cannot be tested.",
        },
    }
    assert document["verdict"]["outcome"] == "collecting"


def test_a_control_without_conversions_has_a_difference_but_no_relative_lift() -> None:
    treatment = progress(experiment_data(rate_cells("control", 500, 0) + rate_cells("progress", 500, 7)))
    assert treatment["absolute"]["test"] == "boschloo_exact"
    assert treatment["absolute"]["p_value"] == pytest.approx(0.0132, abs=1e-4)
    assert treatment["relative"] is None
    assert "no conversion" in treatment["unavailable"]["relative"]


def test_open_windows_make_the_reading_provisional_and_leave_the_matured_one_out() -> None:
    cells = spread("control", 1400, 140, days=14) + spread("progress", 1400, 168, days=14)
    metric = analyze(experiment_data(cells, days=14)).document()["metrics"][0]
    assert metric["provisional"] is True
    assert metric["variants"][0]["participants"] == 1400
    assert (
        metric["matured"]["variants"][0]["participants"] == 700
    )  # days 0 to 6, their windows ended with day 13
    assert metric["matured"]["first_exposed_through"] == "2026-03-08T00:00:00Z"


def test_a_window_matures_at_the_start_of_the_day_after_its_last_possible_moment() -> None:
    cells = rate_cells("control", 100, 10) + rate_cells("progress", 100, 12)

    def matured(days: float) -> int:
        reading = analyze(experiment_data(cells, days=days)).metric("recharge").matured
        assert reading is not None
        return reading.variant("control").participants

    assert matured(8 - 1e-6) == 0
    assert matured(8) == 100


def test_of_a_past_moment_only_what_had_matured_is_shown() -> None:
    cells = spread("control", 2800, 280, days=28) + spread("progress", 2800, 300, days=28)
    then = FIRST_DAY + timedelta(days=20)
    data = experiment_data(cells, as_of=then, events_folded_to=FIRST_DAY + timedelta(days=40))
    document = analyze(data).document()
    metric = document["metrics"][0]
    assert metric["variants"][0]["participants"] == 1300  # days 0 to 12
    assert metric["variants"] == metric["matured"]["variants"]
    assert metric["provisional"] is False
    assert document["variants"][0]["participants"] == 2000  # exposed on days 0 to 19


def test_a_past_verdict_is_the_one_that_was_given_then() -> None:
    early = spread("control", 1300, 130, days=13) + spread("progress", 1300, 160, days=13)
    late = spread("control", 1000, 10, days=10, first=13) + spread("progress", 1000, 300, days=10, first=13)
    then = FIRST_DAY + timedelta(days=20)
    given_then = verdict_of(experiment_data(early, as_of=then, events_folded_to=then))
    seen_later = verdict_of(
        experiment_data(early + late, as_of=then, events_folded_to=then + timedelta(days=30))
    )
    assert seen_later.outcome == given_then.outcome
    assert seen_later.inputs["compared"] == given_then.inputs["compared"]


def test_doubly_exposed_units_stay_out_and_are_shown_with_them_in() -> None:
    cells = rate_cells("control", 1000, 100) + rate_cells("progress", 1000, 120)
    cells += rate_cells("progress", 5, 5, crossed=True)
    document = analyze(experiment_data(cells)).document()
    assert document["metrics"][0]["variants"][1]["participants"] == 1000
    crossed = document["health"]["doubly_exposed"]
    assert (crossed["units"], crossed["ok"]) == (5, True)
    assert crossed["share"] == pytest.approx(5 / 2005)
    with_them = crossed["with_them"]["variants"][1]
    assert (with_them["participants"], with_them["conversions"]) == (1005, 125)


def test_phases_of_different_weights_are_never_pooled() -> None:
    """Within each phase the treatment is worse; pooled it would look better (Simpson's paradox)."""
    cells = rate_cells("control", 9000, 900, phase=1) + rate_cells("progress", 1000, 90, phase=1)
    cells += rate_cells("control", 1000, 400, phase=2, day=10) + rate_cells(
        "progress", 9000, 3500, phase=2, day=10
    )
    phases = [
        a_phase(1, shares={"control": "9/10", "progress": "1/10"}),
        a_phase(2, shares={"control": "1/10", "progress": "9/10"}, day=10),
    ]
    data = experiment_data(cells, phases=phases)
    metric = analyze(data).document()["metrics"][0]
    control, treatment = metric["variants"]
    assert treatment["mean"] > control["mean"]
    assert treatment["absolute"]["estimate"] < 0
    assert treatment["relative"]["estimate"] < 0
    assert treatment["bayesian"]["chance_to_beat_control"] < 0.5
    assert treatment["absolute"]["method"] == "stratified_by_phase"
    assert [(one["phase"], one["variant"], one["participants"]) for one in metric["phases"]] == [
        (1, "control", 9000), (1, "progress", 1000), (2, "control", 1000), (2, "progress", 9000),
    ]  # fmt: skip
    assert analyze(data).health.split.ok  # each phase by its own shares


def test_lower_is_better_turns_the_posterior_and_not_the_lift() -> None:
    metric = a_metric(
        key="recharge", kind="conversion", event="recharge", window_days=7, direction="decrease"
    )
    cells = rate_cells("control", 5000, 500) + rate_cells("progress", 5000, 400)
    treatment = progress(experiment_data(cells, metrics=[metric]))
    assert treatment["absolute"]["estimate"] == pytest.approx(-0.02)
    assert treatment["bayesian"]["chance_to_beat_control"] > 0.99
    assert treatment["bayesian"]["chance_to_be_best"] > 0.99


def test_holm_adjusts_the_primary_and_benjamini_hochberg_the_secondary_metrics_together() -> None:
    definition = an_experiment_of("a", "b", plan={"secondary": ["second", "third"]})
    metrics = [a_metric(key=key) for key in ("recharge", "second", "third")]
    cells = rate_cells("control", 5000, 500) + rate_cells("a", 5000, 550) + rate_cells("b", 5000, 560)
    for key, a, b in (("second", 570, 500), ("third", 510, 540)):
        cells += [metric_cell("control", 5000, 500, metric=key), metric_cell("a", 5000, a, metric=key)]
        cells.append(metric_cell("b", 5000, b, metric=key))
    primary, second, third = analyze(experiment_data(cells, definition=definition, metrics=metrics)).metrics
    assert not primary.exploratory
    assert second.exploratory
    plain = [_p(metric, key) for metric in (primary, second, third) for key in ("a", "b")]
    adjusted = [_p(metric, key, adjusted=True) for metric in (primary, second, third) for key in ("a", "b")]
    small, large = sorted(plain[:2])
    assert sorted(adjusted[:2]) == pytest.approx([2 * small, max(2 * small, large)])
    ordered = sorted(plain[2:])
    assert min(adjusted[2:]) == pytest.approx(min(p * 4 / k for k, p in enumerate(ordered, start=1)))


def _p(metric: Any, key: str, *, adjusted: bool = False) -> float:
    absolute = metric.to_date.variant(key).absolute
    return float(absolute.p_value_adjusted if adjusted else absolute.p_value)


def test_means_are_compared_from_exact_sums() -> None:
    metric = a_metric(key="value", kind="mean", event="recharge", value="sum", window_days=7)
    definition = an_experiment(plan={"primary": "value"})
    cells = mean_cells("control", [0, 10, 20, 30] * 50) + mean_cells("progress", [0, 20, 20, 40] * 50)
    metric_document = analyze(experiment_data(cells, definition=definition, metrics=[metric])).document()[
        "metrics"
    ][0]
    control, treatment = metric_document["variants"]
    assert (control["mean"], treatment["mean"]) == (15.0, 20.0)
    assert control["conversions"] == 150
    assert treatment["absolute"]["method"] == "welch_t"
    assert treatment["absolute"]["estimate"] == 5.0


def test_a_cap_by_value_is_named_and_one_by_quantile_needs_bins() -> None:
    definition = an_experiment(plan={"primary": "value"})
    cells = mean_cells("control", [0, 10]) + mean_cells("progress", [0, 20])

    def capped(**cap: Any) -> Any:
        metric = a_metric(key="value", kind="mean", event="recharge", value="sum", window_days=7, **cap)
        document = analyze(experiment_data(cells, definition=definition, metrics=[metric])).document()
        return document["metrics"][0].get("capped")

    assert capped(cap_value=500) == {"cap_value": "500", "applied": True}
    without_bins = capped(cap_quantile=0.999)
    assert (without_bins["applied"], without_bins["cap_value"]) == (False, None)
    assert "keepgoing rebuild" in without_bins["reason"]
    assert capped() is None


def test_a_segment_breaks_down_by_value_and_is_marked_exploratory() -> None:
    definition = an_experiment(plan={"primary": "recharge", "segments": ["plan"]})
    cells = rate_cells("control", 3000, 300) + rate_cells("progress", 3000, 360)
    for value, converted in (("free", (100, 160)), ("pro", (200, 200))):
        cells += rate_cells("control", 1500, converted[0], segment=("plan", value))
        cells += rate_cells("progress", 1500, converted[1], segment=("plan", value))
    segments = analyze(experiment_data(cells, definition=definition), segment="plan").document()["segments"]
    assert (segments["attribute"], segments["exploratory"]) == ("plan", True)
    free, pro = segments["values"]
    assert [free["value"], pro["value"]] == ["free", "pro"]
    assert free["variants"][0]["participants"] == 1500
    absolute = free["metrics"][0]["variants"][1]["absolute"]
    assert absolute["adjustment"] == "benjamini_hochberg"
    assert absolute["p_value_adjusted"] == pytest.approx(2 * absolute["p_value"])


def test_an_undeclared_segment_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="declares no segment 'city'"):
        analyze(cookie_cats(), segment="city")


def test_simulated_units_and_source_stand_in_the_document() -> None:
    definition = an_experiment(simulated=True, source={"label": "A study", "url": "https://example.com"})
    document = analyze(experiment_data([], definition=definition)).document()
    assert document["simulated"] is True
    assert document["source"]["label"] == "A study"
    assert len(document["notes"]) == 2


def test_health_carries_what_the_events_say_of_themselves() -> None:
    counts = ExposureHealth(moved_by_phase=3, fallbacks=4, unmatched_conversions=5, lag_seconds=1.5)
    health = analyze(cookie_cats(exposure_health=counts)).document()["health"]
    assert (health["moved_by_phase"], health["fallbacks"]) == (3, 4)
    assert (health["unmatched_conversions"], health["lag_seconds"]) == (5, 1.5)
