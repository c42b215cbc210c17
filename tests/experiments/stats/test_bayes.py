from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from experiments.errors import NotEnoughData
from experiments.stats import bayes
from experiments.stats.bayes import LiftPrior
from experiments.stats.estimate import Counts, Sums
from tests.experiments.stats.strategies import answer_or_none, counts, from_values, sums

COOKIE_CATS = Counts(44_700, 8_502), Counts(45_489, 8_279)


def miller(control: Counts, treatment: Counts) -> float:
    """Miller's closed sum for P(treatment > control) under Beta(1, 1)."""
    a_c, b_c = 1 + control.conversions, 1 + control.participants - control.conversions
    a_t, b_t = 1 + treatment.conversions, 1 + treatment.participants - treatment.conversions
    i = np.arange(a_t)
    terms = special.betaln(a_c + i, b_c + b_t) - np.log(b_t + i) - special.betaln(1 + i, b_t)
    return float(np.exp(terms - special.betaln(a_c, b_c)).sum())


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (Counts(100, 10), Counts(100, 15)),
        (Counts(1, 0), Counts(1, 1)),
        (Counts(10, 10), Counts(2000, 1980)),
        (Counts(5000, 0), Counts(4000, 2)),
        COOKIE_CATS,
    ],
)
def test_the_chance_is_millers_closed_sum(control: Counts, treatment: Counts) -> None:
    answer = bayes.rates(control, treatment)
    assert answer.chance_to_beat_control == pytest.approx(miller(control, treatment), abs=1e-9)


def test_cookie_cats_gate_30_is_better_with_the_published_chance() -> None:
    # published by bootstrap: 99.9 % for day-7 retention
    assert bayes.rates(COOKIE_CATS[1], COOKIE_CATS[0]).chance_to_beat_control == pytest.approx(
        0.999, abs=5e-4
    )


def test_the_loss_is_stucchios_closed_form() -> None:
    # E max(c - t, 0) = E c P(c' > t) - E t P(c > t'), with one more conversion in the primed one
    control, treatment = Counts(100, 10), Counts(120, 15)
    mean_c, mean_t = 11 / 102, 16 / 122
    first = mean_c * (1 - miller(Counts(101, 11), treatment))
    second = mean_t * (1 - miller(control, Counts(121, 16)))
    assert bayes.rates(control, treatment).expected_loss == pytest.approx(first - second, abs=1e-10)


def test_lower_is_better_turns_chance_and_loss_but_not_the_interval() -> None:
    up, down = (bayes.rates(*COOKIE_CATS, direction=direction) for direction in ("increase", "decrease"))
    assert up.chance_to_beat_control + down.chance_to_beat_control == pytest.approx(1, abs=1e-12)
    gain = up.expected_loss - down.expected_loss
    assert gain == pytest.approx(COOKIE_CATS[0].rate - COOKIE_CATS[1].rate, rel=1e-3)
    assert up.interval == down.interval


def test_ten_million_participants_at_a_tiny_rate_are_told_apart() -> None:
    answer = bayes.rates(Counts(10**7, 100), Counts(10**7, 160))
    assert answer.chance_to_beat_control == pytest.approx(
        miller(Counts(10**7, 100), Counts(10**7, 160)), abs=1e-6
    )
    assert 0 < answer.expected_loss < 1e-8


def test_variants_at_opposite_ends_lose_the_whole_way_between() -> None:
    worst, best = bayes.expected_losses([Counts(10**9, 0), Counts(10**9, 10**9)])
    assert worst == pytest.approx(1, abs=1e-8)
    assert best == pytest.approx(0, abs=1e-30)


def test_a_stronger_prior_draws_the_chance_to_the_middle() -> None:
    pair = Counts(100, 10), Counts(100, 20)
    open_minded, firm = bayes.rates(*pair), bayes.rates(*pair, prior=(100, 900))
    assert 0.5 < firm.chance_to_beat_control < open_minded.chance_to_beat_control


@settings(deadline=None, max_examples=40)
@given(
    st.lists(counts(least=1, most=10**7), min_size=2, max_size=5), st.sampled_from(["increase", "decrease"])
)
def test_the_chances_to_be_best_sum_to_one(variants: list[Counts], direction: str) -> None:
    chances = bayes.chance_to_be_best(variants, direction=direction)
    assert sum(chances) == pytest.approx(1, abs=1e-9)
    assert all(0 <= chance <= 1 for chance in chances)


