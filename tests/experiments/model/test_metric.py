from __future__ import annotations

import pytest

from experiments.model.metric import METRIC, QuantileMetric, window
from tests.factories import a_metric


@pytest.mark.parametrize(
    ("metric", "days"),
    [
        (a_metric(), (0, 7)),
        (a_metric(kind="mean", event="recharge", window_days=30), (0, 30)),
        (a_metric(kind="retention", event="call", from_day=7, to_day=14), (7, 14)),
        (a_metric(kind="time", event="recharge"), (0, 30)),
        (a_metric(kind="quantile", event="recharge"), (0, 7)),
        (a_metric(kind="ratio", numerator={"event": "refund"}, denominator={"event": "recharge"}), (0, 7)),
    ],
)
def test_a_window_is_the_days_that_count(metric: object, days: tuple[int, int]) -> None:
    assert window(metric) == days  # type: ignore[arg-type]


def test_a_metric_survives_json() -> None:
    metric = a_metric(kind="mean", event="recharge", currency="EUR", cap_value="99.90", direction="decrease")
    assert METRIC.validate_json(METRIC.dump_json(metric)) == metric


def test_nothing_of_a_metric_changes_after_it_was_made() -> None:
    with pytest.raises(ValueError, match="frozen"):
        a_metric().window_days = 3  # type: ignore[misc, union-attr]


def test_sooner_is_better_for_a_time_unless_it_is_said_not_to_be() -> None:
    assert a_metric(kind="time", event="recharge").direction == "decrease"
    assert a_metric(kind="time", event="churn", direction="increase").direction == "increase"


def test_a_quantile_is_the_median_among_all_participants_unless_it_says_more() -> None:
    metric = a_metric(kind="quantile", event="recharge")
    assert isinstance(metric, QuantileMetric)
    assert (metric.quantile, metric.among, metric.value) == (0.5, "participants", "sum")
