from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from experiments.errors import NotEnoughData
from experiments.stats.estimate import Counts, Sums
from experiments.stats.sequential import (
    confidence_sequence,
    harm_sequence,
    noninferiority_sequence,
    one_sided_sequence,
)
from tests.experiments.stats.strategies import answer_or_none, counts, from_values, sums

COOKIE_CATS = Counts(44_700, 8_502), Counts(45_489, 8_279)
PLANNED = 90_000


def relative_time(participants: int, planned: int, alpha: float) -> float:
    return (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) * participants / planned


def test_the_p_value_is_one_over_robbins_normal_mixture() -> None:
    answer = confidence_sequence(Counts(10_000, 1000), Counts(10_000, 1150), 0.95, PLANNED)
    z, r = 0.015 / math.sqrt(0.1075 * 0.8925 / 5000), relative_time(20_000, PLANNED, 0.05)
    mixture, _ = integrate.quad(
        lambda mu: stats.norm.pdf(mu, 0, math.sqrt(r)) * math.exp(mu * z - mu * mu / 2), -30, 30
    )
    assert answer.p_value == pytest.approx(1 / mixture, rel=1e-8)


@given(st.floats(0.8, 0.999), st.integers(0, 400), st.integers(0, 400))
def test_the_interval_leaves_out_0_exactly_when_the_p_value_is_at_most_alpha(
    level: float, first: int, second: int
) -> None:
    answer = answer_or_none(lambda: confidence_sequence(Counts(400, first), Counts(400, second), level, 1000))
    if answer and abs(answer.p_value - (1 - level)) > 1e-9:
        assert answer.interval.contains(0.0) == (answer.p_value > 1 - level)


@given(st.sampled_from(["lower", "upper"]), st.integers(0, 400), st.integers(0, 400), st.floats(-0.2, 0.2))
def test_the_one_sided_bound_passes_the_null_exactly_when_it_is_rejected(
    side: str, first: int, second: int, null: float
) -> None:
    pair = Counts(400, first), Counts(400, second)
    answer = answer_or_none(
        lambda: one_sided_sequence(*pair, side=side, alpha=0.05, planned_participants=1000, null=null)
    )
    if answer and abs(answer.p_value - 0.05) > 1e-9:
        assert answer.rejected == (answer.bound > null if side == "lower" else answer.bound < null)


def test_it_is_narrowest_near_the_planned_number() -> None:
    pair = Counts(5000, 500), Counts(5000, 500)
    widths = {
        planned: confidence_sequence(*pair, 0.95, planned).interval.upper
        for planned in (1000, 5000, 10_000, 20_000, 100_000)
    }
    assert min(widths, key=lambda planned: widths[planned]) == 10_000


def test_it_is_wider_than_the_interval_for_one_look_but_not_by_much() -> None:
    answer = confidence_sequence(*COOKIE_CATS, 0.95, PLANNED)
    half = (answer.interval.upper - answer.interval.lower) / 2
    assert half / 0.0050802 == pytest.approx(3.035 / 1.96, rel=0.01)


def test_counts_and_the_sums_of_zeros_and_ones_agree() -> None:
    def as_sums(c: Counts) -> Sums:
        return Sums(c.participants, c.conversions, c.conversions, 1)

    rates = confidence_sequence(*COOKIE_CATS, 0.95, PLANNED)
    means = confidence_sequence(as_sums(COOKIE_CATS[0]), as_sums(COOKIE_CATS[1]), 0.95, PLANNED)
    assert means.interval.lower == pytest.approx(rates.interval.lower, rel=1e-4)
    assert means.p_value == pytest.approx(rates.p_value, rel=1e-3)


def test_a_treatment_that_ends_all_conversions_is_harm_though_it_has_no_variance() -> None:
    answer = harm_sequence(Counts(500, 50), Counts(500, 0), planned_participants=10_000)
    assert answer.rejected
    assert answer.bound < 0


def test_harm_must_be_worse_than_the_margin() -> None:
    pair = Counts(5000, 500), Counts(5000, 380)
    assert harm_sequence(*pair, planned_participants=10_000).rejected
    assert not harm_sequence(*pair, planned_participants=10_000, margin=0.02).rejected


