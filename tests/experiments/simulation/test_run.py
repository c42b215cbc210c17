"""One run is judged by the real analysis: the same verdict and the same intervals as its results show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.analysis.analyze import analyze
from experiments.analysis.data import ExperimentData, day_of
from experiments.analysis.results import Absolute, Sequential
from experiments.simulation.run import DECIDING, covered, draw, run
from experiments.simulation.scenario import FIRST_DAY, Scenario, at
from tests.experiments.simulation.builders import a_scenario

HARMED = {
    "plan": {"guardrails": [{"metric": "support_contact", "margin": 0.01}]},
    "harmed": {("support_contact", "progress"): 0.25},
}


def shown(scenario: Scenario, seed: int, day: int) -> ExperimentData:
    """What the analysis is shown of a run at the beginning of a day."""
    cells = draw(scenario, np.random.default_rng(seed))
    known = [one for one in cells if one[0].day < day_of(FIRST_DAY) + day]
    return replace(at(scenario.data(), day), cells=known)


def test_the_same_generator_draws_the_same_cells() -> None:
    scenario = a_scenario()
    first, second = (draw(scenario, np.random.default_rng(5)) for _ in range(2))
    assert first == second
    assert first != draw(scenario, np.random.default_rng(6))


def test_every_day_has_its_participants_and_the_metrics_count_no_others() -> None:
    scenario = a_scenario(daily=100, plan=HARMED["plan"])
    cells = draw(scenario, np.random.default_rng(5))
    days = [cell.day for cell, _ in cells]
    assert days == sorted(days)
    for metric in ("", "recharge", "support_contact"):
        assert sum(tally.n for cell, tally in cells if cell.metric == metric) == 100 * scenario.days


@pytest.mark.parametrize("seed", range(4))
def test_a_run_ends_with_the_first_verdict_that_decides(seed: int) -> None:
    scenario = a_scenario({"control": 0.1, "progress": 0.14})
    found = run(scenario, np.random.default_rng(seed))
    outcomes = [analyze(shown(scenario, seed, day)).verdict.outcome for day in range(1, found.days + 1)]
    assert outcomes[-1] == found.outcome
    assert not set(outcomes[:-1]) & set(DECIDING)
    assert found.participants == scenario.daily * found.days


@pytest.mark.parametrize("seed", range(4))
def test_coverage_is_of_the_intervals_that_the_results_show(seed: int) -> None:
    scenario = a_scenario({"control": 0.1, "progress": 0.13})
    data = shown(scenario, seed, 6)
    reading = analyze(data).metrics[0].matured
    assert reading is not None
    one = reading.variant("progress")
    assert isinstance(one.sequential, Sequential)
    assert isinstance(one.absolute, Absolute)
    held = [
        float(interval.contains(0.13 - 0.1)) for interval in (one.sequential.interval, one.absolute.interval)
    ]
    assert list(covered(scenario, data)) == held


def test_there_is_no_coverage_before_a_window_has_ended() -> None:
    scenario = a_scenario()
    assert covered(scenario, shown(scenario, 1, 1)) == (None, None)


def test_a_much_better_variant_wins_early_and_is_no_mistake() -> None:
    found = run(a_scenario({"control": 0.1, "progress": 0.3}), np.random.default_rng(1))
    assert (found.outcome, found.is_found, found.is_wrong) == ("winner", True, False)
    assert found.days <= 4


def test_a_much_worse_variant_is_stopped_and_is_no_mistake() -> None:
    found = run(
        a_scenario({"control": 0.3, "progress": 0.1}, plan={"mde_relative": 0.1}, daily=500),
        np.random.default_rng(1),
    )
    assert (found.outcome, found.is_found, found.is_wrong) == ("stop_harm", True, False)


def test_a_harmed_guardrail_stops_a_variant_that_is_no_better() -> None:
    found = run(a_scenario(daily=500, **HARMED), np.random.default_rng(1))
    assert (found.outcome, found.is_false_positive, found.is_wrong_ship) == ("stop_harm", False, False)


def test_too_few_participants_end_without_a_decision_at_the_end_of_the_longest_run() -> None:
    scenario = a_scenario(daily=10)
    found = run(scenario, np.random.default_rng(1))
    assert found.outcome not in DECIDING
    assert found.days == scenario.days
    assert found.covered_sequential is None
