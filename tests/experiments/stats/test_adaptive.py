from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.errors import NotEnoughData
from experiments.stats import adaptive, bayes, mean
from experiments.stats.adaptive import Phase
from experiments.stats.estimate import Counts, Sums
from experiments.stats.sequential import confidence_sequence
from tests.experiments.stats.strategies import answer_or_none, counts, from_values, sums

EVEN = (0.5, 0.5)


def test_every_variant_keeps_its_floor_and_the_best_gets_the_rest() -> None:
    shares = adaptive.thompson([Counts(1000, 50), Counts(1000, 50), Counts(1000, 200)])
    assert math.fsum(shares) == pytest.approx(1, abs=1e-12)
    assert shares[:2] == pytest.approx((0.05, 0.05), abs=1e-6)
    assert shares[2] == pytest.approx(0.9, abs=1e-6)


def test_equal_variants_share_the_traffic_and_less_can_be_better() -> None:
    assert adaptive.thompson([Counts(100, 10)] * 4) == pytest.approx((0.25,) * 4, abs=1e-9)
    pair = [Counts(500, 20), Counts(500, 60)]
    assert adaptive.thompson(pair)[1] > 0.9
    assert adaptive.thompson(pair, direction="decrease")[1] < 0.1


def test_beyond_the_floor_traffic_is_in_proportion_to_the_chance_to_be_best() -> None:
    variants = [Counts(80, 10), Counts(90, 14), Counts(70, 12)]
    chances = bayes.chance_to_be_best(variants)
    expected = [0.1 + 0.7 * chance for chance in chances]
    assert adaptive.thompson(variants, floor=0.1) == pytest.approx(expected, abs=1e-9)


def test_with_one_phase_it_is_the_plain_difference() -> None:
    control, treatment = from_values([3, 5, 9, 1]), from_values([4, 8, 8, 12, 0])
    found = adaptive.weighted([Phase(EVEN, (control, treatment))], 0, 1)
    spread = mean.welch(control, treatment)
    assert found.estimate == pytest.approx(treatment.mean - control.mean)
    assert found.standard_error == pytest.approx(spread.standard_error)


def test_the_scores_are_those_of_the_paper_on_rows() -> None:
    """Augmented inverse probability weights, participant by participant (Hadad et al. 2021, equation 4)."""
    first = Phase(EVEN, (from_values([1, 4, 2]), from_values([5, 3])))
    later, chances = {0: [2, 2, 7], 1: [9], 2: [1, 1]}, (0.3, 0.2, 0.5)
    second = Phase(chances, tuple(from_values(rows) for rows in later.values()))
    m = (7 / 3, 4.0)
    scores = []
    for place, rows in later.items():
        for y in rows:
            score = m[1] - m[0]
            score += (y - m[1]) / chances[1] if place == 1 else 0
            score -= (y - m[0]) / chances[0] if place == 0 else 0
            scores.append(score)
    first_of_three = Phase((0.4, 0.4, 0.2), (*first.variants, Counts(0, 0)))
    found = adaptive.weighted([first_of_three, second], 0, 1)
    assert found.estimate == pytest.approx((5 * (4 - 7 / 3) + sum(scores)) / 11)
    variance = 25 * ((7 / 3) / 3 + 2 / 2) + 6 * np.var(scores, ddof=1)
    assert found.standard_error == pytest.approx(math.sqrt(variance) / 11)


