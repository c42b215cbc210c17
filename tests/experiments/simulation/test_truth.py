"""Values are drawn with the mean and spread that were asked for, and summed up exactly."""

from __future__ import annotations

import math
from functools import reduce
from operator import add

import numpy as np
import pytest

from experiments.model.tally import Tally
from experiments.simulation.truth import MICRO, MetricTruth, Rates, Values

DAYS = 40
A_DAY = 1_000


def drawn(truth: MetricTruth, *, seed: int = 7) -> Tally:
    """All days of one variant together."""
    people = np.full(DAYS, A_DAY)
    return reduce(add, truth.draw("a", people, np.random.default_rng(seed)))


def test_conversions_come_at_the_rate() -> None:
    found = drawn(Rates({"a": 0.03}))
    assert found.n == DAYS * A_DAY
    assert found.conversions == found.total == found.squares
    assert found.conversions / found.n == pytest.approx(0.03, abs=4 * math.sqrt(0.03 * 0.97 / found.n))


@pytest.mark.parametrize(
    "truth",
    [
        Values({"a": 12.5}, 30.0),
        Values({"a": -2.0}, 5.0),
        Values({"a": 12.5}, 15.0, "lognormal"),
        Values({"a": 2.0}, 9.0, "lognormal", valued=0.2),
        Values({"a": 2.0}, 9.0, "normal", valued=0.2),
    ],
    ids=["normal", "negative", "heavy tail", "few with a value, heavy tail", "few with a value"],
)
def test_values_have_the_mean_and_deviation_over_all_participants(truth: Values) -> None:
    found = drawn(truth)
    mean = found.total / MICRO / found.n
    variance = found.squares / MICRO**2 / found.n - mean**2
    assert mean == pytest.approx(truth.means["a"], abs=4 * truth.deviation / math.sqrt(found.n))
    assert math.sqrt(variance) == pytest.approx(truth.deviation, rel=0.12)
    assert found.conversions / found.n == pytest.approx(truth.valued, abs=0.01)


def test_a_day_without_participants_is_an_empty_tally() -> None:
    people = np.array([0, 3, 0])
    found = Values({"a": 5.0}, 1.0).draw("a", people, np.random.default_rng(1))
    assert [tally.n for tally in found] == [0, 3, 0]
    assert found[0] == found[2] == Tally()
    assert found[1].conversions == 3


def test_a_lognormal_value_has_a_heavy_tail() -> None:
    values = Values({"a": 10.0}, 40.0, "lognormal")._values("a", 20_000, np.random.default_rng(3))
    assert (values > 0).all()
    assert values.max() > 20 * 40.0


def test_a_spread_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        Values({"a": 10.0}, 1.0, "normal", valued=0.1).among_valued("a")
