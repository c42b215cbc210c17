"""Whether events arrive, in time and for this experiment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from experiments.analysis.data import ExposureHealth
from experiments.analysis.health.check import Check
from tests.analysis_factories import FIRST_DAY, a_phase, experiment_data
from tests.healths import health_of

NOW = FIRST_DAY + timedelta(days=10)
FINE: dict[str, Any] = {
    "exposures": 100,
    "arrival_mean_seconds": 2.0,
    "arrival_highest_seconds": 60.0,
    "last_received_at": NOW - timedelta(hours=1),
    "lag_seconds": 3.0,
}


def check(name: str, *, status: str = "running", **fields: Any) -> Check:
    """One check of an experiment whose events are fine but for these fields."""
    exposure = ExposureHealth(**{**FINE, **fields})
    data = experiment_data([], days=10, status=status, exposure_health=exposure, phases=[a_phase()])
    return health_of(data).check(name)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("event_lag", {"lag_seconds": 601.0}),
        ("event_lag", {"arrival_mean_seconds": 3601.0}),
        ("last_event", {"last_received_at": NOW - timedelta(hours=25)}),
        ("uncounted_exposures", {"uncounted": 6}),
        ("fallbacks", {"fallbacks": 1}),
    ],
)
def test_each_fault_of_the_events_is_a_warning(name: str, fields: dict[str, Any]) -> None:
    assert check(name).state == "ok"
    assert check(name, **fields).state == "warning"


def test_an_experiment_that_has_stopped_may_be_silent() -> None:
    assert check("last_event", status="stopped", last_received_at=FIRST_DAY).state == "ok"


def test_times_are_said_in_their_fitting_unit() -> None:
    assert "is 20 minutes old" in check("event_lag", lag_seconds=1200.0).says
    assert "arrive 2 hours late" in check("event_lag", arrival_mean_seconds=7200.0).says
    assert "arrived 3 days ago" in check("last_event", last_received_at=NOW - timedelta(days=3)).says


def test_clocks_that_run_ahead_are_not_said_to_arrive_before_they_happen() -> None:
    assert "arrive 0 s after" in check("event_lag", arrival_mean_seconds=-30.0).says


def test_without_events_nothing_is_said_of_their_arrival() -> None:
    assert check("event_lag", arrival_mean_seconds=None, lag_seconds=None).state == "not_evaluated"
    assert check("last_event", last_received_at=None).state == "not_evaluated"
