"""Tests of how events make participants and participants make tallies."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from experiments.model.events import DAY, MICRO
from experiments.model.participation import (
    Conversion,
    Exposed,
    binned_contributions,
    contributions,
    counts,
    fold_plan,
    measure_all,
    merge,
)
from experiments.model.tally import Cell
from tests.factories import a_metric

HOUR = DAY // 24
FIRST = 100 * DAY + HOUR


def an_exposed(at: int = FIRST, event_id: str = "e1", variant: str = "control", phase: int = 1) -> Exposed:
    return Exposed(at, event_id, variant, phase, (), frozenset({(phase, variant)}))


def a_recharge(after: int = 0, value: int | None = 20 * MICRO, currency: str | None = "USD") -> Conversion:
    return Conversion("recharge", FIRST + after, value, currency)


def sums_of(metric: Any, *conversions: Conversion) -> tuple[int, ...] | None:
    """What a participant with these conversions adds for one metric; None when it adds nothing."""
    plan = fold_plan(1, [metric], [])
    measured = measure_all(plan, FIRST, conversions)
    return {cell.metric: sums for cell, sums in contributions(plan, an_exposed(), measured)}.get(metric.key)


def test_exposures_merge_to_the_same_in_any_order() -> None:
    exposures = [
        an_exposed(FIRST + 5, "e1", "progress"),
        an_exposed(FIRST, "e3", "control"),
        an_exposed(FIRST, "e2", "progress", 2),
    ]
    merged = set()
    for one, two, three in permutations(exposures):
        merged |= {merge(merge(one, two), three), merge(one, merge(two, three))}
    (only,) = merged
    assert (only.first_id, only.variant, only.phase) == ("e2", "progress", 2)
    assert only.crossed


@pytest.mark.parametrize(
    ("seen", "crossed", "moved"),
    [
        ({(1, "control")}, False, False),
        ({(1, "control"), (2, "control")}, False, False),
        ({(1, "control"), (2, "progress")}, False, True),
        ({(1, "control"), (1, "progress")}, True, False),
        ({(1, "control"), (2, "control"), (2, "progress")}, True, False),
    ],
)
def test_two_variants_of_one_phase_cross_and_of_two_phases_move(
    seen: set[tuple[int, str]], crossed: bool, moved: bool
) -> None:
    exposed = an_exposed()._replace(seen=frozenset(seen))
    assert (exposed.crossed, exposed.moved) == (crossed, moved)


def test_a_conversion_metric_counts_a_unit_once() -> None:
    metric = a_metric(key="m")
    assert sums_of(metric, a_recharge(), a_recharge(HOUR)) == (1, 1, 1, 0, 0, 0, 1)
    assert sums_of(metric, a_recharge(-HOUR), a_recharge(-2 * HOUR)) == (1, 0, 0, 1, 1, 0, 0)
    assert sums_of(metric) is None
    assert sums_of(metric, a_recharge(7 * DAY)) is None
    assert sums_of(metric, a_recharge(value=-1)) is None
    assert sums_of(metric, a_recharge(value=None, currency=None)) == (1, 1, 1, 0, 0, 0, 1)


def test_a_cap_limits_a_unit_and_not_an_event() -> None:
    metric = a_metric(key="m", kind="mean", event="recharge", currency="USD", cap_value="30")
    y, x = 30 * MICRO, 20 * MICRO
    assert sums_of(metric, a_recharge(), a_recharge(), a_recharge(-1)) == (1, y, y * y, x, x * x, x * y, 1)
    refunded = sums_of(metric, a_recharge(), a_recharge(), a_recharge(value=-15 * MICRO))
    assert refunded is not None
    assert refunded[1] == 25 * MICRO


def test_a_sum_without_currency_takes_amounts_without_one() -> None:
    metric = a_metric(key="m", kind="mean", event="recharge")
    assert sums_of(metric, a_recharge()) is None
    assert sums_of(metric, a_recharge(value=5, currency=None)) == (1, 5, 25, 0, 0, 0, 1)


def test_a_sum_back_at_nothing_is_still_a_conversion() -> None:
    metric = a_metric(key="m", kind="mean", event="recharge", currency="USD")
    assert sums_of(metric, a_recharge(value=5), a_recharge(value=-5)) == (1, 0, 0, 0, 0, 0, 1)
    assert sums_of(metric, a_recharge(value=-5), a_recharge(-1, value=5)) == (1, -5, 25, 5, 25, -25, 0)


def test_retention_looks_at_its_days_and_at_as_many_before() -> None:
    metric = a_metric(key="m", kind="retention", event="recharge", from_day=1, to_day=3)
    assert sums_of(metric, a_recharge(DAY - 1)) is None
    assert sums_of(metric, a_recharge(DAY)) == (1, 1, 1, 0, 0, 0, 1)
    assert sums_of(metric, a_recharge(3 * DAY - 1)) == (1, 1, 1, 0, 0, 0, 1)
    assert sums_of(metric, a_recharge(3 * DAY)) is None
    assert sums_of(metric, a_recharge(-2 * DAY)) == (1, 0, 0, 1, 1, 0, 0)
    assert sums_of(metric, a_recharge(-2 * DAY - 1)) is None


def test_a_time_is_that_of_the_first_event_in_any_order() -> None:
    metric = a_metric(key="m", kind="time", event="recharge", window_days=30)
    for order in permutations([a_recharge(3 * HOUR), a_recharge(HOUR), a_recharge(2 * HOUR, value=-1)]):
        assert sums_of(metric, *order) == (1, HOUR, HOUR * HOUR, 0, 0, 0, 1)
    assert sums_of(metric, a_recharge(0)) == (1, 0, 0, 0, 0, 0, 1)


def test_a_ratio_has_its_denominator_as_the_covariate() -> None:
    metric = a_metric(
        key="m", kind="ratio", numerator={"event": "refund", "value": "count"},
        denominator={"event": "recharge", "currency": "USD"},
    )  # fmt: skip
    refund = Conversion("refund", FIRST, None, None)
    y, x = MICRO, 20 * MICRO
    assert sums_of(metric, a_recharge(), refund) == (1, y, y * y, x, x * x, x * y, 1)
    assert sums_of(metric, a_recharge()) == (1, 0, 0, x, x * x, 0, 0)


def test_only_what_is_inside_a_window_after_the_exposure_counts() -> None:
    plan = fold_plan(1, [a_metric(key="m")], [])
    assert counts(plan, FIRST, a_recharge())
    assert not counts(plan, FIRST, a_recharge(-1))
    assert not counts(plan, FIRST, Conversion("other", FIRST, None, None))


def test_a_participant_adds_to_everybody_and_to_each_of_its_segments() -> None:
    plan = fold_plan(1, [a_metric(key="m")], ["plan", "locale"])
    exposed = an_exposed()._replace(segments=("pro", "(none)"))
    cells = {cell for cell, _ in contributions(plan, exposed, {"m": [1, 0, 1]})}
    places = [("", ""), ("plan", "pro"), ("locale", "(none)")]
    assert cells == {Cell("control", 1, m, 100, s, v, False) for m in ("", "m") for s, v in places}


def test_both_halves_of_a_ratio_are_capped() -> None:
    metric = a_metric(
        key="m", kind="ratio", numerator={"event": "refund", "currency": "USD", "cap_value": 10},
        denominator={"event": "recharge", "currency": "USD", "cap_value": 15},
    )  # fmt: skip
    refund = Conversion("refund", FIRST, 11 * MICRO, "USD")
    y, x = 10 * MICRO, 15 * MICRO
    assert sums_of(metric, a_recharge(), refund) == (1, y, y * y, x, x * x, x * y, 1)


def test_a_quantile_keeps_no_covariate() -> None:
    metric = a_metric(key="m", kind="quantile", event="recharge", currency="USD")
    assert sums_of(metric, a_recharge(-1), a_recharge(value=5)) == (1, 5, 25, 0, 0, 0, 1)


def bins_of(metric: Any, *conversions: Conversion, segments: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    plan = fold_plan(1, [metric], ["plan"] if segments else [])
    one = Exposed(FIRST, "e1", "control", 1, segments, frozenset({(1, "control")}))
    found = binned_contributions(plan, one, measure_all(plan, FIRST, conversions))
    return [(cell.segment_value, edge) for cell, edge, _ in found]


def test_a_fine_bin_is_split_by_segment_and_a_coarse_one_is_not() -> None:
    paid = a_recharge(value=12_345 * MICRO)
    capped = a_metric(key="m", kind="mean", event="recharge", currency="USD", cap_quantile=0.9)
    assert bins_of(capped, paid, segments=("pro",)) == [("", 12_400 * MICRO), ("pro", 12_400 * MICRO)]
    plain = a_metric(key="m", kind="mean", event="recharge", currency="USD")
    assert bins_of(plain, paid, segments=("pro",)) == [("", 20_000 * MICRO)]
    assert bins_of(a_metric(key="m"), paid, segments=("pro",)) == []


def test_a_net_value_adds_refunds_and_subtracts_grants_and_neither_makes_a_conversion() -> None:
    net = a_metric(
        key="net", kind="mean", event="recharge", currency="USD", add=["refund"], subtract=["incentive_grant"]
    )
    recharge, refund = a_recharge(HOUR), a_recharge(HOUR, -5 * MICRO)._replace(name="refund")
    grant = a_recharge(HOUR, 2 * MICRO)._replace(name="incentive_grant")
    assert sums_of(net, recharge, refund, grant) == (1, 13 * MICRO, (13 * MICRO) ** 2, 0, 0, 0, 1)
    assert sums_of(net, grant) == (1, -2 * MICRO, (2 * MICRO) ** 2, 0, 0, 0, 0)
    assert sums_of(net, grant._replace(currency="EUR")) is None
