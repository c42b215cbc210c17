from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import power_proportions_2indep, samplesize_proportions_2indep_onetail

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Direction
from experiments.stats.group_sequential import inflation
from experiments.stats.power import (
    Design,
    duration_days,
    equal_weights,
    minimum_detectable_effect,
    minimum_detectable_effect_of_means,
    open_inflation,
    power_of,
    power_of_means,
    sample_size,
    sample_size_of_means,
)
from experiments.stats.sequential import boundary_at_plan


def test_from_ten_to_twelve_percent_takes_the_published_3841_a_variant() -> None:
    assert sample_size(0.10, mde_absolute=0.02).per_variant == (3841, 3841)
    assert sample_size(0.10, mde_relative=0.2).per_variant == (3841, 3841)


@pytest.mark.parametrize(("baseline", "effect"), [(0.1, 0.02), (0.05, -0.01), (0.5, 0.1), (0.001, 0.0005)])
@pytest.mark.parametrize("treatment_weight", [0.5, 0.2, 0.9])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_sizes_are_statsmodels_at_any_weights(
    baseline: float, effect: float, treatment_weight: float, power: float
) -> None:
    design = Design(power=power, weights=(1 - treatment_weight, treatment_weight))
    expected = samplesize_proportions_2indep_onetail(
        -effect, baseline + effect, power, ratio=design.ratio, alpha=0.05
    )
    assert sample_size(baseline, mde_absolute=effect, design=design).per_variant[0] == math.ceil(expected)


@pytest.mark.parametrize("per_variant", [500, 3841, 20_000])
def test_power_is_statsmodels(per_variant: int) -> None:
    expected = power_proportions_2indep(0.02, 0.10, per_variant, return_results=False)
    assert power_of(0.10, 0.02, participants=2 * per_variant) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("effect", [0.05, 0.2, 0.5, 1.5, 5.0])
@pytest.mark.parametrize("ratio", [1.0, 0.25, 4.0])
def test_sizes_for_means_are_statsmodels(effect: float, ratio: float) -> None:
    design = Design(weights=(1.0, ratio))
    size = sample_size_of_means(3.0, mde_absolute=3.0 * effect, design=design).per_variant[0]
    solver = TTestIndPower()
    least = max(2, math.ceil(2 / ratio))
    assert solver.power(effect, size, 0.05, ratio=ratio) >= 0.8
    assert size == least or solver.power(effect, size - 1, 0.05, ratio=ratio) < 0.8


@pytest.mark.parametrize(("effect", "cohens"), [(0.2, 393), (0.5, 64), (0.8, 26)])
def test_sizes_for_means_are_those_of_cohens_table(effect: float, cohens: int) -> None:
    # Cohen 1992, A power primer, table 2: medium and large exactly; small is printed as 393, R has 393.4
    size = sample_size_of_means(1.0, mde_absolute=effect).per_variant[0]
    assert size in (cohens, cohens + 1)


@pytest.mark.parametrize("participants", [10, 100, 10_000, 1_000_000])
def test_power_for_means_is_statsmodels(participants: int) -> None:
    effect = 2.8 / math.sqrt(participants / 4)
    expected = TTestIndPower().power(effect, participants / 2, 0.05)
    assert power_of_means(1.0, effect, participants=participants) == pytest.approx(expected, abs=1e-5)


@settings(deadline=None)
@given(st.floats(0.001, 0.9), st.integers(2000, 10**7), st.sampled_from(["increase", "decrease"]))
def test_the_detectable_effect_is_found_with_just_the_power(
    baseline: float, participants: int, direction: str
) -> None:
    try:
        effect = minimum_detectable_effect(baseline, participants=participants, direction=direction)
    except NotEnoughData:
        room = (1 - baseline if direction == "increase" else -baseline) * (1 - 1e-9)
        assert power_of(baseline, room, participants=participants) < 0.8
    else:
        assert (effect > 0) == (direction == "increase")
        assert power_of(baseline, effect, participants=participants) == pytest.approx(0.8, abs=1e-6)


def test_size_and_detectable_effect_are_inverse() -> None:
    design = Design(weights=(0.5, 0.25, 0.25), inflation=1.03, power=0.9)
    size = sample_size(0.2, mde_relative=0.1, design=design)
    effect = minimum_detectable_effect(0.2, participants=size.total, design=design)
    assert effect == pytest.approx(0.02, rel=1e-3)
    total = sample_size_of_means(4.0, mde_absolute=0.5, design=design).total
    found = minimum_detectable_effect_of_means(4.0, participants=total, design=design)
    assert found == pytest.approx(0.5, rel=2e-3)


def test_more_treatments_are_planned_at_holms_hardest_step() -> None:
    three = Design(weights=equal_weights(3))
    assert three.alpha == pytest.approx(0.025)
    alone = Design(level=0.975)
    assert (
        sample_size(0.1, mde_absolute=0.02, design=three).per_variant[0]
        == sample_size(0.1, mde_absolute=0.02, design=alone).per_variant[0]
    )


def test_the_weakest_weighted_treatment_sets_the_size() -> None:
    uneven = sample_size(0.1, mde_absolute=0.02, design=Design(weights=(0.6, 0.3, 0.1)))
    pair = sample_size(0.1, mde_absolute=0.02, design=Design(level=0.975, weights=(0.6, 0.1)))
    assert uneven.per_variant[0] == pair.per_variant[0]
    assert uneven.per_variant[1] == pytest.approx(uneven.per_variant[0] / 2, abs=1)