def test_of_two_variants_the_best_is_the_one_that_beats_the_other() -> None:
    _, best = bayes.chance_to_be_best(COOKIE_CATS)
    assert best == bayes.rates(*COOKIE_CATS).chance_to_beat_control
    losses = bayes.expected_losses(COOKIE_CATS)
    assert losses[1] == bayes.rates(*COOKIE_CATS).expected_loss


def test_three_equal_variants_share_the_chance() -> None:
    assert bayes.chance_to_be_best([Counts(1000, 50)] * 3) == pytest.approx([1 / 3] * 3, abs=1e-12)
    assert bayes.chance_to_be_best([from_values([1, 2, 3])] * 3) == pytest.approx([1 / 3] * 3, abs=1e-12)


def test_the_posterior_of_a_mean_is_normal_in_closed_form() -> None:
    control, treatment = from_values([1, 2, 3, 4]), from_values([2, 3, 4, 6])
    answer = bayes.means(control, treatment)
    lift, error = 1.25, math.sqrt(control.variance / 4 + treatment.variance / 4)
    assert answer.chance_to_beat_control == pytest.approx(float(special.ndtr(lift / error)))
    assert answer.interval.lower == pytest.approx(lift - 1.959964 * error, rel=1e-6)
    # the closed form and the quadrature are two ways to one number
    chances = bayes.chance_to_be_best([control, treatment])
    assert answer.chance_to_beat_control == pytest.approx(chances[1], abs=1e-12)
    assert answer.expected_loss == pytest.approx(bayes.expected_losses([control, treatment])[1], rel=1e-9)
    assert bayes.means(control, treatment, direction="decrease").expected_loss == pytest.approx(
        bayes.expected_losses([control, treatment], direction="decrease")[1], rel=1e-9
    )


def test_a_lift_prior_shrinks_by_the_weight_of_precisions() -> None:
    control, treatment = from_values([1, 2, 3, 4]), from_values([2, 3, 4, 6])
    error = math.sqrt(control.variance / 4 + treatment.variance / 4)
    shrunk = bayes.means(control, treatment, prior=LiftPrior(0.0, error))  # as sure as the data: half way
    middle = (shrunk.interval.lower + shrunk.interval.upper) / 2
    assert middle == pytest.approx(1.25 / 2)
    assert shrunk.interval.upper - middle == pytest.approx(1.959964 * error / math.sqrt(2), rel=1e-6)
    assert shrunk.method == "normal_shrunk"


@settings(deadline=None, max_examples=60)
@given(counts(), counts(), st.sampled_from(["increase", "decrease"]), st.sampled_from([0.8, 0.95, 0.999]))
def test_any_counts_have_an_answer_or_a_reason(
    control: Counts, treatment: Counts, direction: str, level: float
) -> None:
    answer = answer_or_none(lambda: bayes.rates(control, treatment, level=level, direction=direction))
    assert (answer is None) == (0 in (control.participants, treatment.participants))
    if answer:
        assert 0 <= answer.chance_to_beat_control <= 1
        assert 0 <= answer.expected_loss <= 1 + 1e-9
        assert -1 <= answer.interval.lower < answer.interval.upper <= 1


@settings(deadline=None)
@given(sums(), sums())
def test_any_sums_have_an_answer_or_a_reason(control: Sums, treatment: Sums) -> None:
    answer = answer_or_none(lambda: bayes.means(control, treatment))
    assert answer is None or (
        0 <= answer.chance_to_beat_control <= 1 and 0 <= answer.expected_loss < math.inf
    )


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="number of variants == 1, must be >= 2"):
        bayes.chance_to_be_best([Counts(10, 1)])
    with pytest.raises(ValueError, match=r"prior == \(0, 1\)"):
        bayes.rates(Counts(10, 1), Counts(10, 1), prior=(0, 1))
    with pytest.raises(ValueError, match="deviation > 0"):
        LiftPrior(0.0, 0.0)
    with pytest.raises(NotEnoughData, match="same value"):
        bayes.means(from_values([1, 1]), from_values([1, 2]))
