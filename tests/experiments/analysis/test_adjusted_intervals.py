"""Intervals that go with adjusted p-values: all together for Holm, of the selected ones for the other."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.analysis.compare import Comparison, adjust, read
from experiments.analysis.pairs import pair_of
from experiments.analysis.results import Absolute, MetricReading, plain
from experiments.stats.estimate import Counts

RUNS = [200, pytest.param(2000, marks=pytest.mark.slow)]


def reading(*rates: tuple[int, int]) -> MetricReading:
    """One metric of a control and treatments, of participants and conversions."""
    keys = ("control", *(f"t{number}" for number in range(1, len(rates))))
    strata = {1: {key: Counts(n, x) for key, (n, x) in zip(keys, rates, strict=True)}}
    converted = {(1, key): x for key, (_, x) in zip(keys, rates, strict=True)}
    return read(strata, converted, Comparison(keys, 0.95, "increase", 10_000, is_rate=True))


def lifts(found: MetricReading) -> list[Absolute]:
    """The comparisons of the treatments."""
    return [one.absolute for one in found.variants if isinstance(one.absolute, Absolute)]


def test_one_comparison_has_its_plain_interval() -> None:
    (found,) = lifts(adjust([reading((1000, 100), (1000, 130))], "holm")[0])
    assert (found.interval_adjusted, found.level_adjusted) == (found.interval, 0.95)


def test_three_comparisons_have_bonferronis_level() -> None:
    rates = [(1000, 100), (1000, 130), (1000, 100), (1000, 90)]
    first = lifts(adjust([reading(*rates)], "holm")[0])[0]
    pair = pair_of({1: {"control": Counts(1000, 100), "t1": Counts(1000, 130)}}, "control", "t1")
    assert first.level_adjusted == pytest.approx(1 - 0.05 / 3)
    assert first.interval_adjusted == pair.absolute(1 - 0.05 / 3).interval
    assert first.interval_adjusted is not None
    assert first.interval_adjusted.lower < first.interval.lower


def test_only_selected_comparisons_have_an_interval_that_is_adjusted_for_the_selection() -> None:
    readings = [reading((5000, 500), (5000, x)) for x in (500, 505, 650, 490)]
    found = [lifts(one)[0] for one in adjust(readings, "benjamini_hochberg")]
    assert [one.interval_adjusted is not None for one in found] == [False, False, True, False]
    assert found[2].level_adjusted == pytest.approx(1 - 0.05 / 4)


def test_the_way_to_other_levels_is_not_written() -> None:
    (found,) = lifts(reading((1000, 100), (1000, 130)))
    assert "at_level" not in plain(found)


@pytest.mark.parametrize("runs", RUNS)
def test_holms_intervals_hold_all_together_as_often_as_the_level_says(runs: int) -> None:
    random = np.random.default_rng(8)
    truths = (0.0, 0.01, 0.03)
    held = 0
    for _ in range(runs):
        rates = [(1500, int(random.binomial(1500, 0.1 + lift))) for lift in (0.0, *truths)]
        found = lifts(adjust([reading(*rates)], "holm")[0])
        held += all(
            one.interval_adjusted is not None and one.interval_adjusted.contains(truth)
            for one, truth in zip(found, truths, strict=True)
        )
    assert held / runs >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("runs", RUNS)
def test_of_the_selected_intervals_at_most_one_in_twenty_is_wrong_on_average(runs: int) -> None:
    """Where the plain intervals of what was selected are wrong far more often."""
    random = np.random.default_rng(9)
    truths = [0.0] * 8 + [0.02, 0.03]
    shares: list[float] = []
    plain_shares: list[float] = []
    for _ in range(runs):
        readings = [
            reading((1500, int(random.binomial(1500, 0.1))), (1500, int(random.binomial(1500, 0.1 + lift))))
            for lift in truths
        ]
        found = [lifts(one)[0] for one in adjust(readings, "benjamini_hochberg")]
        selected = [(one, truth) for one, truth in zip(found, truths, strict=True) if one.interval_adjusted]
        wrong = sum(
            not one.interval_adjusted.contains(truth) for one, truth in selected if one.interval_adjusted
        )
        plain_wrong = sum(not one.interval.contains(truth) for one, truth in selected)
        shares.append(wrong / max(1, len(selected)))
        plain_shares.append(plain_wrong / max(1, len(selected)))
    assert np.mean(shares) <= 0.05 + 3 * np.std(shares) / np.sqrt(runs)
    assert np.mean(plain_shares) > np.mean(shares)
