from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, special, stats

from experiments.stats.posterior import (
    SCORES,
    BetaPosterior,
    Mirrored,
    NormalPosterior,
    Posterior,
    chance_greatest,
    difference_interval,
    expected_shortfall,
)

BETAS = [BetaPosterior(3, 40), BetaPosterior(5, 30), BetaPosterior(0.5, 9.5)]
NORMALS = [NormalPosterior(1.0, 0.5), NormalPosterior(1.2, 0.1), NormalPosterior(-3.0, 4.0)]


def frozen(posterior: Posterior) -> stats.rv_continuous:
    if isinstance(posterior, BetaPosterior):
        return stats.beta(posterior.a, posterior.b)
    assert isinstance(posterior, NormalPosterior)
    return stats.norm(posterior.mean, posterior.deviation)


def integral(function: Callable[[float], float], lower: float, upper: float) -> float:
    points = np.linspace(lower, upper, 40)[1:-1]
    return float(
        integrate.quad(function, lower, upper, points=points, limit=500, epsabs=1e-12, epsrel=1e-12)[0]
    )


@pytest.mark.parametrize("posterior", [*BETAS, *NORMALS, Mirrored(BETAS[0])])
def test_a_quantile_has_its_scores_share_below_it(posterior: Posterior) -> None:
    x = posterior.quantile(SCORES)
    assert posterior.cdf(x) == pytest.approx(stats.norm.cdf(SCORES), rel=1e-9)
    assert posterior.sf(x) == pytest.approx(stats.norm.sf(SCORES), rel=1e-9)


@pytest.mark.parametrize("posteriors", [BETAS[:2], BETAS, NORMALS[:2], NORMALS])
def test_the_chance_to_be_greatest_is_scipys_integral(posteriors: list[Posterior]) -> None:
    laws = [frozen(one) for one in posteriors]
    for index, law in enumerate(laws):
        others = [other for j, other in enumerate(laws) if j != index]
        expected = integral(
            lambda u, law=law, others=others: np.prod([other.cdf(law.ppf(u)) for other in others]), 0, 1
        )
        assert chance_greatest(index, posteriors) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("posteriors", [BETAS[:2], BETAS, NORMALS[:2], NORMALS])
def test_the_shortfall_is_scipys_integral(posteriors: list[Posterior]) -> None:
    laws = [frozen(one) for one in posteriors]
    lower, upper = min(law.ppf(1e-15) for law in laws), max(law.isf(1e-15) for law in laws)
    for index, law in enumerate(laws):
        others = [other for j, other in enumerate(laws) if j != index]
        expected = integral(
            lambda x, law=law, others=others: law.cdf(x) * (1 - np.prod([o.cdf(x) for o in others])),
            lower,
            upper,
        )
        assert expected_shortfall(index, posteriors) == pytest.approx(expected, abs=1e-9, rel=1e-7)


def test_a_difference_of_normals_has_its_known_interval() -> None:
    interval = difference_interval(NORMALS[0], NORMALS[2], 0.9)
    known = stats.norm(4.0, np.hypot(0.5, 4.0)).interval(0.9)
    assert (interval.lower, interval.upper) == (pytest.approx(known[0]), pytest.approx(known[1]))


def test_a_difference_of_betas_has_the_asked_probability_by_scipys_integral() -> None:
    interval = difference_interval(BETAS[1], BETAS[0], 0.95)
    first, second = frozen(BETAS[1]), frozen(BETAS[0])
    for bound, probability in ((interval.lower, 0.025), (interval.upper, 0.975)):
        below = integral(lambda u, bound=bound: first.cdf(second.ppf(u) + bound), 0, 1)
        assert below == pytest.approx(probability, abs=1e-8)


def test_a_posterior_a_million_times_sharper_is_not_stepped_over() -> None:
    sharp, broad = BetaPosterior(10**9, 9 * 10**9), BetaPosterior(3, 18)
    expected = float(stats.beta(3, 18).sf(0.1))
    assert chance_greatest(1, [sharp, broad]) == pytest.approx(expected, abs=1e-6)
    assert chance_greatest(0, [sharp, broad]) == pytest.approx(1 - expected, abs=1e-6)


@pytest.mark.parametrize("n", [100, 10**6, 10**9])
def test_the_whole_way_between_two_far_posteriors_is_counted(n: int) -> None:
    low, high = BetaPosterior(1, n + 1), BetaPosterior(n + 1, 1)
    assert expected_shortfall(0, [low, high]) == pytest.approx((n + 1) / (n + 2) - 1 / (n + 2), rel=1e-9)


def test_mirroring_exchanges_the_tails() -> None:
    beta = BetaPosterior(3, 40)
    x = np.array([0.01, 0.1, 0.3])
    assert Mirrored(beta).cdf(-x) == pytest.approx(beta.sf(x))
    assert Mirrored(beta).sf(-x) == pytest.approx(beta.cdf(x))
    assert chance_greatest(0, [Mirrored(beta), Mirrored(BETAS[1])]) == pytest.approx(
        1 - chance_greatest(0, [beta, BETAS[1]])
    )


def test_a_posterior_too_narrow_to_have_a_width_as_a_float_is_a_point() -> None:
    narrow, wide = NormalPosterior(1e9, 1e-12), NormalPosterior(0.0, 5e8)
    expected = float(special.ndtr(2.0))
    assert chance_greatest(0, [narrow, wide]) == pytest.approx(expected, abs=1e-9)
    assert chance_greatest(1, [narrow, wide]) == pytest.approx(1 - expected, abs=1e-9)
    assert expected_shortfall(0, [narrow, NormalPosterior(1e9 + 5, 1e-12)]) == pytest.approx(5.0)
