"""Whether the variants were alike before anybody saw one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.data import ExperimentData
from experiments.analysis.health.balance import pre_exposure_balance
from experiments.analysis.reading import Ledger
from experiments.model.tally import Cell, Tally
from tests.analysis_factories import an_experiment_of, experiment_data, pair_cells, rate_cells
from tests.factories import a_metric
from tests.healths import health_of

NAME = "pre_exposure_balance"
SPENT = a_metric(key="value", kind="mean", event="recharge", window_days=7, currency="USD")


def spent_before(**amounts: list[int]) -> ExperimentData:
    """Each variant's participants by what they had spent before; afterwards nobody spends."""
    cells: list[tuple[Cell, Tally]] = []
    for variant, before in amounts.items():
        cells += pair_cells(variant, [(0, x) for x in before])
    treatments = [name for name in amounts if name != "control"]
    definition = an_experiment_of(*treatments, plan={"primary": "value"})
    return experiment_data(cells, definition=definition, metrics=[SPENT])


def test_spending_before_is_compared_by_welchs_test() -> None:
    random = np.random.default_rng(5)
    control, progress = (random.poisson(3.0, size=n) for n in (400, 500))
    check = health_of(spent_before(control=control.tolist(), progress=progress.tolist())).check(NAME)
    witness = stats.ttest_ind(progress, control, equal_var=False).pvalue
    assert check.state == "ok"
    assert check.p_value == pytest.approx(witness)
    (found,) = check.details["comparisons"]
    assert (found["control_mean"], found["mean"]) == pytest.approx((control.mean(), progress.mean()))


def test_a_treatment_whose_units_had_spent_more_is_named_in_words() -> None:
    random = np.random.default_rng(6)
    rich, poor = random.poisson(4.0, size=500).tolist(), random.poisson(3.0, size=500).tolist()
    check = health_of(spent_before(control=poor, progress=rich)).check(NAME)
    assert check.state == "warning"
    assert "progress and the control differed on value before anybody saw a message" in check.says


def test_the_p_values_of_all_treatments_are_adjusted_together() -> None:
    random = np.random.default_rng(7)
    samples = {key: random.poisson(3.0, size=300).tolist() for key in ("control", "a", "b")}
    check = health_of(spent_before(**samples)).check(NAME)
    plain = [one["p_value"] for one in check.details["comparisons"]]
    assert check.p_value == pytest.approx(min(1.0, 2 * min(plain)))


def test_a_rate_before_is_compared_as_a_rate() -> None:
    pairs = {"control": [(0, 1)] * 30 + [(1, 0)] * 970, "progress": [(0, 1)] * 80 + [(1, 0)] * 920}
    cells = [
        cell
        for variant, found in pairs.items()
        for cell in pair_cells(variant, found, metric="recharge", is_rate=True)
    ]
    check = health_of(experiment_data(cells)).check(NAME)
    assert check.state == "warning"
    assert check.details["comparisons"][0]["mean"] == 0.08


def test_where_nothing_was_measured_before_there_is_no_answer() -> None:
    check = health_of(experiment_data(rate_cells("control", 100, 5) + rate_cells("progress", 99, 4))).check(
        NAME
    )
    assert (check.state, check.p_value) == ("not_evaluated", None)


def test_forty_daily_looks_at_sound_units_alarm_at_most_once_in_a_hundred() -> None:
    """The threshold is 0.001 because one looks daily: 200 experiments, three standard errors above 0.01."""
    random = np.random.default_rng(8)
    alarms = 0
    for _ in range(200):
        spent = random.poisson(2.0, size=(2, 40, 50)).reshape(2, -1).astype(object) * 1_000_000
        totals, squares = spent.cumsum(axis=1), (spent**2).cumsum(axis=1)
        looks = [_look(totals[:, n - 1], squares[:, n - 1], n) for n in range(250, 2001, 250)]
        alarms += any(pre_exposure_balance(look, Ledger(look.cells)).state == "warning" for look in looks)
    assert alarms <= 200 * 0.01 + 3 * (200 * 0.01 * 0.99) ** 0.5


def _look(totals: Sequence[int], squares: Sequence[int], n: int) -> ExperimentData:
    """Control and progress of `n` participants each, with these sums of what they had spent before."""
    cells = []
    for place, variant in enumerate(("control", "progress")):
        tally = Tally(n, covariate=totals[place], covariate_squares=squares[place])
        cells += [(Cell(variant, 1, "", 20_000, "", "", False), Tally(n))]
        cells += [(Cell(variant, 1, "value", 20_000, "", "", False), tally)]
    return experiment_data(
        cells, definition=an_experiment_of("progress", plan={"primary": "value"}), metrics=[SPENT]
    )
