"""The simulator shows what the verdict promises: few false positives, the planned power, honest intervals.

The slow runs are the promise (2,000 experiments each); the quick ones notice when somebody breaks it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from experiments.simulation.summary import Figure, Summary
from tests.experiments.simulation.builders import a_simulation

SAME = {"control": 0.1, "progress": 0.1}
BETTER = {"control": 0.1, "progress": 0.14}
GUARDED = {"guardrails": [{"metric": "support_contact", "margin": 0.02}]}


def summed(rates: dict[str, float] | None = None, *, runs: int, processes: int = 1, **fields: Any) -> Summary:
    """So many runs in numbers."""
    return a_simulation(rates, runs=runs, **fields).run(processes=processes, advance=lambda _: None).summary


def most(figure: Figure, bound: float) -> bool:
    """Whether a share is at most the bound, but for three Monte-Carlo errors of a share of that size."""
    assert figure.estimate is not None
    return figure.estimate <= bound + 3 * (bound * (1 - bound) / figure.runs) ** 0.5


def least(figure: Figure, bound: float) -> bool:
    """The same from the other side."""
    assert figure.estimate is not None
    return figure.estimate >= bound - 3 * (bound * (1 - bound) / figure.runs) ** 0.5


def test_where_nothing_differs_few_runs_claim_that_something_does() -> None:
    found = summed(SAME, runs=200)
    assert most(found.false_positive_rate, 0.05)
    assert least(found.coverage, 0.95)
    assert found.power.estimate is None


def test_an_effect_of_the_planned_size_is_found_about_as_often_as_planned() -> None:
    found = summed(BETTER, runs=200)
    assert least(found.power, 0.75)
    assert most(found.power, 0.85)
    assert most(found.wrong_decision_rate, 0.05)  # the effect is just the margin of `no_difference`
    assert found.wrong_ship_rate.estimate == 0.0


def test_a_simulation_without_error_control_would_be_noticed() -> None:
    lax = summed(SAME, runs=60, plan={"level": 0.5}, daily=300)
    assert not most(lax.false_positive_rate, 0.05)


def test_a_winner_that_harms_its_guardrail_is_not_shipped() -> None:
    harm = {("support_contact", "progress"): 0.08}
    found = summed(BETTER, runs=60, plan=GUARDED, harmed=harm)
    assert most(found.wrong_ship_rate, 0.05)
    assert found.power.estimate is None


def test_better_variants_end_experiments_earlier() -> None:
    better, same = (summed(rates, runs=40).expected_days for rates in ({**BETTER, "progress": 0.2}, SAME))
    assert better.estimate is not None
    assert same.estimate is not None
    assert better.estimate < same.estimate - 1


def test_means_with_a_heavy_tail_are_simulated_too() -> None:
    found = summed(
        runs=40,
        means={"control": 2.0, "progress": 2.0},
        deviation=6.0,
        shape="lognormal",
        valued=0.5,
        plan={"primary": "value", "mde_relative": 0.5},
    )
    assert most(found.false_positive_rate, 0.05)


def test_the_same_simulation_gives_the_same_bytes() -> None:
    first, second = (
        json.dumps(a_simulation(BETTER, runs=6).run(processes=1, advance=lambda _: None).document())
        for _ in range(2)
    )
    assert first == second


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["planned", "open"])
@pytest.mark.parametrize(("treatments", "base"), [(1, 0.05), (3, 0.5)])
def test_at_most_five_percent_false_positives_in_two_thousand_runs(
    mode: str, treatments: int, base: float
) -> None:
    rates = {"control": base, **{f"t{n}": base for n in range(treatments)}}
    found = summed(rates, runs=2000, processes=2, plan={"mode": mode, "max_days": 10})
    assert most(found.false_positive_rate, 0.05)
    assert least(found.coverage, 0.95)


@pytest.mark.slow
def test_the_planned_power_is_nearly_kept_in_two_thousand_runs() -> None:
    assert least(summed(BETTER, runs=2000, processes=2).power, 0.77)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.075, 0.07])
def test_a_harmed_guardrail_is_shipped_at_most_five_percent_of_the_time(rate: float) -> None:
    harm = {("support_contact", "progress"): rate}  # of 0.05, with a margin of 0.02
    assert most(summed(BETTER, runs=2000, processes=2, plan=GUARDED, harmed=harm).wrong_ship_rate, 0.05)


@pytest.mark.slow
def test_heavy_tailed_means_keep_the_promise_in_two_thousand_runs() -> None:
    found = summed(
        runs=2000,
        processes=2,
        means={"control": 2.0, "progress": 2.0},
        deviation=10.0,
        shape="lognormal",
        valued=0.2,
        plan={"primary": "value", "mde_relative": 0.4},
    )
    assert most(found.false_positive_rate, 0.05)
    assert least(found.coverage, 0.95)
