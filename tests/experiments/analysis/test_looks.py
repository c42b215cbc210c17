"""The planned looks, made from the data alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from experiments.analysis.data import ExperimentData, day_of
from experiments.analysis.evidence import Looks
from experiments.analysis.looks import Schedule, looks_of, schedule_of
from experiments.analysis.planned import Planned
from experiments.analysis.reading import Ledger
from experiments.analysis.results import Unavailable
from experiments.stats import power
from tests.analysis_factories import (
    FIRST_DAY,
    an_experiment_of,
    experiment_data,
    mean_cells,
    rate_cells,
    spread,
)
from tests.factories import a_metric

DAY = day_of(FIRST_DAY)


def data_of(
    n: int = 14_000, *, days: int = 14, window: int = 1, at: float = 40, **plan: Any
) -> ExperimentData:
    """Two even variants of n participants each at 10 %, spread over days."""
    cells = spread("control", n, n // 10, days=days) + spread("progress", n, n // 10, days=days)
    definition = an_experiment_of("progress", plan=plan)
    return experiment_data(cells, definition=definition, metrics=[a_metric(window_days=window)], days=at)


def schedule(data: ExperimentData) -> Schedule:
    """The looks of this experiment."""
    return schedule_of(data, Ledger(data.cells))


def test_there_is_a_look_on_every_day_from_the_minimum_run_on() -> None:
    found = schedule(data_of(baseline=0.1, mde_relative=0.05, at=13))
    assert [look.through - DAY for look in found.looks] == list(range(5, 12))  # seen on days 7 to 13
    assert found.fractions[0] == pytest.approx(6000 / found.planned.participants)  # type: ignore[union-attr]
    assert found.final is None


def test_a_longer_window_moves_the_looks_to_later_days() -> None:
    found = schedule(data_of(baseline=0.1, window=10, at=20))
    assert [look.through - DAY for look in found.looks] == list(range(10))


def test_participants_of_one_day_are_looked_at_once() -> None:
    found = schedule(data_of(days=1, baseline=0.1, mde_relative=0.05))
    assert [look.through - DAY for look in found.looks] == [0]


def test_before_the_minimum_run_is_over_there_is_no_look() -> None:
    assert schedule(data_of(days=1, baseline=0.1, at=6.9)).looks == ()
    assert len(schedule(data_of(days=1, baseline=0.1, at=7)).looks) == 1


def test_the_baseline_gives_the_planned_number() -> None:
    assert schedule(data_of(baseline=0.1, mde_relative=0.2)).planned == Planned(3841, "the plan's baseline")


def test_several_treatments_are_planned_at_holms_first_step() -> None:
    cells = [cell for key in ("control", "a", "b") for cell in spread(key, 9000, 900, days=9)]
    definition = an_experiment_of("a", "b", plan={"baseline": 0.1, "mde_relative": 0.2})
    found = schedule(experiment_data(cells, definition=definition)).planned
    design = power.Design(weights=power.equal_weights(3))
    expected = power.sample_size(0.1, mde_relative=0.2, design=design).per_variant[0]
    assert isinstance(found, Planned)
    assert found.participants == expected > 3841


def test_without_a_baseline_the_pooled_rate_of_the_first_look_plans_for_good() -> None:
    early = schedule(data_of(at=8)).planned
    cells = list(data_of(at=30).cells)
    later = [cell for cell in cells if cell[0].day < DAY + 8] + rate_cells("control", 900, 800, day=9)
    assert early == schedule(replace(data_of(at=30), cells=later)).planned
    assert isinstance(early, Planned)
    assert early.by == "the rate of all variants together"


def test_the_pooled_rate_does_not_know_which_variant_is_which() -> None:
    data = data_of()
    swapped = {"control": "progress", "progress": "control"}
    cells = [(cell._replace(variant=swapped[cell.variant]), tally) for cell, tally in data.cells]
    assert schedule(data) == schedule(replace(data, cells=cells))


def test_a_mean_is_planned_from_its_mean_and_spread() -> None:
    metric = a_metric(key="value", kind="mean", event="recharge", value="sum", window_days=1)
    cells = mean_cells("control", [0, 10] * 500) + mean_cells("progress", [0, 10] * 500)
    definition = an_experiment_of("progress", plan={"primary": "value", "mde_relative": 0.1})
    found = schedule(experiment_data(cells, definition=definition, metrics=[metric])).planned
    assert isinstance(found, Planned)
    assert found.participants == pytest.approx(2 * (1.96 + 0.8416) ** 2 * 25 / 0.25, rel=0.01)


def test_the_look_that_reaches_the_planned_number_is_the_last() -> None:
    found = schedule(data_of(baseline=0.1, mde_relative=0.15))  # 6,693 of each; 1,000 come on a day
    assert [look.through - DAY for look in found.looks] == [5, 6]
    assert found.final is not None
    assert found.fractions[-1] >= 1 > found.fractions[-2]


def test_the_longest_run_ends_the_plan_and_spends_what_is_left() -> None:
    ended = data_of(n=1400, baseline=0.1, max_days=14, at=16)
    going_on = replace(ended, as_of=ended.as_of - timedelta(days=2))
    last, before = (looks_of(data, schedule(data)) for data in (ended, going_on))
    assert isinstance(last, Looks)
    assert isinstance(before, Looks)
    assert last.final is not None
    assert before.final is None
    assert last.bounds[0] == pytest.approx(1.96, abs=0.01)
    assert before.bounds[0] > 4


def test_bounds_are_stricter_the_more_comparisons_are_open() -> None:
    cells = [cell for key in ("control", "a", "b") for cell in spread(key, 5000, 500, days=9)]
    definition = an_experiment_of("a", "b", plan={"baseline": 0.1, "mde_relative": 0.15})
    data = experiment_data(cells, definition=definition)
    looks = looks_of(data, schedule(data))
    assert isinstance(looks, Looks)
    assert len(looks.bounds) == 2
    assert looks.bounds[1] > looks.bounds[0] > 1.96


def test_the_comparison_with_least_information_sets_the_pace() -> None:
    even = [cell for key in ("control", "a") for cell in rate_cells(key, 6000, 600)]
    definition = an_experiment_of("a", "b", plan={"baseline": 0.1, "mde_relative": 0.05})
    data = experiment_data(even + rate_cells("b", 2000, 200), definition=definition)
    (look,) = schedule(data).looks
    assert look.information == 6000 * 2000 / 8000


def test_what_cannot_be_planned_says_why() -> None:
    nobody = experiment_data(rate_cells("control", 500, 500) + rate_cells("progress", 500, 500))
    assert isinstance(schedule(nobody).planned, Unavailable)
    impossible = data_of(baseline=0.9, mde_relative=0.5)
    planned = schedule(impossible).planned
    assert isinstance(planned, Unavailable)
    assert "0.9 cannot change by +0.5" in planned.reason


def test_days_left_are_those_at_the_present_pace_and_never_beyond_the_longest_run() -> None:
    looks = looks_of(*(lambda data: (data, schedule(data)))(data_of(baseline=0.1, mde_relative=0.1, at=11)))
    assert isinstance(looks, Looks)
    assert looks.days_left == 5  # 10 of the 14.75 days that 14,751 of each take
    capped = data_of(baseline=0.1, mde_relative=0.01, at=11)
    assert looks_of(capped, schedule(capped)).days_left == 42 - 10  # type: ignore[union-attr]


def test_the_plans_own_spending_sets_the_bounds() -> None:
    late, even = (
        looks_of(data := data_of(baseline=0.1, mde_relative=0.05, at=9, **spending), schedule(data))
        for spending in ({}, {"spending": "pocock"})
    )
    assert isinstance(late, Looks)
    assert isinstance(even, Looks)
    assert even.bounds[0] < late.bounds[0]
    assert even.planned_participants > 1.2 * late.planned_participants  # which is what even spending costs
