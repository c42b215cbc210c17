from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.errors import NotEnoughData
from experiments.stats.planning import (
    design_effect,
    exponential_spread,
    log_rank_events,
    noninferiority_size,
    power_with_guardrails,
    quantile_spread,
)
from experiments.stats.power import Design


def test_a_cluster_of_one_and_clusters_that_are_not_alike_cost_nothing() -> None:
    assert design_effect(1, 0.5) == design_effect(20, 0.0) == 1


@pytest.mark.parametrize(("size", "icc", "expected"), [(21, 0.05, 2.0), (10, 0.02, 1.18), (100, 0.01, 1.99)])
def test_the_design_effect_is_one_plus_m_minus_one_times_rho(size: int, icc: float, expected: float) -> None:
    assert design_effect(size, icc) == pytest.approx(expected)


def test_uneven_clusters_cost_more_as_the_sizes_themselves_say() -> None:
    """The mean over participants of the size of their own cluster is (1 + c²) m."""
    sizes = np.array([5, 10, 30, 55])
    variation = sizes.std() / sizes.mean()
    of_own = float((sizes**2).sum() / sizes.sum())
    assert design_effect(float(sizes.mean()), 0.1, size_variation=float(variation)) == pytest.approx(
        1 + (of_own - 1) * 0.1
    )


def test_the_design_effect_is_what_clusters_do_to_the_variance_of_a_mean() -> None:
    generator = np.random.default_rng(3)
    clusters, size, icc = 20, 15, 0.2
    means = [
        (
            generator.normal(0, math.sqrt(icc), (clusters, 1))
            + generator.normal(0, math.sqrt(1 - icc), (clusters, size))
        ).mean()
        for _ in range(4000)
    ]
    assert np.var(means) * clusters * size == pytest.approx(design_effect(size, icc), rel=0.08)


def test_a_noninferiority_size_is_the_published_formulas() -> None:
    """Julious 2004, for equal arms: 2 (z_a + z_b)² s² / d²; s = 10, d = 5, one-sided 2.5 %, 90 %: 84.06."""
    size = noninferiority_size(10, 5, alpha=0.025, design=Design(power=0.9))
    assert size.per_variant == (85, 85)
    assert 2 * (stats.norm.isf(0.025) + stats.norm.isf(0.1)) ** 2 * 4 == pytest.approx(84.06, abs=0.01)


def test_a_noninferiority_size_passes_as_often_as_promised() -> None:
    generator = np.random.default_rng(5)
    rate, margin = 0.05, 0.01
    n = noninferiority_size(math.sqrt(rate * (1 - rate)), margin).per_variant[0]
    c, t = generator.binomial(n, rate, 20_000) / n, generator.binomial(n, rate, 20_000) / n
    z = (c - t + margin) / np.sqrt((c * (1 - c) + t * (1 - t)) / n)
    assert float((z >= stats.norm.isf(0.05)).mean()) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("guardrails", "each"), [(0, 0.8), (1, 0.9), (3, 0.95)])
def test_each_metric_has_its_share_of_the_misses(guardrails: int, each: float) -> None:
    assert power_with_guardrails(0.8, guardrails) == pytest.approx(each)


@given(st.floats(0.01, 0.99), st.floats(0.1, 1000))
def test_the_spread_of_an_exponential_time_is_that_of_its_restricted_mean(
    share: float, horizon: float
) -> None:
    mean = share * horizon
    spread = exponential_spread(mean, horizon)
    assert 0 <= spread <= horizon / 2 * 1.0000001  # as for anything between 0 and the horizon


def test_the_spread_of_an_exponential_time_is_the_simulated_one() -> None:
    times = np.minimum(np.random.default_rng(7).exponential(4.0, 400_000), 7.0)
    assert exponential_spread(float(times.mean()), 7.0) == pytest.approx(float(times.std()), rel=0.005)


def test_a_time_that_hardly_ends_within_the_horizon_is_nearly_all_horizon() -> None:
    assert exponential_spread(6.999, 7.0) == pytest.approx(0.0, abs=0.15)


def test_the_spread_of_a_quantile_is_the_error_of_the_sample_quantile() -> None:
    generator = np.random.default_rng(11)
    samples = np.exp(generator.normal(math.log(20), 0.8, (4000, 801)))
    for share in (0.5, 0.9):
        value = math.exp(math.log(20) + 0.8 * stats.norm.ppf(share))
        found = np.quantile(samples, share, axis=1).std() * math.sqrt(801)
        assert quantile_spread(value, share, 0.8) == pytest.approx(found, rel=0.04)


@pytest.mark.parametrize(
    ("ratio", "power", "events"),
    [(0.5, 0.8, 66), (0.5, 0.9, 88), (0.75, 0.8, 380), (2.0, 0.8, 66), (2 / 3, 0.9, 256)],
)
def test_events_of_a_log_rank_test_are_schoenfelds(ratio: float, power: float, events: int) -> None:
    """4 (z_a + z_b)² / log² θ: 65.3, 87.5, 379.4, 65.3 and 255.6, rounded up."""
    assert log_rank_events(ratio, design=Design(power=power)) == events


def test_uneven_weights_need_more_events() -> None:
    assert log_rank_events(0.5, design=Design(weights=(0.8, 0.2))) == math.ceil(65.34 * 0.25 / 0.16)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: design_effect(0.5, 0.1), "cluster_size == 0.5"),
        (lambda: design_effect(5, 1.5), "icc == 1.5"),
        (lambda: design_effect(5, 0.5, size_variation=-1), "size_variation == -1"),
        (lambda: noninferiority_size(0, 1), "standard_deviation == 0"),
        (lambda: noninferiority_size(1, 0), "margin == 0"),
        (lambda: power_with_guardrails(0.8, -1), "guardrails == -1"),
        (lambda: exponential_spread(7, 7), "mean == 7"),
        (lambda: quantile_spread(0, 0.5, 1), "value == 0"),
        (lambda: log_rank_events(1.0), "hazard_ratio == 1.0"),
    ],
)
def test_impossible_questions_are_refused(ask: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask()  # type: ignore[operator]


def test_what_nobody_has_is_said() -> None:
    with pytest.raises(NotEnoughData):
        log_rank_events(1.0000001)
    with pytest.raises(NotEnoughData):
        noninferiority_size(1, 1e-9)