def test_it_is_unbiased_by_full_enumeration_where_the_plain_mean_is_not() -> None:
    """All outcomes of two participants of each variant, then all assignments and outcomes of two more."""
    rates, expected, naive = (0.3, 0.6), 0.0, 0.0
    for first in itertools.product((0, 1), repeat=4):
        before = Counts(2, first[0] + first[1]), Counts(2, first[2] + first[3])
        share = 0.1 if before[1].conversions < before[0].conversions else 0.5
        for assigned in itertools.product((0, 1), repeat=2):
            for outcome in itertools.product((0, 1), repeat=2):
                chance = math.prod(_chance(rates[i // 2], y) for i, y in enumerate(first))
                drawn = list(zip(assigned, outcome, strict=True))
                chance *= math.prod(share if v else 1 - share for v in assigned)
                chance *= math.prod(_chance(rates[v], y) for v, y in drawn)
                after = tuple(
                    Counts(
                        assigned.count(v), sum(y for a, y in zip(assigned, outcome, strict=True) if a == v)
                    )
                    for v in (0, 1)
                )
                together = [a + b for a, b in zip(before, after, strict=True)]
                naive += chance * (together[1].rate - together[0].rate)
                phases = [Phase(EVEN, before), Phase((1 - share, share), after)]
                expected += chance * _estimate(phases)
    assert expected == pytest.approx(0.3, abs=1e-12)
    assert naive < 0.298


def _chance(rate: float, outcome: int) -> float:
    return rate if outcome else 1 - rate


def _estimate(phases: list[Phase]) -> float:
    """The estimate; by hand where the first phase did not vary, which the product refuses."""
    found = answer_or_none(lambda: adaptive.weighted(phases, 0, 1))
    if found is not None:
        return found.estimate
    totals = _total(phases)
    return totals / sum(phase.participants for phase in phases)


def _total(phases: list[Phase]) -> float:
    """The total of the scores by hand, for the few tables that are refused."""
    first, second = phases
    m = [sample.rate for sample in first.variants]
    total = (first.participants + second.participants) * (m[1] - m[0])
    for sign, place in ((-1, 0), (1, 1)):
        sample = second.variants[place]
        total += sign * (sample.conversions - sample.participants * m[place]) / second.probabilities[place]
    return total


@pytest.mark.parametrize(
    ("chances", "variants", "reason"),
    [
        ((1.0,), (Counts(1, 1),), "at least two variants"),
        ((0.5, 0.4), (Counts(1, 1), Counts(1, 1)), "sum to 1"),
        ((0.0, 1.0), (Counts(1, 1), Counts(1, 1)), "must be > 0"),
    ],
)
def test_a_phase_that_cannot_be_is_refused(
    chances: tuple[float, ...], variants: tuple[Counts, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Phase(chances, variants)


def test_a_floor_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"floor == 0\.5"):
        adaptive.thompson([Counts(9, 1)] * 2, floor=0.5)


@pytest.mark.parametrize(
    ("phases", "reason"),
    [
        ([], "at least two participants of both"),
        ([Phase(EVEN, (Counts(1, 1), Counts(9, 1)))], "at least two participants of both"),
        ([Phase(EVEN, (Counts(9, 0), Counts(9, 0)))], "same value: go on splitting evenly"),
    ],
)
def test_too_little_data_says_so(phases: list[Phase], reason: str) -> None:
    for question in (
        lambda: adaptive.weighted(phases, 0, 1),
        lambda: adaptive.difference(phases, 0, 1, 0.95),
        lambda: adaptive.sequence(phases, 0, 1, 0.95, 100),
    ):
        with pytest.raises(NotEnoughData, match=reason):
            question()


def test_the_sequence_waits_for_its_burn_in() -> None:
    with pytest.raises(NotEnoughData, match="participants of both; one has 99"):
        adaptive.sequence([Phase(EVEN, (Counts(99, 9), Counts(200, 9)))], 0, 1, 0.95, 1000)
    with pytest.raises(ValueError, match="planned_participants == 0"):
        adaptive.sequence([Phase(EVEN, (Counts(99, 9), Counts(200, 9)))], 0, 1, 0.95, 0)


def test_with_one_phase_the_sequence_is_that_of_two_rates() -> None:
    pair = Counts(5000, 500), Counts(5000, 580)
    answer = adaptive.sequence([Phase(EVEN, pair)], 0, 1, 0.95, 30_000)
    plain = confidence_sequence(*pair, 0.95, 30_000)
    assert answer.estimate == pytest.approx(plain.estimate)
    assert answer.interval.lower == pytest.approx(plain.interval.lower, rel=0.002)
    assert answer.p_value == pytest.approx(plain.p_value, rel=0.01)


@settings(deadline=None)
@given(
    st.one_of(
        st.lists(st.tuples(counts(), counts()), max_size=4), st.lists(st.tuples(sums(), sums()), max_size=4)
    ),
    st.sampled_from([0.05, 0.5, 0.95]),
)
def test_any_phases_have_an_answer_or_a_reason(
    rows: list[tuple[Counts, Counts]] | list[tuple[Sums, Sums]], share: float
) -> None:
    phases = [Phase((1 - share, share), pair) for pair in rows]
    answer = answer_or_none(lambda: adaptive.difference(phases, 0, 1, 0.95))
    assert answer is None or (math.isfinite(answer.estimate) and answer.interval.contains(answer.estimate))
    found = answer_or_none(lambda: adaptive.sequence(phases, 0, 1, 0.95, 1000))
    assert found is None or 0 <= found.p_value <= 1


def _phases(generator: np.random.Generator, rates: tuple[float, ...], sizes: list[int]) -> list[Phase]:
    """Phases whose traffic follows the results."""
    k = len(rates)
    seen, shares, phases = [Counts(0, 0)] * k, (1 / k,) * k, []
    for size in sizes:
        assigned = generator.multinomial(size, shares)
        found = tuple(
            Counts(int(n), int(generator.binomial(n, p))) for n, p in zip(assigned, rates, strict=True)
        )
        phases.append(Phase(tuple(shares), found))
        seen = [a + b for a, b in zip(seen, found, strict=True)]
        shares = adaptive.thompson(seen)
    return phases


def _biases(runs: int) -> tuple[float, float, float, float]:
    """Mean error of the plain and of the weighted difference of 0.5 and 0.3, each with its standard error."""
    generator = np.random.default_rng(1)
    plain, weighted = [], []
    for _ in range(runs):
        phases = _phases(generator, (0.5, 0.3), [20, 100, 100])
        totals = [sum((phase.variants[v] for phase in phases[1:]), phases[0].variants[v]) for v in (0, 1)]
        found = answer_or_none(lambda phases=phases: adaptive.weighted(phases, 0, 1))
        if found is not None:
            plain.append(totals[1].rate - totals[0].rate + 0.2)
            weighted.append(found.estimate + 0.2)
    root = math.sqrt(len(plain))
    return (
        float(np.mean(plain)),
        float(np.std(plain)) / root,
        float(np.mean(weighted)),
        float(np.std(weighted)) / root,
    )


def test_the_weighted_estimate_is_unbiased_where_the_plain_one_is_not() -> None:
    plain, plain_error, weighted, error = _biases(1200)
    assert plain < -3 * plain_error
    assert abs(weighted) < 3 * error


@pytest.mark.slow
def test_the_weighted_estimate_is_unbiased_to_a_thousandth() -> None:
    plain, plain_error, weighted, error = _biases(12_000)
    assert plain < -10 * plain_error
    assert abs(weighted) < 3 * error
    assert error < 0.0015


def _regret(runs: int) -> tuple[float, float]:
    """Conversions a participant lost against always showing the best of four: adaptive, and even split."""
    generator = np.random.default_rng(2)
    rates = (0.05, 0.05, 0.05, 0.10)
    lost = []
    for _ in range(runs):
        phases = _phases(generator, rates, [200] * 10)
        shown = [sum(phase.variants[v].participants for phase in phases) for v in range(4)]
        lost.append(sum(n * (0.10 - p) for n, p in zip(shown, rates, strict=True)) / 2000)
    return float(np.mean(lost)), 0.10 - float(np.mean(rates))


def test_it_loses_less_than_an_even_split() -> None:
    adaptive_loss, even_loss = _regret(15)
    assert adaptive_loss < 0.7 * even_loss


def _shares(runs: int, rates: tuple[float, float]) -> tuple[float, float]:
    """Share of runs whose sequence ever leaves out the truth in 12 looks, and of last intervals with it."""
    generator = np.random.default_rng(3)
    missed = held = 0
    truth = rates[1] - rates[0]
    for _ in range(runs):
        phases = _phases(generator, rates, [300] * 12)
        answers = [
            answer_or_none(lambda i=i, phases=phases: adaptive.sequence(phases[:i], 0, 1, 0.95, 3600))
            for i in range(1, 13)
        ]
        missed += any(answer is not None and not answer.interval.contains(truth) for answer in answers)
        held += adaptive.difference(phases, 0, 1, 0.95).interval.contains(truth)
    return missed / runs, held / runs


def test_the_sequence_keeps_its_error_while_traffic_moves() -> None:
    missed, held = _shares(60, (0.1, 0.1))
    assert missed <= 0.05
    assert held >= 0.87


@pytest.mark.slow
@pytest.mark.parametrize("rates", [(0.1, 0.1), (0.1, 0.14)])
def test_the_sequence_keeps_the_promised_error_while_traffic_moves(rates: tuple[float, float]) -> None:
    missed, held = _shares(2000, rates)
    assert missed <= 0.05
    assert 0.93 <= held <= 0.97