def test_looks_are_paid_for() -> None:
    looking = Design(inflation=inflation(20))
    once = sample_size(0.1, mde_absolute=0.02).total
    often = sample_size(0.1, mde_absolute=0.02, design=looking).total
    assert often == pytest.approx(once * inflation(20), abs=2)
    assert power_of(0.1, 0.02, participants=often, design=looking) == pytest.approx(0.8, abs=1e-3)


def test_looking_any_time_costs_nearly_twice() -> None:
    assert boundary_at_plan(0.05) == pytest.approx(3.03, abs=0.01)
    assert open_inflation() == pytest.approx(((3.0347 + 0.8416) / (1.9600 + 0.8416)) ** 2, rel=1e-3)


def test_the_planned_size_finds_the_effect_as_often_as_promised() -> None:
    generator = np.random.default_rng(17)
    n = sample_size(0.10, mde_absolute=0.02).per_variant[0]
    x_c, x_t = generator.binomial(n, 0.10, 20_000), generator.binomial(n, 0.12, 20_000)
    pooled = (x_c + x_t) / (2 * n)
    z = (x_t - x_c) / n / np.sqrt(pooled * (1 - pooled) * 2 / n)
    assert float((np.abs(z) >= stats.norm.isf(0.025)).mean()) == pytest.approx(0.8, abs=0.01)


def test_days_are_rounded_up_and_at_least_the_minimum() -> None:
    assert duration_days(7682, daily_participants=1000) == 8
    assert duration_days(7682, daily_participants=10_000, min_days=7) == 7


@pytest.mark.parametrize(
    ("daily", "reason"), [(0, "No participants come"), (100, "take 77 days at 100 a day; the plan allows 42")]
)
def test_traffic_that_does_not_carry_the_plan_says_so(daily: int, reason: str) -> None:
    with pytest.raises(NotEnoughData, match=reason):
        duration_days(7682, daily_participants=daily, max_days=42)


def test_what_no_number_can_find_says_so() -> None:
    with pytest.raises(NotEnoughData, match="cannot find any increase"):
        minimum_detectable_effect(0.1, participants=4)
    with pytest.raises(NotEnoughData, match="cannot find any decrease"):
        minimum_detectable_effect(0.01, participants=200, direction="decrease")
    with pytest.raises(NotEnoughData, match="plan for a larger effect"):
        sample_size(0.5, mde_absolute=1e-9)
    with pytest.raises(NotEnoughData, match="plan for a larger effect"):
        sample_size_of_means(1.0, mde_absolute=1e-9)
    with pytest.raises(NotEnoughData, match="change of 100 standard deviations"):
        minimum_detectable_effect_of_means(1.0, participants=4, design=Design(level=1 - 1e-8))
    with pytest.raises(NotEnoughData, match="fewer than two"):
        power_of_means(1.0, 1.0, participants=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"baseline": 0.0, "mde_relative": 0.1}, "baseline == 0.0"),
        ({"baseline": 1.0, "mde_absolute": -0.1}, "baseline == 1.0"),
        ({"baseline": 0.6, "mde_relative": 1.0}, r"baseline \+ effect == 1.2"),
        ({"baseline": 0.6, "mde_relative": 0.0}, "effect == 0"),
        ({"baseline": 0.6}, "just one of the two"),
        ({"baseline": 0.6, "mde_relative": 0.1, "mde_absolute": 0.1}, "just one of the two"),
    ],
)
def test_impossible_questions_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_size(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 95.0}, "level == 95.0"),
        ({"power": 1.0}, "power == 1.0"),
        ({"power": 0.01}, "power == 0.01, must be > 0.025"),
        ({"weights": (1.0,)}, "must be at least two"),
        ({"weights": (0.5, 0.0)}, "must be at least two, each > 0"),
        ({"inflation": 0.9}, "inflation == 0.9"),
    ],
)
def test_impossible_designs_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Design(**arguments)  # type: ignore[arg-type] # the point is that they are wrong


@pytest.mark.parametrize(("deviation", "effect"), [(0.0, 1.0), (1.0, 0.0), (1.0, math.inf), (math.nan, 1.0)])
def test_impossible_means_are_refused(deviation: float, effect: float) -> None:
    with pytest.raises(ValueError, match="must"):
        sample_size_of_means(deviation, mde_absolute=effect)


def test_one_variant_is_no_experiment_and_negative_days_are_none() -> None:
    with pytest.raises(ValueError, match="variants == 1"):
        equal_weights(1)
    with pytest.raises(ValueError, match="total == -1"):
        duration_days(-1, daily_participants=5)


@pytest.mark.parametrize("baseline", [1e-9, 0.5, 0.999])
@pytest.mark.parametrize("direction", ["increase", "decrease"])
def test_a_million_million_participants_find_next_to_nothing(baseline: float, direction: Direction) -> None:
    """Once the effect was sought above a thousand millionth of the room there is, and not found."""
    effect = minimum_detectable_effect(baseline, participants=10**12, direction=direction)
    assert power_of(baseline, effect, participants=10**12) == pytest.approx(0.8, abs=1e-6)
    assert 0 < abs(effect) < 1e-5


def test_where_chance_alone_has_the_power_no_effect_is_the_smallest() -> None:
    design = Design(level=0.5, power=0.5)
    with pytest.raises(NotEnoughData, match="chance alone has the power"):
        minimum_detectable_effect(0.1, participants=10, design=design)
    with pytest.raises(NotEnoughData, match="chance alone has the power"):
        minimum_detectable_effect_of_means(1.0, participants=10, design=design)
