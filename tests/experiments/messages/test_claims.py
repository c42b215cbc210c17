"""Tests of what claims come to: the right figure, rounded so that it never flatters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.messages.claims import HOUR, Deed, compute
from experiments.model.claim import Claim
from experiments.model.events import DAY, MICRO


def a_claim(**fields: Any) -> Claim:
    return Claim.model_validate({"kind": "share", "event": "recharge", "min_sample": 20, **fields})


def paid(after: int = HOUR, value: int | None = 20 * MICRO, currency: str | None = "USD") -> Deed:
    return Deed(after, value, currency)


@pytest.mark.parametrize(("did", "share"), [(0, "0"), (1, "0.03"), (20, "0.66"), (30, "1")])
def test_a_share_is_cut_to_whole_per_cents(did: int, share: str) -> None:
    cohort = [[paid()]] * did + [[]] * (30 - did)
    assert compute(a_claim(), cohort) == (Decimal(share), 30)


def test_below_its_minimum_sample_there_is_no_figure() -> None:
    assert compute(a_claim(), [[paid()]] * 19) == (None, 19)
    assert compute(a_claim(kind="median_hours"), [[paid()]] * 19 + [[]] * 50) == (None, 19)


def test_refunds_later_events_and_other_currencies_do_not_count() -> None:
    claim = a_claim(kind="median_value", currency="USD", within_days=7)
    nothing = [[paid(value=-MICRO)], [paid(7 * DAY)], [paid(currency="EUR")], [paid(value=None)]]
    assert compute(claim, nothing * 10) == (None, 0)


def test_only_the_first_recharge_counts_and_hours_are_taken_up() -> None:
    cohort = [[paid(9 * HOUR), paid(2 * HOUR + 1)]] * 20
    assert compute(a_claim(kind="median_hours"), cohort) == (Decimal(3), 20)


def test_a_typical_amount_is_cut() -> None:
    cohort = [[paid(value=19_990_000)]] * 20
    assert compute(a_claim(kind="median_value", currency="USD"), cohort) == (Decimal(19), 20)


def test_who_continued_is_who_came_back_in_the_days_named() -> None:
    claim = a_claim(kind="continued", from_day=7, within_days=14)
    cohort = [[paid(6 * DAY)]] * 10 + [[paid(7 * DAY)]] * 10
    assert compute(claim, cohort) == (Decimal("0.5"), 20)


@given(st.lists(st.integers(0, 10 * DAY), min_size=20, max_size=60))
def test_no_figure_ever_says_more_than_the_data(times: list[int]) -> None:
    cohort = [[paid(at)] for at in times]
    within = [at for at in times if at < 7 * DAY]
    share, sample = compute(a_claim(), cohort)
    assert share is not None
    assert share * sample <= len(within) < (share + Decimal("0.01")) * sample or len(within) == sample
    hours, counted = compute(a_claim(kind="median_hours"), cohort)
    if hours is not None:
        assert sum(at <= hours * HOUR for at in within) * 2 >= counted
