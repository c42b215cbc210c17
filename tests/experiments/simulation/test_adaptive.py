"""Traffic that follows the results, through the engine: unbiased, honest, and kinder than an equal split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from experiments.analysis.adaptive import adaptive_mean
from experiments.analysis.caps import ledger_of
from experiments.analysis.looks import schedule_of
from experiments.analysis.pairs import pair_of, pooled
from experiments.analysis.reading import matured_through
from experiments.analysis.samples import AdaptiveStrata
from experiments.analysis.scope import planned_of_two
from experiments.analysis.strata import mean
from experiments.simulation.run import adaptive_days, run
from experiments.simulation.scenario import Scenario
from tests.experiments.simulation.builders import a_scenario

ALLOCATION = {"mode": "thompson", "floor": 0.05}
PLAN = {"mode": "open", "baseline": 0.1, "mde_relative": 0.4, "min_participants": 50, "min_conversions": 5}


def a_following(rates: dict[str, float], *, daily: int = 300, days: int = 8) -> Scenario:
    """A scenario whose traffic follows its results."""
    return a_scenario(rates, allocation=ALLOCATION, daily=daily, plan={**PLAN, "max_days": days})


@dataclass(frozen=True)
class Trial:
    """One experiment run to its end, whatever was seen."""

    naive: float
    weighted: float
    covers: bool
    ever_wrong: bool
    shares: dict[str, float]
    converted: float
    phases: int


def trial(scenario: Scenario, random: np.random.Generator) -> Trial:
    """The experiment day by day: what sum and weighting say, and whether the sequence ever erred."""
    difference, ever_wrong = scenario.truth.difference("progress"), False
    for data in adaptive_days(scenario, random):
        metric = data.metric("recharge")
        assert metric is not None
        ledger = ledger_of(data)
        strata = ledger.strata(metric, through=matured_through(data, metric))
        try:
            pair = pair_of(strata, "control", "progress")
            found = pair.sequence(0.95, planned_of_two(schedule_of(data, ledger).planned))
        except Exception:
            continue
        ever_wrong = ever_wrong or not found.interval.contains(difference)
    people = {key: pooled(strata, key).participants for key in ("control", "progress")}
    return Trial(
        naive=mean(pooled(strata, "progress")) - mean(pooled(strata, "control")),
        weighted=pair.absolute(0.95).estimate,
        covers=pair.absolute(0.95).interval.contains(difference),
        ever_wrong=ever_wrong,
        shares={key: count / sum(people.values()) for key, count in people.items()},
        converted=sum(people[key] * scenario.truth.primary.truth.means[key] for key in people)
        / sum(people.values()),
        phases=len(data.phases),
    )


@cache
def trials(rates: tuple[float, float], runs: int) -> tuple[Trial, ...]:
    """So many experiments of these rates of control and treatment."""
    scenario = a_following({"control": rates[0], "progress": rates[1]})
    return tuple(trial(scenario, np.random.default_rng([20261125, n])) for n in range(runs))


def off_by(values: list[float], truth: float) -> float:
    """How many standard errors of the simulation the mean is away from the truth."""
    return float((np.mean(values) - truth) / (np.std(values) / np.sqrt(len(values))))


RUNS = [200, pytest.param(2000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("runs", RUNS)
def test_the_weighted_lift_is_unbiased(runs: int) -> None:
    for rates in ((0.1, 0.1), (0.1, 0.13)):
        found = [one.weighted for one in trials(rates, runs)]
        assert abs(off_by(found, rates[1] - rates[0])) < 3.5


@pytest.mark.slow
def test_the_naive_mean_of_each_variant_is_too_low_where_the_weighted_one_is_right() -> None:
    """Both at 10 %: the one that began badly gets less traffic, and its bad luck stays in its mean."""
    means: dict[str, list[float]] = {"naive": [], "weighted": []}
    scenario = a_following({"control": 0.1, "progress": 0.1})
    for number in range(2000):
        *_, data = adaptive_days(scenario, np.random.default_rng([7, number]))
        metric = data.metric("recharge")
        assert metric is not None
        strata = ledger_of(data).strata(metric)
        assert isinstance(strata, AdaptiveStrata)
        for key in ("control", "progress"):
            means["naive"].append(mean(pooled(strata, key)))
            means["weighted"].append(adaptive_mean(strata, key, 0.95).estimate)
    assert off_by(means["naive"], 0.1) < -5
    assert abs(off_by(means["weighted"], 0.1)) < 3.5


@pytest.mark.parametrize("runs", RUNS)
def test_the_sequence_is_wrong_on_any_day_in_five_percent_at_most(runs: int) -> None:
    for rates in ((0.1, 0.1), (0.1, 0.13)):
        wrong = float(np.mean([one.ever_wrong for one in trials(rates, runs)]))
        assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("runs", RUNS)
def test_the_fixed_interval_covers_as_often_as_it_says(runs: int) -> None:
    covered = float(np.mean([one.covers for one in trials((0.1, 0.13), runs)]))
    assert covered >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("runs", RUNS)
def test_it_loses_less_than_an_equal_split_and_keeps_the_floor(runs: int) -> None:
    found = trials((0.1, 0.13), runs)
    regret = 0.13 - float(np.mean([one.converted for one in found]))
    assert regret < 0.75 * (0.13 - 0.115)
    assert all(min(one.shares.values()) >= 0.05 for one in found)
    assert max(one.phases for one in found) > 2


def verdicts(rates: dict[str, float], runs: int) -> float:
    """The share of whole verdicts that ship a treatment which is not better."""
    scenario = a_following(rates)
    return float(np.mean([run(scenario, np.random.default_rng([3, n])).is_wrong_ship for n in range(runs)]))


@pytest.mark.parametrize("runs", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_whole_verdicts_ship_what_is_no_better_in_five_percent_at_most(runs: int) -> None:
    wrong = verdicts({"control": 0.1, "a": 0.1, "b": 0.1}, runs)
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
