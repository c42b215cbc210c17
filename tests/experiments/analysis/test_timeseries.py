"""Day by day: participants, and the lift with its always-valid interval."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from experiments.analysis.analyze import analyze
from experiments.analysis.results import Sequential
from experiments.analysis.timeseries import timeseries
from experiments.errors import NotFound
from tests.analysis_factories import FIRST_DAY, experiment_data, rate_cells, spread
from tests.factories import a_metric, an_experiment

CELLS = spread("control", 3000, 300, days=10) + spread("progress", 3000, 360, days=10)


def test_each_day_counts_all_who_came_until_then() -> None:
    days = timeseries(experiment_data(CELLS)).document()["days"]
    assert [day["date"] for day in days] == [f"2026-03-{number:02}" for number in range(2, 12)]
    assert [day["variants"][0]["participants"] for day in days] == list(range(300, 3001, 300))
    assert {day["variants"][0]["new_participants"] for day in days} == {300}


def test_the_last_day_is_what_the_results_show() -> None:
    data = experiment_data(CELLS)
    last = timeseries(data).days[-1].variants[1]
    reading = analyze(data).metrics[0].to_date
    assert reading is not None
    found = reading.variant("progress")
    assert (last.participants, last.conversions, last.mean) == (
        found.participants,
        found.conversions,
        found.mean,
    )
    assert isinstance(found.sequential, Sequential)
    assert last.absolute is not None
    assert last.absolute.interval == found.sequential.interval  # type: ignore[union-attr]


def test_until_the_sequence_starts_there_is_an_estimate_and_a_reason() -> None:
    cells = rate_cells("control", 50, 2) + rate_cells("progress", 50, 3)
    (day,) = timeseries(experiment_data(cells)).document()["days"]
    lift = day["variants"][1]["absolute"]
    assert lift["estimate"] == pytest.approx(0.02)
    assert lift["interval"] is None
    assert "sequence starts" in lift["unavailable"]["interval"]


def test_a_variant_that_came_later_has_no_lift_yet() -> None:
    cells = (
        rate_cells("control", 500, 50)
        + rate_cells("control", 500, 50, day=1)
        + rate_cells("progress", 500, 50, day=1)
    )
    first, second = timeseries(experiment_data(cells)).document()["days"]
    assert first["variants"][1]["absolute"] is None
    assert first["variants"][1]["unavailable"]["absolute"]
    assert second["variants"][1]["absolute"]["estimate"] == 0.0


def test_days_with_open_windows_are_provisional() -> None:
    days = timeseries(experiment_data(CELLS, days=12)).days
    assert [day.provisional for day in days] == [False] * 5 + [True] * 5


def test_of_a_past_moment_there_are_only_the_days_that_had_ended() -> None:
    then = FIRST_DAY + timedelta(days=4, hours=5)
    data = experiment_data(CELLS, as_of=then, events_folded_to=FIRST_DAY + timedelta(days=30))
    assert len(timeseries(data).days) == 4


def test_an_experiment_without_participants_has_no_days() -> None:
    series = timeseries(experiment_data([]))
    assert series.days == ()
    assert json.dumps(series.document())


def test_another_metric_of_the_experiment_may_be_asked_for() -> None:
    definition = an_experiment(plan={"primary": "recharge", "secondary": ["second"]})
    data = experiment_data(CELLS, definition=definition, metrics=[a_metric(), a_metric(key="second")])
    assert timeseries(data, "second").days[-1].variants[0].conversions == 0


def test_a_metric_that_there_is_not_is_not_found() -> None:
    with pytest.raises(NotFound, match="nothing"):
        timeseries(experiment_data(CELLS), "nothing")


def test_times_are_shown_of_days_whose_windows_have_ended() -> None:
    metrics = [a_metric(), a_metric(key="wait", kind="time", event="recharge", window_days=7)]
    found = timeseries(experiment_data(CELLS, metrics=metrics, days=9), "wait").days
    assert found
    assert not any(day.provisional for day in found)
    assert len(found) < len(timeseries(experiment_data(CELLS, metrics=metrics, days=9)).days)
