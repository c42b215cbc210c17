"""What experiments say of a principle: one effect each, pooled as statsmodels and by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from experiments.analysis.alarms import Alarm
from experiments.analysis.caps import ledger_of
from experiments.analysis.data import ExperimentData
from experiments.analysis.principles import (
    Contribution,
    LeftOut,
    log_lift,
    pooled_over,
    told_by,
)
from experiments.analysis.results import Unavailable
from experiments.errors import NotEnoughData
from tests.analysis_factories import (
    FIRST_DAY,
    a_phase,
    an_experiment_of,
    experiment_data,
    mean_cells,
    rate_cells,
)
from tests.factories import a_metric


def rates(direction: str = "increase", simulated: bool = False, **counts: tuple[int, int]) -> ExperimentData:
    """An experiment with these participants and conversions; the first is the control."""
    cells = [cell for key, found in counts.items() for cell in rate_cells(key, *found)]
    treatments = [key for key in counts if key != "control"]
    definition = an_experiment_of(*treatments, simulated=simulated)
    return experiment_data(cells, definition=definition, metrics=[a_metric(direction=direction)])


def told(data: ExperimentData, **carried: list[Any]) -> dict[Any, Contribution | LeftOut]:
    """What the experiment says of the principles that its treatments carry."""
    return dict(told_by(data, ledger_of(data), carried))


def a_contribution(effect: float, variance: float, **fields: Any) -> Contribution:
    """One experiment's word on a principle."""
    head = {"experiment": "e", "metric": "recharge", "variants": ("a",), "beside": (), "simulated": False}
    return Contribution(**{**head, **fields}, effect=effect, variance=variance)


def test_the_effect_is_the_logarithm_of_the_ratio_with_the_delta_methods_variance() -> None:
    data = rates(control=(1000, 100), a=(1000, 130))
    found = log_lift(data, ledger_of(data), "a")
    assert found.effect == pytest.approx(math.log(1.3))
    walter = (1 / 130 - 1 / 1000) + (1 / 100 - 1 / 1000)  # the log risk ratio's textbook variance
    assert found.own_variance + found.control_variance == pytest.approx(walter, rel=0.02)


def test_where_lower_is_better_the_sign_is_turned() -> None:
    up, down = (
        rates(control=(1000, 100), a=(1000, 130)),
        rates("decrease", control=(1000, 100), a=(1000, 130)),
    )
    effects = [log_lift(data, ledger_of(data), "a").effect for data in (up, down)]
    assert effects[0] == -effects[1] > 0


def test_means_stand_on_the_same_scale() -> None:
    values = a_metric(key="value", kind="mean", event="recharge", window_days=7, currency="USD")
    cells = mean_cells("control", [1, 2, 3] * 50) + mean_cells("a", [2, 3, 4] * 50)
    definition = an_experiment_of("a", plan={"primary": "value"})
    data = experiment_data(cells, definition=definition, metrics=[values])
    assert log_lift(data, ledger_of(data), "a").effect == pytest.approx(math.log(1.5))


def test_a_mean_that_may_be_zero_has_no_logarithm() -> None:
    data = rates(control=(1000, 1), a=(1000, 5))
    with pytest.raises(NotEnoughData, match="clearly above 0"):
        log_lift(data, ledger_of(data), "a")


def test_several_treatments_of_one_experiment_count_once_with_their_shared_control() -> None:
    """Against the general least squares of both lifts with their full covariance."""
    data = rates(control=(2000, 200), a=(2000, 240), b=(2000, 260))
    found = told(data, a=["value"], b=["value"])["value"]
    lifts = [log_lift(data, ledger_of(data), key) for key in ("a", "b")]
    shared = lifts[0].control_variance
    covariance = np.diag([one.own_variance for one in lifts]) + shared
    inverse = np.linalg.inv(covariance)
    effect = inverse.sum(axis=0) @ [one.effect for one in lifts] / inverse.sum()
    assert isinstance(found, Contribution)
    assert (found.effect, found.variance) == pytest.approx((effect, 1 / inverse.sum()))
    assert found.variants == ("a", "b")
    assert found.variance > shared  # taking the mean of many treatments makes the control no surer


