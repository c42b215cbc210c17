"""One treatment against the control, in one phase and over several."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.analysis.pairs import MeanPair, Pair, RatePair, RatioPair, StratifiedPair, pair_of
from experiments.analysis.samples import Strata
from experiments.analysis.strata import best_chances, combine, information
from experiments.errors import NotEnoughData
from experiments.stats.estimate import Counts, Sums
from experiments.stats.pair_sums import PairSums

ONE: Strata = {1: {"c": Counts(5000, 500), "t": Counts(5000, 560)}}
HALVES: Strata = {
    1: {"c": Counts(2500, 250), "t": Counts(2500, 280)},
    2: {"c": Counts(2500, 250), "t": Counts(2500, 280)},
}


def test_one_phase_is_compared_by_its_own_methods() -> None:
    assert isinstance(pair_of(ONE, "c", "t"), RatePair)
    sums = {1: {"c": Sums(10, 10, 100), "t": Sums(10, 20, 100)}}
    assert isinstance(pair_of(sums, "c", "t"), MeanPair)


def test_only_phases_with_both_variants_are_compared() -> None:
    strata = {**ONE, 2: {"c": Counts(9000, 9000)}}
    assert pair_of(strata, "c", "t") == pair_of(ONE, "c", "t")


def test_two_equal_halves_say_what_the_whole_says() -> None:
    whole, halves = pair_of(ONE, "c", "t"), pair_of(HALVES, "c", "t")
    assert isinstance(halves, StratifiedPair)
    assert halves.absolute(0.95).estimate == pytest.approx(whole.absolute(0.95).estimate)
    assert halves.absolute(0.95).interval.upper == pytest.approx(
        whole.absolute(0.95).interval.upper, rel=0.01
    )
    assert halves.test().p_value == pytest.approx(whole.test().p_value, rel=0.03)
    assert halves.relative(0.95).interval.upper == pytest.approx(
        whole.relative(0.95).interval.upper, rel=0.01
    )
    for direction in ("increase", "decrease"):
        mine, theirs = halves.bayesian(0.95, direction), whole.bayesian(0.95, direction)
        assert mine.chance_to_beat_control == pytest.approx(theirs.chance_to_beat_control, abs=0.002)
        assert mine.expected_loss == pytest.approx(theirs.expected_loss, rel=0.03)
        assert halves.worst(direction, 0.05) == pytest.approx(
            whole.worst(direction, 0.05), rel=0.02, abs=1e-4
        )
    assert halves.sequence(0.95, 20_000).p_value == pytest.approx(
        whole.sequence(0.95, 20_000).p_value, rel=0.02
    )
    for side in ("upper", "lower"):
        mine_bound = halves.sequence_bound(side, alpha=0.01, planned=20_000)
        assert mine_bound == pytest.approx(whole.sequence_bound(side, alpha=0.01, planned=20_000), rel=0.02)


@pytest.mark.parametrize("kind", ["mean", "ratio"])
def test_two_equal_halves_of_means_and_ratios_say_what_the_whole_says(kind: str) -> None:
    random = np.random.default_rng(5)
    rows = {key: random.integers(low, 9, (800, 2)) for key, low in (("c", 1), ("t", 2))}
    pairs = {key: pair_sums([(int(y), int(x)) for y, x in found]) for key, found in rows.items()}
    found = {key: one.outcomes if kind == "mean" else one for key, one in pairs.items()}
    twice = {key: one + one for key, one in found.items()}  # type: ignore[operator]  # both of one kind
    whole, halves = pair_of({1: twice}, "c", "t"), pair_of({1: found, 2: found}, "c", "t")
    assert isinstance(whole, MeanPair if kind == "mean" else RatioPair)
    assert isinstance(halves, StratifiedPair)
    assert vars_of(halves) == pytest.approx(vars_of(whole), rel=1e-2)


def vars_of(pair: Pair) -> list[float]:
    """What a pair says, as numbers."""
    lift, relative, sequence = pair.absolute(0.95), pair.relative(0.95), pair.sequence(0.95, 4000)
    bounds = (lift.interval, relative.interval, sequence.interval)
    return [
        lift.estimate,
        relative.estimate,
        *(side for one in bounds for side in (one.lower, one.upper)),
        pair.worst("increase", 0.05),
        pair.sequence_bound("upper", alpha=0.01, planned=4000),
        pair.bayesian(0.95, "increase").interval.upper,
    ]


def pair_sums(rows: list[tuple[int, int]]) -> PairSums:
    """The sums of these pairs."""
    y, x = zip(*rows, strict=True)
    cross = sum(a * b for a, b in rows)
    return PairSums(len(rows), sum(y), sum(a * a for a in y), sum(x), sum(a * a for a in x), cross, 1)


def test_the_interval_leaves_out_zero_just_when_the_test_rejects() -> None:
    for converted in range(560, 620, 4):
        strata = {**HALVES, 2: {"c": Counts(2500, 250), "t": Counts(2500, converted - 280)}}
        pair = pair_of(strata, "c", "t")
        rejects = pair.test().p_value < 0.05
        assert rejects == (not pair.absolute(0.95).interval.contains(0))
        assert rejects == (not pair.relative(0.95).interval.contains(0))


def test_a_shift_between_phases_is_no_difference() -> None:
    strata = {
        1: {"c": Counts(9000, 900), "t": Counts(1000, 100)},
        2: {"c": Counts(1000, 400), "t": Counts(9000, 3600)},
    }
    combined = combine(strata, "c", "t")
    assert combined.difference == pytest.approx(0)
    assert combined.phases == (1, 2)
    assert combined.information == pytest.approx(2 * information(9000, 1000))


def test_the_stratified_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        strata = {
            phase: {
                "c": Counts(n, int(random.binomial(n, base))),
                "t": Counts(m, int(random.binomial(m, base + 0.03))),
            }
            for phase, base, n, m in ((1, 0.1, 900, 300), (2, 0.4, 300, 900))
        }
        covered += pair_of(strata, "c", "t").absolute(0.95).interval.contains(0.03)
    assert 0.92 <= covered / 400 <= 0.98


def test_a_phase_in_which_nobody_converts_does_not_claim_to_be_certain() -> None:
    strata = {1: {"c": Counts(3, 0), "t": Counts(3, 0)}, 2: {"c": Counts(3, 0), "t": Counts(3, 0)}}
    assert combine(strata, "c", "t").standard_error > 0.1


def test_phases_too_small_for_a_spread_are_left_out_of_means() -> None:
    big = {"c": Sums(10, 10, 100), "t": Sums(10, 20, 100)}
    strata = {1: big, 2: {"c": Sums(1, 5, 25), "t": Sums(9, 9, 50)}}
    assert combine(strata, "c", "t").left_out == (2,)


def test_nothing_is_compared_without_participants_of_both() -> None:
    with pytest.raises(NotEnoughData, match="both c and t"):
        pair_of({1: {"c": Counts(5, 1)}}, "c", "t")
    with pytest.raises(NotEnoughData, match="No phase"):
        combine({1: {"c": Sums(1, 1, 1), "t": Sums(1, 1, 1)}}, "c", "t")


def test_values_that_are_all_the_same_carry_no_stratified_test() -> None:
    flat = {"c": Sums(10, 0, 0), "t": Sums(10, 0, 0)}
    with pytest.raises(NotEnoughData, match="the same"):
        pair_of({1: flat, 2: flat}, "c", "t").test()


def test_a_stratified_sequence_waits_for_its_burn_in() -> None:
    few = {"c": Counts(20, 1), "t": Counts(20, 1)}
    with pytest.raises(NotEnoughData, match="sequence starts"):
        pair_of({1: few, 2: few}, "c", "t").sequence(0.95, 1000)


def test_chances_to_be_best_sum_to_one_over_phases_too() -> None:
    for strata in (ONE, HALVES):
        for direction in ("increase", "decrease"):
            chances = best_chances(strata, ["c", "t"], direction)
            assert sum(chances.values()) == pytest.approx(1)
    assert best_chances(HALVES, ["c", "t"], "increase")["t"] == pytest.approx(
        best_chances(ONE, ["c", "t"], "increase")["t"], abs=0.002
    )
    with pytest.raises(NotEnoughData, match="at least two"):
        best_chances(ONE, ["c"], "increase")
