"""The promise of the verdict, kept through the real rules: who looks every day ships a wrong winner rarely.

The slow runs are the promise (2,000 experiments); the quick ones notice when somebody breaks it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from experiments.analysis.analyze import verdict_of
from experiments.analysis.data import day_of
from experiments.analysis.outcome import Verdict
from experiments.model.tally import Cell, Tally
from tests.analysis_factories import FIRST_DAY, an_experiment_of, experiment_data, rate_cells
from tests.factories import a_metric

DAYS = 10
DAILY = 300
FINAL = {
    "winner",
    "tie",
    "no_difference",
    "control_wins",
    "inconclusive",
    "stop_harm",
    "winner_blocked",
    "invalid",
}


def cells_of(rates: dict[str, float], random: np.random.Generator) -> list[tuple[Cell, Tally]]:
    """Ten days of 600 units, each given a variant with equal chances, converting at these rates."""
    cells: list[tuple[Cell, Tally]] = []
    for day in range(DAYS):
        people = random.multinomial(DAILY * len(rates), [1 / len(rates)] * len(rates))
        for (variant, rate), count in zip(rates.items(), people.tolist(), strict=True):
            cells += rate_cells(variant, count, int(random.binomial(count, rate)), day=day)
    return cells


def ended(rates: dict[str, float], random: np.random.Generator, **plan: Any) -> Verdict:
    """The first verdict that ends an experiment when somebody asks every day."""
    names = [name for name in rates if name != "control"]
    settings = {"baseline": 0.1, "mde_relative": 0.25, "min_days": 2, "max_days": DAYS, **plan}
    data = experiment_data(
        cells_of(rates, random),
        definition=an_experiment_of(*names, plan=settings),
        metrics=[a_metric(window_days=1)],
        events_folded_to=None,
    )
    for day in range(4, DAYS + 3):
        as_of = FIRST_DAY + timedelta(days=day)
        known = [(cell, tally) for cell, tally in data.cells if cell.day < day_of(as_of)]
        found = verdict_of(replace(data, cells=known, as_of=as_of))
        if found.outcome in FINAL:
            return found
    return found


@cache
def shares(
    runs: int, *, seed: int = 20261122, treatments: int = 1, lift: float = 0.0, mode: str = "planned"
) -> dict[str, float]:
    """How often each outcome ended the experiments."""
    random = np.random.default_rng(seed)
    rates = {"control": 0.1, **{f"t{n}": 0.1 * (1 + lift) for n in range(treatments)}}
    outcomes = [ended(rates, random, mode=mode).outcome for _ in range(runs)]
    return {outcome: outcomes.count(outcome) / runs for outcome in set(outcomes)}


def wrong(found: dict[str, float]) -> float:
    """The share of experiments without any difference in which something was shipped or called worse."""
    return sum(found.get(outcome, 0.0) for outcome in ("winner", "tie", "control_wins", "stop_harm"))


def test_few_of_two_hundred_experiments_without_a_difference_ship_a_winner() -> None:
    found = shares(200)
    assert found.get("winner", 0.0) <= 0.055  # 2.5 % expected, and three standard errors
    assert wrong(found) <= 0.10


def test_a_real_effect_of_the_planned_size_is_found_mostly() -> None:
    assert shares(60, lift=0.25)["winner"] >= 0.6


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["planned", "open"])
@pytest.mark.parametrize("treatments", [1, 3])
def test_at_most_five_percent_of_experiments_without_a_difference_decide_wrongly(
    mode: str, treatments: int
) -> None:
    assert wrong(shares(2000, mode=mode, treatments=treatments)) <= 0.065  # 5 % and three standard errors


@pytest.mark.slow
def test_the_planned_power_is_nearly_kept() -> None:
    assert shares(2000, lift=0.25)["winner"] >= 0.75  # planned for 80 %, of which daily looks cost a little
