"""Sample ratio on real experiments with a sound split, and on imbalances planted in them.

`upworthy_counts.csv`: impressions and clicks of 40 headline tests, counts only. Source: Upworthy Research
Archive (Matias, Munger, Le Quere, Ebersole 2021, Scientific Data 8:195; OSF jd64p), drawn from tests outside
the weeks whose randomisation the authors withdrew. The slow runs are the promise; the quick ones notice when
somebody breaks it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from experiments.analysis.data import ExperimentData
from experiments.analysis.health.split import SplitHealth, split_health
from experiments.analysis.reading import Ledger
from experiments.analysis.thresholds import CHI_SQUARE_SRM, SEQUENTIAL_SRM
from tests.analysis_factories import an_experiment_of, experiment_data, rate_cells

FILE = Path(__file__).parents[3] / "vectors" / "upworthy_counts.csv"
DAYS = 20
UNITS = 13_000
"""At 52 against 48 in 100, these alarm by chi-square with a power of 0.86, and with the sequential test over
20 daily looks of 0.8 at least."""


def headline_tests() -> list[list[int]]:
    """The impressions of each headline, test by test."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    with FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["test_id"]].append(int(row["impressions"]))
    return list(found.values())


def over_days(totals: list[int], random: np.random.Generator) -> list[NDArray[np.int64]]:
    """The same participants in random order, cut into days."""
    left, days = np.array(totals), []
    for day in range(DAYS, 0, -1):
        today = random.multivariate_hypergeometric(left, int(left.sum()) // day, method="marginals")
        days.append(today)
        left = left - today
    return days


def experiment(days: list[NDArray[np.int64]]) -> ExperimentData:
    """An experiment of equally weighted variants with these participants on each day."""
    names = ["control", *(f"v{number}" for number in range(2, len(days[0]) + 1))]
    cells = [
        cell
        for day, counts in enumerate(days)
        for name, count in zip(names, counts, strict=True)
        for cell in rate_cells(name, int(count), 0, day=day)
    ]
    return experiment_data(cells, definition=an_experiment_of(*names[1:]))


def split_of(days: list[NDArray[np.int64]]) -> SplitHealth:
    """How the participants of these days split."""
    data = experiment(days)
    return split_health(data, Ledger(data.cells))


def alarms(totals: list[int], random: np.random.Generator) -> tuple[bool, bool]:
    """Whether the chi-square at the end stops, and whether the sequential test does on any day."""
    split = split_of(over_days(totals, random))
    chi_square, sequential = split.chi_square_p_value, split.sequential_p_value
    assert isinstance(chi_square, float)
    assert isinstance(sequential, float)
    return chi_square < CHI_SQUARE_SRM, sequential < SEQUENTIAL_SRM


def test_none_of_the_forty_sound_tests_raises_an_alarm() -> None:
    """At the stated rates 0.02 alarms by chi-square and 0.4 sequential ones are to be expected at most."""
    random = np.random.default_rng(40)
    found = headline_tests()
    assert len(found) == 40
    assert [alarms(totals, random) for totals in found] == [(False, False)] * 40


def test_units_lost_from_one_headline_are_found_as_often_as_the_power_says() -> None:
    """One in fourteen of the first headline's is dropped; the power of each test follows from its size."""
    random, found, expected, variance = np.random.default_rng(41), 0, 0.0, 0.0
    for totals in headline_tests():
        shares = np.array([13 / 14, *(1.0 for _ in totals[1:])])
        shares /= shares.sum()
        found += alarms(random.multinomial(sum(totals), shares).tolist(), random)[0]
        power = _power(sum(totals) * shares)
        expected, variance = expected + power, variance + power * (1 - power)
    assert 8 < expected < 32  # neither lost nor sure
    assert abs(found - expected) <= 3 * variance**0.5 + 1


def _power(counts: NDArray[np.float64]) -> float:
    """Of the chi-square at our threshold where the true shares are these counts'."""
    even = counts.mean()
    strength = float(((counts - even) ** 2 / even).sum())
    freedom = len(counts) - 1
    return float(stats.ncx2.sf(stats.chi2.isf(CHI_SQUARE_SRM, freedom), freedom, strength))


def rates(share: float, *, runs: int, seed: int) -> tuple[float, float]:
    """How often each test stops an experiment of 13,000 units in which this share gets the control."""
    random, hits = np.random.default_rng(seed), np.zeros(2)
    for _ in range(runs):
        control = random.binomial(UNITS // DAYS, share, size=DAYS)
        days = [np.array([one, UNITS // DAYS - one]) for one in control]
        split = split_of(days)
        hits += [split.chi_square_p_value < CHI_SQUARE_SRM, split.sequential_p_value < SEQUENTIAL_SRM]  # type: ignore[operator]
    chi_square, sequential = hits / runs
    return float(chi_square), float(sequential)


def check_power(runs: int) -> None:
    chi_square, sequential = rates(0.52, runs=runs, seed=52)
    stated = float(stats.ncx2.sf(stats.chi2.isf(CHI_SQUARE_SRM, 1), 1, UNITS * 0.04**2))
    assert stated == pytest.approx(0.86, abs=0.005)
    error = 3 * (0.86 * 0.14 / runs) ** 0.5
    assert chi_square == pytest.approx(stated, abs=error)
    assert sequential >= 0.8 - error


def check_soundness(runs: int) -> None:
    chi_square, sequential = rates(0.5, runs=runs, seed=50)
    assert chi_square <= CHI_SQUARE_SRM + 3 * (CHI_SQUARE_SRM / runs) ** 0.5
    assert sequential <= SEQUENTIAL_SRM + 3 * (SEQUENTIAL_SRM / runs) ** 0.5


def test_fifty_two_against_forty_eight_is_found_with_the_stated_power() -> None:
    check_power(200)


def test_an_even_split_alarms_no_more_than_stated() -> None:
    check_soundness(200)


@pytest.mark.slow
def test_the_stated_power_over_two_thousand_experiments() -> None:
    check_power(2000)


@pytest.mark.slow
def test_the_stated_rate_over_two_thousand_experiments() -> None:
    check_soundness(2000)
