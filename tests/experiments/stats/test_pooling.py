from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from experiments.errors import NotEnoughData
from experiments.stats.pooling import Study, next_prior, pool
from experiments.stats.shrinkage import Lift, shrunk
from tests.witnesses.inputs import BCG


def log_relative_risk(a: int, b: int, c: int, d: int) -> Study:
    return Study(math.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


STUDIES = [log_relative_risk(*row) for row in BCG]
effects = st.floats(-10, 10)
studies = st.lists(
    st.builds(Study, st.one_of(effects, st.just(1e12), st.just(0.0)), st.floats(1e-6, 1e6)), max_size=12
)


def test_the_tuberculosis_vaccine_has_its_published_answer() -> None:
    # metafor, rma(yi, vi, method = "DL"): -0.7141, tau^2 0.3088, I^2 92.12 %, Q(df = 12) = 152.2330
    pooled = pool(STUDIES, 0.95, method="dersimonian_laird")
    assert pooled.mean.estimate == pytest.approx(-0.7141, abs=5e-5)
    assert pooled.tau_squared == pytest.approx(0.3088, abs=5e-5)
    assert pooled.i_squared == pytest.approx(0.9212, abs=5e-5)
    assert pooled.heterogeneity.statistic == pytest.approx(152.2330, abs=5e-5)
    assert pooled.studies == 13
    assert not pooled.few


def test_the_interval_is_statsmodels_hartung_knapp() -> None:
    witness = combine_effects(
        np.array([one.effect for one in STUDIES]), np.array([one.variance for one in STUDIES]), method_re="dl"
    )
    lower, upper = witness.conf_int(use_t=True)[3]
    interval = pool(STUDIES, 0.95, method="dersimonian_laird").mean.interval
    assert (interval.lower, interval.upper) == (pytest.approx(lower), pytest.approx(upper))


def test_paule_and_mandels_spread_is_statsmodels() -> None:
    witness = combine_effects(
        np.array([one.effect for one in STUDIES]),
        np.array([one.variance for one in STUDIES]),
        method_re="pm",
        atol=1e-12,
    )
    pooled = pool(STUDIES, 0.95)
    assert pooled.tau_squared == pytest.approx(witness.tau2, rel=1e-8)
    assert pooled.mean.estimate == pytest.approx(witness.mean_effect_re, rel=1e-8)


def test_the_prediction_interval_is_higgins_widened_by_not_knowing_the_spread() -> None:
    pooled = pool(STUDIES, 0.95)
    t_of_11 = 2.200985
    reach = t_of_11 * math.sqrt(pooled.tau_squared + pooled.standard_error**2)
    width = pooled.prediction.upper - pooled.prediction.lower
    assert 1.0 < width / (2 * reach) < 1.2


def test_with_many_experiments_the_prediction_is_the_normal_one() -> None:
    effects = np.random.default_rng(2).normal(0.0, 1.0, 800)
    pooled = pool([Study(float(effect), 1e-4) for effect in effects], 0.95)
    assert pooled.prediction.upper == pytest.approx(np.mean(effects) + 1.96 * np.std(effects), rel=0.02)


def test_equal_studies_have_no_spread_and_the_interval_is_not_narrower_than_chance() -> None:
    pooled = pool([Study(0.1, 0.04)] * 4, 0.95)
    assert (pooled.tau_squared, pooled.i_squared, pooled.heterogeneity.p_value) == (0.0, 0.0, 1.0)
    assert pooled.standard_error == pytest.approx(0.1)
    assert pooled.few
    assert pool([Study(0.1, 0.04)] * 4, 0.95, method="dersimonian_laird").tau_squared == 0.0


def test_it_does_not_depend_on_the_unit() -> None:
    small = pool([Study(one.effect * 1e-6, one.variance * 1e-12) for one in STUDIES], 0.95)
    assert small.mean.estimate * 1e6 == pytest.approx(pool(STUDIES, 0.95).mean.estimate, rel=1e-9)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_studies_say_nothing_of_the_next(count: int) -> None:
    with pytest.raises(NotEnoughData, match=f"at least 3 experiments; there are {count}"):
        pool(STUDIES[:count], 0.95)


def test_a_study_that_cannot_be_is_refused() -> None:
    for effect, variance in ((0.0, 0.0), (math.nan, 1.0)):
        with pytest.raises(ValueError, match="variance > 0"):
            Study(effect, variance)


def test_earlier_experiments_are_the_prior_of_the_next() -> None:
    prior = next_prior(pool([Study(0.01, 1e-5), Study(0.03, 1e-5), Study(0.02, 1e-5)], 0.95))
    assert prior.mean == pytest.approx(0.02)
    assert prior.source == "3 earlier experiments of this project"
    assert 0.02 < shrunk(Lift(0.1, 0.03), 0.95, prior).estimate < 0.1


@settings(deadline=None)
@given(studies, st.sampled_from(["paule_mandel", "dersimonian_laird"]))
def test_any_studies_have_an_answer_or_a_reason(found: list[Study], method: str) -> None:
    if len(found) < 3:
        return
    pooled = pool(found, 0.95, method=method)
    assert pooled.mean.interval.contains(pooled.mean.estimate)
    assert pooled.prediction.lower <= pooled.mean.interval.upper
    assert 0 <= pooled.i_squared <= 1
    assert pooled.tau_squared >= 0
    assert 0 <= pooled.heterogeneity.p_value <= 1


def _shares(runs: int) -> tuple[float, float]:
    """Of 8 experiments of uneven size: share of intervals that hold the mean, of predictions that hold the
    next."""
    generator = np.random.default_rng(1)
    held = foretold = 0
    for _ in range(runs):
        variances = generator.uniform(0.01, 0.2, 8)
        truths = generator.normal(0.3, 0.3, 9)
        found = generator.normal(truths[:8], np.sqrt(variances))
        pooled = pool([Study(*pair) for pair in zip(found.tolist(), variances.tolist(), strict=True)], 0.95)
        held += pooled.mean.interval.contains(0.3)
        foretold += pooled.prediction.contains(float(truths[8]))
    return held / runs, foretold / runs


def test_intervals_cover_the_mean_and_predictions_the_next_experiment() -> None:
    held, foretold = _shares(150)
    assert 0.9 <= held <= 0.995
    assert 0.89 <= foretold <= 0.995


@pytest.mark.slow
def test_intervals_cover_as_often_as_promised() -> None:
    held, foretold = _shares(3000)
    assert 0.94 <= held <= 0.97
    assert 0.92 <= foretold <= 0.97
