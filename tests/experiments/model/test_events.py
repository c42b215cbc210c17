"""Tests of the log's exact numbers and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.model.events import Scalar, micro_units, microseconds, moment, segment_values


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6, allow_nan=False, allow_infinity=False))
def test_every_amount_with_six_decimals_is_exact(amount: Decimal) -> None:
    assert micro_units(f"{amount:f}") == int(amount.scaleb(6))
    assert micro_units(str(amount)) == int(amount.scaleb(6))


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("20.1", 20_100_000),
        ("-0", 0),
        ("1e12", 10**18),
        ("1.5E-5", 15),
        ("0.10000000000", 100_000),
        ("007", 7_000_000),
    ],
)
def test_an_amount_may_be_written_in_several_ways(text: str, micros: int) -> None:
    assert micro_units(text) == micros


NO_AMOUNTS = [
    *("", "-", "1.", ".1", "+1", "1_0", "٣", " 1", "1 ", "nan", "inf", "1e999", "1e-7", "0.0000001", "1e13"),
    *("1000000000000.000001", "1" * 40, "9" * 5000, "0." + "0" * 5000 + "1", "1e1.5", "0x1"),
]


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must "):
        micro_units(text)


def test_times_are_microseconds_since_the_epoch_in_any_zone() -> None:
    there = datetime(2026, 11, 2, 10, 0, 0, 1, tzinfo=timezone(timedelta(hours=1)))
    assert microseconds(there) == microseconds(datetime(2026, 11, 2, 9, 0, 0, 1, tzinfo=UTC))
    assert moment(microseconds(there)) == there
    assert moment(microseconds(datetime(1969, 12, 31, tzinfo=UTC))).year == 1969


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("pro", "pro"), ("", ""), ("x" * 65, "x" * 64), (True, "true"), (False, "false"), (1, "1"),
        (87.0, "87"), (0.5, "0.5"), (-0.0, "0"), (None, "(none)"),
    ],
)  # fmt: skip
def test_a_segments_value_is_short_text(value: Scalar, text: str) -> None:
    assert segment_values(("plan", "locale"), {"plan": value}) == (text, "(none)")