def test_each_principle_has_its_own_treatments() -> None:
    data = rates(control=(1000, 100), a=(1000, 130), b=(1000, 90))
    found = told(data, a=["value", "empathy"], b=["empathy"])
    assert {name: one.variants for name, one in found.items() if isinstance(one, Contribution)} == {
        "value": ("a",),
        "empathy": ("a", "b"),
    }
    value = found["value"]
    assert isinstance(value, Contribution)
    assert value.beside == ("empathy",)


@pytest.mark.parametrize(
    "fault",
    [
        {"alarm": Alarm(2, FIRST_DAY, "It was off.")},
        {"phases": [a_phase(shares={"control": "9/10", "a": "1/10"})]},
    ],
)
def test_an_experiment_that_is_not_valid_is_left_out(fault: dict[str, Any]) -> None:
    cells = rate_cells("control", 1000, 100) + rate_cells("a", 1000, 130)
    data = experiment_data(cells, definition=an_experiment_of("a"), metrics=[a_metric()], **fault)
    assert told(data, a=["value"]) == {"value": LeftOut(data.definition.key, "Its data are not valid.")}


def test_the_pooled_answer_is_statsmodels() -> None:
    effects, variances = [0.2, 0.05, 0.12, -0.02], [0.002, 0.001, 0.003, 0.002]
    found = pooled_over(a_contribution(*one) for one in zip(effects, variances, strict=True)).pooled
    assert not isinstance(found, Unavailable)
    witness = combine_effects(np.array(effects), np.array(variances), method_re="pm")
    assert found.mean.estimate == pytest.approx(witness.mean_effect_re, abs=1e-6)
    assert found.tau_squared == pytest.approx(witness.tau2, abs=1e-6)


@pytest.mark.parametrize(("studies", "few"), [(2, None), (3, True), (9, True), (10, False)])
def test_few_experiments_are_refused_or_said_to_be_few(studies: int, few: bool | None) -> None:
    found = pooled_over(a_contribution(0.1 + n / 100, 0.001) for n in range(studies))
    if few is None:
        assert isinstance(found.pooled, Unavailable)
        assert (found.prior, found.document()["pooled"]) == (None, None)
        return
    assert not isinstance(found.pooled, Unavailable)
    assert found.pooled.few is few
    assert ("rough guess" in found.says) is few


def test_simulated_experiments_are_pooled_only_among_themselves_and_make_no_prior() -> None:
    made_up = [a_contribution(0.1 + n / 100, 0.001, simulated=True) for n in range(3)]
    alone = pooled_over(made_up)
    assert alone.simulated
    assert "says nothing of people" in alone.says
    assert alone.prior is None
    assert not isinstance(alone.pooled, Unavailable)
    mixed = pooled_over([*made_up, a_contribution(0.1, 0.001)])
    assert len(mixed.contributions) == 1
    assert len(mixed.left_out) == 3


def test_the_prior_is_as_wide_as_the_prediction_on_the_relative_scale() -> None:
    found = pooled_over(a_contribution(0.1 + n / 50, 0.0005) for n in range(12))
    assert not isinstance(found.pooled, Unavailable)
    assert found.prior is not None
    lower, upper = (math.expm1(x) for x in (found.pooled.prediction.lower, found.pooled.prediction.upper))
    assert found.prior.deviation == pytest.approx((upper - lower) / 2 / 1.96, rel=0.02)
    assert "12 earlier experiments" in found.prior.source


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(1e-8, 10)), max_size=12))
def test_whatever_the_experiments_the_answer_is_finite_json(found: list[tuple[float, float]]) -> None:
    pooling = pooled_over(a_contribution(effect, variance) for effect, variance in found)
    json.dumps(pooling.document(), allow_nan=False)
    assert pooling.says.endswith(".")


@given(st.permutations(range(6)))
def test_the_order_of_experiments_does_not_matter(order: list[int]) -> None:
    given_in_order = [a_contribution(n / 20, 0.001 * (n + 1)) for n in range(6)]
    first, other = pooled_over(given_in_order).pooled, pooled_over([given_in_order[n] for n in order]).pooled
    assert not isinstance(first, Unavailable)
    assert not isinstance(other, Unavailable)
    assert first.mean.estimate == pytest.approx(other.mean.estimate, rel=1e-9)
