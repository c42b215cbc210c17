from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from experiments.errors import NotEnoughData
from experiments.stats import shrinkage
from experiments.stats.estimate import Counts
from experiments.stats.shrinkage import E_COMMERCE, Lift, RelativePrior
from tests.experiments.stats.strategies import answer_or_none, counts, from_values

lifts = st.builds(Lift, st.floats(-5, 5), st.floats(1e-4, 5))


def test_the_default_prior_holds_nine_in_ten_within_the_published_bound() -> None:
    within = stats.norm.cdf(0.012, E_COMMERCE.mean, E_COMMERCE.deviation)
    assert within == pytest.approx(0.95, abs=5e-4)
    assert "Browne and Swarbrick Jones 2017" in E_COMMERCE.source


def test_the_posterior_is_prior_times_likelihood() -> None:
    found, prior = Lift(0.08, 0.03), RelativePrior(0.01, 0.02, "made up")
    line = np.linspace(-0.3, 0.4, 200_001)
    density = stats.norm.pdf(line, 0.01, 0.02) * stats.norm.pdf(0.08, line, 0.03)
    density /= integrate.trapezoid(density, line)
    answer = shrinkage.shrunk(found, 0.95, prior)
    assert answer.estimate == pytest.approx(integrate.trapezoid(density * line, line), rel=1e-6)
    below = integrate.trapezoid(density[line < answer.interval.lower], line[line < answer.interval.lower])
    assert below == pytest.approx(0.025, abs=1e-5)
    inside = np.abs(line) <= 0.03
    assert shrinkage.chance_within(found, 0.03, prior) == pytest.approx(
        integrate.trapezoid(density[inside], line[inside]), abs=1e-4
    )


def test_cookie_cats_loss_is_shrunk_to_a_fraction() -> None:
    found = shrinkage.lift(Counts(44_700, 8_502), Counts(45_489, 8_279))
    assert found.estimate == pytest.approx(-0.0431, abs=5e-5)
    assert found.standard_error == pytest.approx(0.01333, abs=5e-6)
    assert shrinkage.shrunk(found, 0.95).estimate == pytest.approx(
        -0.0431 / (1 + (0.01333 / 0.0073) ** 2), abs=1e-5
    )


@given(lifts)
def test_shrinking_goes_towards_the_prior_and_never_past_it(found: Lift) -> None:
    answer = shrinkage.shrunk(found, 0.95)
    assert abs(answer.estimate) <= abs(found.estimate)
    assert answer.estimate * found.estimate >= 0
    assert 0 <= shrinkage.chance_within(found, 0.01) <= 1


def test_a_small_chance_keeps_its_digits() -> None:
    flat = RelativePrior(0.0, 1e6, "nearly none")
    expected = stats.norm.sf(9) - stats.norm.sf(11)
    for sign in (1, -1):
        assert shrinkage.chance_within(Lift(10.0 * sign, 1.0), 1.0, flat) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("z", "critical"), [(2.0, 1.96), (2.5, 1.96), (3.2, 3.03), (9.0, 8.0), (12.0, 1.96)])
def test_the_corrected_lift_is_the_likeliest_given_that_it_won(z: float, critical: float) -> None:
    def cost(mu: float) -> float:
        log_chance = np.logaddexp(stats.norm.logsf(critical, mu), stats.norm.logcdf(-critical, mu))
        return float(log_chance - stats.norm.logpdf(z, mu))

    best = optimize.minimize_scalar(cost, bounds=(0, z), method="bounded", options={"xatol": 1e-10})
    answer = shrinkage.conditional(Lift(z * 0.01, 0.01), critical, 0.95)
    assert answer.estimate == pytest.approx(0.01 * best.x, rel=1e-4)
    mirrored = shrinkage.conditional(Lift(-z * 0.01, 0.01), critical, 0.95)
    assert mirrored.estimate == -answer.estimate
    assert mirrored.interval.lower == -answer.interval.upper


def test_far_beyond_the_bound_there_is_nothing_to_correct() -> None:
    answer = shrinkage.conditional(Lift(0.12, 0.01), 1.96, 0.95)
    assert answer.estimate == pytest.approx(0.12, rel=1e-9)
    assert answer.interval.lower == pytest.approx(0.12 - 0.0195996, rel=1e-5)


def test_just_beyond_the_bound_most_of_it_may_be_luck() -> None:
    answer = shrinkage.conditional(Lift(0.0197, 0.01), 1.96, 0.95)
    assert answer.estimate < 0.01
    assert answer.interval.lower < 0


@pytest.mark.parametrize("lift", [0.0, 0.0195, -0.01])
def test_what_was_not_declared_is_not_corrected(lift: float) -> None:
    with pytest.raises(ValueError, match="nothing was declared"):
        shrinkage.conditional(Lift(lift, 0.01), 1.96, 0.95)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="deviation > 0"):
        RelativePrior(0.0, 0.0, "none")
    with pytest.raises(ValueError, match="standard error 0"):
        Lift(0.1, 0.0)
    with pytest.raises(ValueError, match="margin == 0"):
        shrinkage.chance_within(Lift(0.1, 0.1), 0.0)


def test_a_lift_over_nothing_is_not_given() -> None:
    for control in (Counts(100, 0), Counts(100, 3)):
        with pytest.raises(NotEnoughData, match="not clearly above 0"):
            shrinkage.lift(control, Counts(100, 9))
    with pytest.raises(NotEnoughData, match="same value"):
        shrinkage.lift(from_values([2, 2, 2]), from_values([3, 3]))


@given(counts(), counts())
def test_any_counts_have_a_lift_or_a_reason(control: Counts, treatment: Counts) -> None:
    found = answer_or_none(lambda: shrinkage.lift(control, treatment))
    assert found is None or math.isfinite(shrinkage.shrunk(found, 0.95).estimate)


def _winners(runs: int) -> tuple[float, float, float, float]:
    """Mean excess over the truth among winners: plain, conditional, shrunk; and coverage of the
    conditional."""
    generator = np.random.default_rng(1)
    prior = RelativePrior(0.0, 0.02, "the one that made the truths")
    truths = generator.normal(0.0, 0.02, runs)
    found = generator.normal(truths, 0.015)
    won = found > 1.96 * 0.015
    rows = [(Lift(float(f), 0.015), float(t)) for f, t in zip(found[won], truths[won], strict=True)]
    corrected = [shrinkage.conditional(lift, 1.96, 0.95) for lift, _ in rows]
    return (
        float(np.mean([lift.estimate - truth for lift, truth in rows])),
        float(np.mean([c.estimate - truth for c, (_, truth) in zip(corrected, rows, strict=True)])),
        float(np.mean([shrinkage.shrunk(lift, 0.95, prior).estimate - truth for lift, truth in rows])),
        float(np.mean([c.interval.contains(truth) for c, (_, truth) in zip(corrected, rows, strict=True)])),
    )


def test_winners_overstate_and_both_corrections_take_most_of_it_back() -> None:
    plain, conditional, shrunk, covered = _winners(3000)
    assert plain > 0.01
    assert abs(conditional) < plain / 2
    assert abs(shrunk) < plain / 10
    assert 0.91 <= covered <= 0.985


@pytest.mark.slow
def test_the_conditional_interval_covers_winners_as_often_as_promised() -> None:
    _, _, shrunk, covered = _winners(20_000)
    assert abs(shrunk) < 0.0006
    assert 0.94 <= covered <= 0.96
