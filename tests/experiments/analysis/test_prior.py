"""What to expect of a lift, weighed with what was believed before, and the chance that it does not matter."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from scipy import stats

from experiments.analysis.analyze import analyze
from experiments.analysis.results import Bayesian, Expected, Unavailable
from experiments.stats.shrinkage import E_COMMERCE
from tests.analysis_factories import a_phase, an_experiment_of, experiment_data, rate_cells, spread


def bayesian(*, n: int = 20_000, lifted: int = 2400, phases: int = 1, **plan: Any) -> Bayesian:
    """The posterior answers about 10 % against 12 %, unless said otherwise."""
    cells = []
    for phase in range(1, phases + 1):
        for key, converted in (("control", 2000), ("progress", lifted)):
            cells += rate_cells(key, n // phases, converted // phases, day=phase, phase=phase)
    data = experiment_data(
        cells,
        definition=an_experiment_of("progress", plan={"baseline": 0.1, **plan}),
        phases=[a_phase(number, day=number) for number in range(1, phases + 1)],
    )
    reading = analyze(data).metrics[0].matured
    assert reading is not None
    found = reading.variant("progress").bayesian
    assert isinstance(found, Bayesian)
    return found


def test_the_default_prior_is_shown_with_its_source_and_shrinks_the_lift() -> None:
    found = bayesian()
    assert isinstance(found.expected, Expected)
    assert found.expected.prior.source == E_COMMERCE.source
    assert 0 < found.expected.estimate < 0.2
    error = (0.1 * 0.9 / 20_000 * 1.44 + 0.12 * 0.88 / 20_000) ** 0.5 / 0.1
    weight = 1 / (1 + (error / E_COMMERCE.deviation) ** 2)
    assert found.expected.estimate == pytest.approx(0.2 * weight, rel=1e-3)


def test_a_prior_of_ones_own_is_taken_and_a_flat_one_expects_nothing() -> None:
    own = bayesian(prior={"mean": 0.05, "sd": 0.5, "source": "twelve earlier wordings"}).expected
    assert isinstance(own, Expected)
    assert own.prior.source == "twelve earlier wordings"
    assert own.estimate == pytest.approx(0.2, abs=0.002)
    assert bayesian(prior="flat").expected is None


def test_the_chance_of_no_difference_is_that_of_the_region_around_none() -> None:
    found = bayesian(lifted=2060, margin=0.05)
    error = (0.1 * 0.9 / 20_000 * 1.03**2 + 0.103 * 0.897 / 20_000) ** 0.5 / 0.1
    law = stats.norm(0.03, error)
    assert found.margin == 0.05
    assert found.chance_of_no_difference == pytest.approx(law.cdf(0.05) - law.cdf(-0.05), abs=1e-3)


def test_without_a_margin_of_its_own_the_smallest_effect_worth_finding_is_the_margin() -> None:
    assert bayesian(mde_relative=0.08).margin == 0.08


def test_over_phases_the_same_is_said() -> None:
    one, two = bayesian(), bayesian(phases=2)
    assert isinstance(one.expected, Expected)
    assert isinstance(two.expected, Expected)
    assert two.expected.estimate == pytest.approx(one.expected.estimate, rel=1e-3)


def test_a_control_without_conversions_has_no_relative_lift_to_expect() -> None:
    cells = spread("control", 1000, 0, days=2) + spread("progress", 1000, 30, days=2)
    reading = analyze(experiment_data(cells, definition=an_experiment_of("progress"))).metrics[0].matured
    assert reading is not None
    found = reading.variant("progress").bayesian
    assert isinstance(found, Bayesian)
    assert isinstance(found.expected, Unavailable)
    assert isinstance(found.chance_of_no_difference, Unavailable)


@pytest.mark.parametrize(
    "prior", ["none", {"mean": 0.0, "sd": 0, "source": "x"}, {"sd": 0.1}, {"sd": float("nan"), "source": "x"}]
)
def test_a_prior_that_is_none_is_refused(prior: Any) -> None:
    with pytest.raises(ValidationError):
        an_experiment_of("progress", plan={"prior": prior})
