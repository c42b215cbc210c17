"""A lift that is too good to be believed at once."""

from __future__ import annotations

import pytest

from experiments.analysis.data import ExperimentData
from experiments.analysis.health.surprise import threshold
from experiments.stats.shrinkage import E_COMMERCE, RelativePrior
from tests.analysis_factories import an_experiment_of, experiment_data, spread
from tests.factories import a_metric
from tests.healths import health_of

NAME = "too_good_to_be_true"


def lifted(control: int, progress: int, *, n: int = 10_000, direction: str = "increase") -> ExperimentData:
    """Conversions of `n` participants each, with a plan for a lift of 5 % of the control."""
    cells = spread("control", n, control, days=14) + spread("progress", n, progress, days=14)
    metric = a_metric(direction=direction)
    return experiment_data(cells, definition=an_experiment_of("progress"), metrics=[metric])


def test_a_lift_beyond_three_times_the_planned_effect_is_looked_at_twice() -> None:
    check = health_of(lifted(1000, 1500)).check(NAME)
    assert check.state == "warning"
    assert check.details["threshold"] == pytest.approx(0.15)
    assert check.details["cautious_lifts"]["progress"] > 0.15
    assert "look for a fault in counting" in check.says


def test_a_plausible_lift_is_none() -> None:
    assert health_of(lifted(1000, 1100)).check(NAME).state == "ok"


def test_the_noise_of_a_small_experiment_is_none() -> None:
    """50 % up, but 20 against 30 conversions say little."""
    assert health_of(lifted(20, 30, n=200)).check(NAME).state == "ok"


def test_a_great_loss_is_harm_and_not_too_good() -> None:
    assert health_of(lifted(1500, 1000)).check(NAME).state == "ok"


def test_where_lower_is_better_a_great_fall_is_too_good() -> None:
    assert health_of(lifted(1500, 1000, direction="decrease")).check(NAME).state == "warning"


def test_the_prior_rules_where_the_plan_looks_for_little() -> None:
    definition = an_experiment_of("progress", plan={"mde_relative": 0.001})
    data = experiment_data([], definition=definition)
    assert threshold(data, E_COMMERCE) == pytest.approx(4 * 0.0073)
    assert threshold(data, RelativePrior(0.05, 0.02, "our own")) == pytest.approx(0.13)


def test_before_anybody_came_there_is_no_answer() -> None:
    assert health_of(experiment_data([])).check(NAME).state == "not_evaluated"