def test_harm_of_a_metric_that_should_fall_is_a_rise() -> None:
    pair = Counts(5000, 380), Counts(5000, 500)
    assert harm_sequence(*pair, planned_participants=10_000, direction="decrease").rejected
    assert not harm_sequence(*pair, planned_participants=10_000, direction="increase").rejected


@pytest.mark.parametrize(("direction", "sign"), [("increase", 1), ("decrease", -1)])
def test_not_inferior_is_shown_by_a_bound_within_the_margin(direction: str, sign: int) -> None:
    answer = noninferiority_sequence(
        Counts(20_000, 2000),
        Counts(20_000, 2000),
        planned_participants=40_000,
        margin=0.01,
        direction=direction,
    )
    assert answer.rejected
    assert -0.01 < sign * answer.bound < 0
    tight = noninferiority_sequence(
        Counts(20_000, 2000),
        Counts(20_000, 2000),
        planned_participants=40_000,
        margin=0.001,
        direction=direction,
    )
    assert not tight.rejected


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        (Counts(0, 0), Counts(0, 0), "each variant expects 10 conversions"),
        (Counts(1000, 9), Counts(1000, 10), "there are 19 conversions of 2000 participants"),
        (Counts(1000, 991), Counts(1000, 990), "as many non-conversions"),
        (Counts(9900, 99), Counts(100, 1), "100 of them in the smaller variant"),
        (Sums(99, 9, 9), Sums(200, 9, 9), "the smaller has 99"),
        (Sums(200, 0, 0), Sums(200, 0, 0), "same value"),
    ],
)
def test_before_the_burn_in_there_is_a_reason_and_no_interval(
    control: Counts | Sums, treatment: Counts | Sums, reason: str
) -> None:
    with pytest.raises(NotEnoughData, match=reason):
        confidence_sequence(control, treatment, 0.95, PLANNED)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="planned_participants == 0"):
        confidence_sequence(*COOKIE_CATS, 0.95, 0)
    with pytest.raises(ValueError, match="margin == -1"):
        harm_sequence(*COOKIE_CATS, planned_participants=PLANNED, margin=-1)
    with pytest.raises(TypeError, match="both be Counts, or both be Sums"):
        confidence_sequence(COOKIE_CATS[0], Sums(200, 9, 9), 0.95, PLANNED)


@given(
    st.one_of(st.tuples(counts(), counts()), st.tuples(sums(), sums())), st.sampled_from([0.5, 0.95, 0.9999])
)
def test_any_data_have_an_answer_or_a_reason(
    pair: tuple[Counts, Counts] | tuple[Sums, Sums], level: float
) -> None:
    answer = answer_or_none(lambda: confidence_sequence(*pair, level, PLANNED))
    assert answer is None or (0 <= answer.p_value <= 1 and answer.interval.contains(answer.estimate))


def _share_ever_rejected(
    rate: float, runs: int, *, share: float = 0.5, treated_rate: float | None = None
) -> float:
    """Share of runs in which one of 100 looks has p <= 0.05; about 500 conversions in all."""
    generator = np.random.default_rng(11)
    per_look = round(5 / rate)
    treated = generator.binomial(per_look, share, size=(runs, 100))
    x_t = generator.binomial(treated, treated_rate or rate).cumsum(axis=1)
    x_c = generator.binomial(per_look - treated, rate).cumsum(axis=1)
    n_t, n_c = treated.cumsum(axis=1), (per_look - treated).cumsum(axis=1)
    rejected = 0
    for i in range(runs):
        looks = zip(*(table[i].tolist() for table in (n_c, x_c, n_t, x_t)), strict=True)
        rejected += any(_rejects(Counts(a, b), Counts(c, d), 100 * per_look) for a, b, c, d in looks)
    return rejected / runs


def _rejects(control: Counts, treatment: Counts, planned: int) -> bool:
    answer = answer_or_none(lambda: confidence_sequence(control, treatment, 0.95, planned))
    return answer is not None and answer.p_value <= 0.05


@pytest.mark.parametrize(("rate", "share"), [(0.005, 0.5), (0.05, 0.2), (0.5, 0.5)])
def test_a_hundred_looks_without_a_difference_rarely_find_one(rate: float, share: float) -> None:
    assert _share_ever_rejected(rate, 200, share=share) <= 0.05


