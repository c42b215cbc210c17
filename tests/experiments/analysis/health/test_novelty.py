"""Whether the lift of early participants is that of late ones."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from experiments.analysis.data import ExperimentData
from tests.analysis_factories import an_experiment_of, experiment_data, rate_cells
from tests.factories import a_metric
from tests.healths import health_of

NAME = "novelty"


def daily(
    rates: list[tuple[float, float]], *, n: int = 1000, seed: int | None = None, **fields: object
) -> ExperimentData:
    """Participants of control and progress on each day at these rates; drawn where a seed is given."""
    random = np.random.default_rng(seed)
    cells = []
    for day, pair in enumerate(rates):
        for variant, rate in zip(("control", "progress"), pair, strict=True):
            converted = round(n * rate) if seed is None else int(random.binomial(n, rate))
            cells += rate_cells(variant, n, converted, day=day)
    metric = a_metric(direction=fields.pop("direction", "increase"))
    return experiment_data(cells, definition=an_experiment_of("progress"), metrics=[metric], **fields)


def test_a_lift_that_fades_is_said_with_both_its_sizes() -> None:
    check = health_of(daily([(0.1, 0.16)] * 7 + [(0.1, 0.1)] * 7)).check(NAME)
    assert check.state == "warning"
    assert "The lift of progress fades: +6.00 percentage points" in check.says
    assert ", 0 percentage points in the second" in check.says


def test_a_lift_that_grows_is_one_too() -> None:
    assert "grows" in health_of(daily([(0.1, 0.1)] * 7 + [(0.1, 0.16)] * 7)).check(NAME).says


def test_where_lower_is_better_a_rise_fades() -> None:
    data = daily([(0.16, 0.1)] * 7 + [(0.16, 0.16)] * 7, direction="decrease")
    assert "fades" in health_of(data).check(NAME).says


def test_a_steady_lift_on_weekdays_and_sundays_is_steady() -> None:
    week = [(0.1, 0.13)] * 5 + [(0.05, 0.08)] * 2
    assert health_of(daily(week * 2)).check(NAME).state == "ok"


def test_the_weeks_are_tested_by_cochrans_q() -> None:
    data = daily([(0.1, 0.12 + day / 300) for day in range(21)], seed=3)
    (found,) = health_of(data).check(NAME).details["treatments"]
    weeks = found["weeks"]
    assert [week["from"] for week in weeks] == ["2026-03-02", "2026-03-09", "2026-03-16"]
    lifts, variances = [one["lift"] for one in weeks], [one["standard_error"] ** 2 for one in weeks]
    witness = combine_effects(np.array(lifts), np.array(variances), method_re="dl").test_homogeneity()
    assert found["weeks_p_value"] == pytest.approx(witness.pvalue)


def test_only_participants_whose_window_has_ended_count() -> None:
    """When day 14 ends, the windows of those of day 7 and later are open: their zeros are none yet."""
    data = daily([(0.1, 0.13)] * 7 + [(0.0, 0.0)] * 7, days=14.9)
    check = health_of(data).check(NAME)
    assert check.state == "ok"
    assert len(check.details["treatments"][0]["days"]) == 7


def test_every_day_stands_in_the_details_with_its_lift_or_why_not() -> None:
    data = daily([(0.1, 0.12)] * 7 + [(0.005, 0.005)] * 7)
    (found,) = health_of(data).check(NAME).details["treatments"]
    first, last = found["days"][0], found["days"][-1]
    assert first["lift"] == pytest.approx(0.02)
    assert last["lift"] is None
    assert "takes 10 conversions" in last["unavailable"]["lift"]


@pytest.mark.parametrize("days", [0, 3])
def test_a_few_days_say_nothing(days: int) -> None:
    assert health_of(daily([(0.1, 0.12)] * days)).check(NAME).state == "not_evaluated"


def test_a_steady_lift_alarms_at_most_once_in_a_hundred() -> None:
    alarms = sum(
        health_of(daily([(0.1, 0.12)] * 14, n=300, seed=seed)).check(NAME).state == "warning"
        for seed in range(200)
    )
    assert alarms <= 200 * 0.01 + 3 * (200 * 0.01 * 0.99) ** 0.5
