"""The looks at a guardrail: together they err as often as one look would."""

from __future__ import annotations

import pytest
from scipy import special

from experiments.analysis.guardrail_looks import GuardrailLook, guardrail_look
from experiments.analysis.looks import schedule_of
from experiments.analysis.reading import Ledger
from experiments.analysis.results import Unavailable
from experiments.model.metric import ConversionMetric
from experiments.stats import group_sequential
from tests.analysis_factories import an_experiment_of, day_start, experiment_data, spread
from tests.factories import a_metric

PLAN = {
    "baseline": 0.1,
    "mde_relative": 0.2,
    "guardrails": [{"metric": "support", "margin": 0.01}],
}  # 3,841 participants a variant
DAYS = 14


def looked(
    day: float, *, window: int = 7, daily: int = 400, status: str = "running", days: int = DAYS
) -> GuardrailLook | Unavailable:
    """The look of an experiment with so many participants a day and variant, on this day."""
    people = daily * days
    cells = spread("control", people, people // 10, days=days) + spread(
        "progress", people, people // 10, days=days
    )
    support = a_metric(key="support", event="support", direction="decrease", window_days=window)
    assert isinstance(support, ConversionMetric)
    data = experiment_data(
        cells, definition=an_experiment_of("progress", plan=PLAN), metrics=[a_metric(), support],
        days=day, status=status,
    )  # fmt: skip
    ledger = Ledger(data.cells)
    return guardrail_look(data, ledger, schedule_of(data, ledger), support)


def day_number(look: GuardrailLook) -> int:
    """The last day that a look takes in, counted from the first."""
    assert look.through is not None
    return look.through - (day_start(0).toordinal() - day_start(0).replace(1970, 1, 1).toordinal())


def test_before_the_first_planned_look_the_guardrail_is_not_looked_at() -> None:
    found = looked(5)
    assert isinstance(found, Unavailable)
    assert "No planned look yet" in found.reason


def test_each_look_has_its_own_share_of_the_error_and_all_together_have_it_once() -> None:
    found = [looked(day) for day in range(8, 18)]
    alphas = [one.alpha for one in found if isinstance(one, GuardrailLook)]
    assert len(alphas) == 10
    assert all(0 < alpha < 0.05 for alpha in alphas)
    fractions = [400 * (n + 1) / 3841 for n in range(10)]
    bounds = [-float(special.ndtri(alpha)) for alpha in alphas]
    assert group_sequential.crossing_probability(fractions, bounds) == pytest.approx(0.1, abs=1e-6)


def test_the_last_look_is_at_the_planned_number_and_who_comes_later_does_not_decide() -> None:
    last = looked(18)
    assert isinstance(last, GuardrailLook)
    assert day_number(last) == 9  # ten days of 400
    assert looked(30) == looked(25) == last


def test_a_longer_window_is_looked_at_later_on_the_same_participants() -> None:
    early, late = looked(24, window=14), looked(40, window=14)
    assert isinstance(early, GuardrailLook)
    assert isinstance(late, GuardrailLook)
    assert day_number(early) == 9
    assert early == late
    waiting = looked(16, window=14)
    assert isinstance(waiting, GuardrailLook)
    assert day_number(waiting) == 1


def test_the_end_of_a_plan_that_found_too_few_spends_what_is_left_but_a_stop_by_hand_does_not() -> None:
    ended, stopped = looked(49, daily=50), looked(49, daily=50, status="stopped")
    assert isinstance(ended, GuardrailLook)
    assert isinstance(stopped, GuardrailLook)
    assert ended.through == stopped.through
    assert ended.alpha > stopped.alpha
