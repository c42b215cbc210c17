from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from experiments.model.quantities import Money, Number, exact

_NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)
_MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (0.1, "0.1"),
        ("0.1", "0.1"),
        (1, "1"),
        ("1e2", "100"),
        (1e-5, "0.00001"),
        (Decimal("0.10"), "0.1"),
        (-0.0, "0"),
    ],
)
def test_a_number_is_the_one_that_was_written(written: Any, number: str) -> None:
    assert exact(written) == Decimal(number)


@pytest.mark.parametrize(
    "written",
    [
        True,
        None,
        [],
        "",
        "one",
        "0,5",
        "50%",
        float("nan"),
        float("inf"),
        "NaN",
        "-Infinity",
        "sNaN",
        10**15,
        pytest.param(10**5000, id="thousands of digits"),
        "1" * 41,
        1e300,
        "1e999999999",
        1e-19,
        "1e-999999999",
    ],
)
def test_what_is_no_number_of_sensible_size_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"must|has"):
        exact(written)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14, places=9))
def test_a_number_survives_json(number: Decimal) -> None:
    assert _NUMBER.validate_json(_NUMBER.dump_json(number)) == number


@pytest.mark.parametrize(
    ("number", "text"), [("0.5", b"0.5"), ("1", b"1"), ("0.1234567890123456789", b'"0.1')]
)
def test_a_number_stands_in_json_as_a_number_where_that_is_exact(number: str, text: bytes) -> None:
    assert _NUMBER.dump_json(Decimal(number)).startswith(text)


def test_money_stands_in_json_as_text() -> None:
    assert _MONEY.dump_json(Decimal("0.10")) == b'"0.10"'
