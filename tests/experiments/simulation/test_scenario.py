"""How long a simulated experiment may run, when it is looked at, and how many participants a day it gets."""

from __future__ import annotations

import math

import pytest

from experiments.errors import InvalidInput
from experiments.stats import power
from tests.experiments.simulation.builders import a_scenario


def test_a_look_falls_on_every_day_until_the_last_window_of_the_longest_run_has_ended() -> None:
    found = a_scenario(plan={"max_days": 8})
    assert found.looks == tuple(range(1, 10))  # eight days of first exposures and a window of one


@pytest.mark.parametrize(
    ("looks", "days"),
    [(1, (9,)), (2, (5, 9)), (3, (3, 6, 9)), (9, tuple(range(1, 10))), (50, tuple(range(1, 10)))],
)
def test_fewer_looks_are_evenly_spaced_and_the_last_is_at_the_end(looks: int, days: tuple[int, ...]) -> None:
    assert a_scenario(looks=looks).looks == days


def test_the_planned_number_comes_by_the_middle_of_the_run() -> None:
    size = power.sample_size(0.1, mde_relative=0.4).total
    found = a_scenario(plan={"min_days": 4, "max_days": 10})
    assert found.daily == math.ceil(size / 7)


def test_the_plans_baseline_is_what_it_is_planned_for() -> None:
    assert a_scenario(plan={"baseline": 0.05}).daily > a_scenario(plan={"baseline": 0.1}).daily


def test_a_mean_is_planned_by_its_spread() -> None:
    narrow = a_scenario(means={"control": 10.0, "progress": 10.0}, deviation=10.0, plan={"primary": "value"})
    wide = a_scenario(means={"control": 10.0, "progress": 10.0}, deviation=20.0, plan={"primary": "value"})
    assert wide.daily == pytest.approx(4 * narrow.daily, rel=0.05)


def test_daily_participants_may_be_given() -> None:
    assert a_scenario(daily=123).daily == 123


@pytest.mark.parametrize("rates", [{"control": 0.8, "progress": 0.8}, {"control": 0.001, "progress": 0.001}])
def test_where_no_daily_number_follows_from_the_plan_it_must_be_given(rates: dict[str, float]) -> None:
    plan = {"mde_relative": 0.4 if rates["control"] > 0.5 else 0.001}
    with pytest.raises(InvalidInput) as refused:
        a_scenario(rates, plan=plan)
    assert refused.value.faults[0].pointer == "/daily"
    assert "give daily" in refused.value.detail