def test_a_hundred_looks_find_a_difference_that_is_there() -> None:
    assert _share_ever_rejected(0.05, 50, treated_rate=0.08) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "share"), [(0.005, 0.5), (0.005, 0.1), (0.05, 0.2), (0.05, 0.5), (0.5, 0.5), (0.5, 0.9)]
)
def test_a_hundred_looks_keep_the_promised_error(rate: float, share: float) -> None:
    assert _share_ever_rejected(rate, 2000, share=share) <= 0.05


def _share_ever_harmful(runs: int, rate: float, share: float) -> float:
    """Share of runs without any difference in which one of 100 looks calls harm at 1 %."""
    generator = np.random.default_rng(19)
    per_look = round(5 / rate)
    treated = generator.binomial(per_look, share, size=(runs, 100))
    x_t = generator.binomial(treated, rate).cumsum(axis=1)
    x_c = generator.binomial(per_look - treated, rate).cumsum(axis=1)
    n_t, n_c = treated.cumsum(axis=1), (per_look - treated).cumsum(axis=1)
    harmful = 0
    for i in range(runs):
        looks = zip(*(table[i].tolist() for table in (n_c, x_c, n_t, x_t)), strict=True)
        harmful += any(_harms(Counts(a, b), Counts(c, d), 100 * per_look) for a, b, c, d in looks)
    return harmful / runs


def _harms(control: Counts, treatment: Counts, planned: int) -> bool:
    answer = answer_or_none(lambda: harm_sequence(control, treatment, planned_participants=planned))
    return answer is not None and answer.rejected


def test_harm_is_rarely_seen_where_there_is_none() -> None:
    assert _share_ever_harmful(200, 0.05, 0.5) <= 0.015


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "share"), [(0.005, 0.5), (0.005, 0.1), (0.05, 0.5), (0.5, 0.9)])
def test_harm_keeps_its_one_in_a_hundred(rate: float, share: float) -> None:
    assert _share_ever_harmful(2000, rate, share) <= 0.01


@pytest.mark.slow
def test_the_sequence_covers_the_true_difference_at_all_looks() -> None:
    generator = np.random.default_rng(3)
    missed = 0
    for _ in range(2000):
        x_c, x_t = (generator.binomial(100, rate, size=100).cumsum() for rate in (0.10, 0.15))
        for i in range(100):
            pair = Counts(100 * (i + 1), int(x_c[i])), Counts(100 * (i + 1), int(x_t[i]))
            answer = answer_or_none(lambda pair=pair: confidence_sequence(*pair, 0.95, 20_000))
            if answer and not answer.interval.contains(0.05):
                missed += 1
                break
    assert missed / 2000 <= 0.05


@pytest.mark.slow
def test_mostly_zero_skewed_values_keep_the_promised_error() -> None:
    """Revenue: 2 % pay a log-normal amount; 100 looks of 100 participants a variant."""
    generator = np.random.default_rng(5)
    rejected = 0
    for _ in range(500):
        rows = generator.binomial(1, 0.02, size=(2, 100, 100)) * np.exp(
            generator.normal(3, 1, size=(2, 100, 100))
        )
        cents = np.round(rows * 100).astype(np.int64)
        totals, squares = cents.sum(axis=2).cumsum(axis=1), (cents**2).sum(axis=2).cumsum(axis=1)
        rejected += any(
            _rejects_sums(*(Sums(100 * (i + 1), int(totals[v, i]), int(squares[v, i]), 100) for v in (0, 1)))
            for i in range(100)
        )
    assert rejected / 500 <= 0.05


def _rejects_sums(control: Sums, treatment: Sums) -> bool:
    answer = answer_or_none(lambda: confidence_sequence(control, treatment, 0.95, 20_000))
    return answer is not None and answer.p_value <= 0.05


def test_sums_from_rows_give_the_same_however_they_are_split() -> None:
    rows = [int(v) for v in np.random.default_rng(2).integers(0, 50, 400)]
    whole = confidence_sequence(from_values(rows), from_values(rows[::-1]), 0.95, 800)
    merged = confidence_sequence(
        from_values(rows[:7]) + from_values(rows[7:]), from_values(rows[::-1]), 0.95, 800
    )
    assert whole == merged
    assert whole.p_value == 1.0
