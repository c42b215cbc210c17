from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepgoing.outbox.events import (
    checked_properties,
    checked_text,
    conversion,
    currency_code,
    decimal_text,
    exposure,
    timestamp,
)

AT = "2026-11-22T10:00:00.000000Z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20.00", "20.00"),
        (" 20 ", "20"),
        ("-5", "-5"),
        ("1e3", "1000"),
        (20, "20"),
        (19.99, "19.99"),
        (0.1 + 0.2, "0.300000"),
        (1e-9, "0.000000"),
        (Decimal("12.3400"), "12.3400"),
        (Decimal(1) / 3, "0.333333"),
        (Decimal("0.0000005"), "0.000000"),
        (Decimal("1E+3"), "1000"),
        (10**12, "1000000000000"),
        (-0.0, "-0.0"),
    ],
)
def test_a_value_becomes_a_plain_decimal_of_at_most_six_decimals(value: Any, expected: str) -> None:
    assert decimal_text(value) == expected


@pytest.mark.parametrize(
    "value",
    [True, "", "a lot", "1,5", "NaN", "Infinity", "sNaN", float("nan"), float("inf"), 10**12 + 1,
     "1e999999999", "-1e999999999", [1], b"1", 1j, Decimal("nan"), "9" * 5000],
)  # fmt: skip
def test_what_is_no_amount_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="value"):
        decimal_text(value)


@given(
    st.decimals(-(10**12), 10**12, allow_nan=False) | st.floats(-1e12, 1e12) | st.integers(-(10**12), 10**12)
)
def test_every_amount_within_bounds_is_kept_to_the_sixth_decimal(value: Any) -> None:
    text = decimal_text(value)
    assert "e" not in text.lower()
    assert abs(Decimal(text) - Decimal(repr(value) if isinstance(value, float) else value)) <= Decimal("5e-7")


@pytest.mark.parametrize(("given_code", "expected"), [("USD", "USD"), ("eur", "EUR")])
def test_a_currency_is_three_capitals(given_code: str, expected: str) -> None:
    assert currency_code(given_code) == expected


@pytest.mark.parametrize("value", ["", "US", "DOLLAR", "U$D", "ÄÖÜ", 840, None])
def test_what_is_no_currency_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        currency_code(value)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (None, "1970-01-01T00:00:01.500000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=2))), "2026-01-02T01:04:05.000006Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02T03:04:05.25-05:00", "2026-01-02T08:04:05.250000Z"),
    ],
)
def test_a_moment_is_utc_with_microseconds(moment: Any, expected: str) -> None:
    assert timestamp(moment, 1.5) == expected


@pytest.mark.parametrize(
    "moment",
    ["yesterday", "2026-01-02T03:04:05", datetime(2026, 1, 2), 1_700_000_000, "",
     datetime.max.replace(tzinfo=timezone(timedelta(hours=-2)))],
)  # fmt: skip
def test_what_is_no_moment_is_refused(moment: Any) -> None:
    with pytest.raises(ValueError, match=r"occurred_at|isoformat"):
        timestamp(moment, 0.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("invoice-981", "invoice-981"), (981, "981"), (UUID(int=7), "00000000-0000-0000-0000-000000000007")],
)
def test_an_id_may_be_of_the_hosts_own_kind(value: Any, expected: str) -> None:
    assert checked_text(value, "event_id") == expected


@pytest.mark.parametrize("value", ["", None, True, b"a", "x" * 129, "a\nb", "a\0b", "\ud800"])
def test_what_is_no_name_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="event_id must"):
        checked_text(value, "event_id")


def test_properties_are_copied_as_json() -> None:
    given_properties = {"plan": "pro", "seats": [1, 2]}
    copy = checked_properties(given_properties)
    given_properties["seats"].append(3)  # type: ignore[attr-defined]
    assert copy == {"plan": "pro", "seats": [1, 2]}


def endless() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


@pytest.mark.parametrize(
    "value",
    [
        [],
        "x",
        7,
        {"a": object()},
        {"a": float("nan")},
        {"a": "\ud800"},
        {"a": "\0"},
        {"x": "y" * 20_000},
        endless(),
    ],
)
def test_properties_that_cannot_be_sent_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="properties"):
        checked_properties(value)


def test_a_conversion_has_the_members_of_the_wire() -> None:
    body = conversion(
        "recharge",
        "acct_42",
        event_id="e1",
        occurred_at=AT,
        value="20.00",
        currency="usd",
        properties={"a": 1},
    )
    assert json.loads(body) == {
        "type": "conversion",
        "event_id": "e1",
        "name": "recharge",
        "unit_id": "acct_42",
        "occurred_at": AT,
        "value": "20.00",
        "currency": "USD",
        "properties": {"a": 1},
    }


def test_what_a_conversion_does_not_say_is_not_there() -> None:
    body = json.loads(conversion("recharge", "acct_42", event_id="e1", occurred_at=AT))
    assert set(body) == {"type", "event_id", "name", "unit_id", "occurred_at"}


@pytest.mark.parametrize("unit_id", [None, "", 7, "x" * 257, "a\0"])
def test_a_conversion_of_no_unit_is_refused(unit_id: Any) -> None:
    with pytest.raises(ValueError, match="unit_id"):
        conversion("recharge", unit_id, event_id="e1", occurred_at=AT)


def test_an_exposure_has_the_members_of_the_wire() -> None:
    facts = {"error_code": "C", "experiment": "e", "variant": "v", "phase": 1, "revision": 3}
    body = exposure(facts, "ünit", {"plan": "pro"}, event_id="e1", occurred_at=AT, fallback=True)
    assert json.loads(body) == {
        "type": "exposure",
        "event_id": "e1",
        "unit_id": "ünit",
        "occurred_at": AT,
        "context": {"plan": "pro"},
        "fallback": True,
        **facts,
    }
