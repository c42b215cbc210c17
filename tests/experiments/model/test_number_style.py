"""The styles that a number may have, against the wire form that the renderer reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.model.number_style import KNOWN_STYLES, parse_style


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("integer", ["number", "n", [0, 0, True]]),
        ("percent", ["percent", "n", [0, 0, True], 100]),
        ("::percent", ["percent", "n", [0, 6, True], 1]),
        ("::%", ["percent", "n", [0, 6, True], 1]),
        ("::percent scale/100", ["percent", "n", [0, 6, True], 100]),
        ("::scale/100 percent .0", ["percent", "n", [1, 1, True], 100]),
        ("::%x100", ["percent", "n", [0, 6, True], 100]),
        ("::currency/USD", ["currency", "n", [None, None, True], "USD"]),
        ("::currency/JPY .00", ["currency", "n", [2, 2, True], "JPY"]),
        ("::currency/EUR precision-integer group-off", ["currency", "n", [0, 0, False], "EUR"]),
        ("::.00", ["number", "n", [2, 2, True]]),
        ("::.0##", ["number", "n", [1, 3, True]]),
        ("::.", ["number", "n", [0, 0, True]]),
        ("::  .##   ,_ ", ["number", "n", [0, 2, False]]),
        ("::group-off", ["number", "n", [0, 6, False]]),
    ],
)
def test_a_style_has_its_wire_form(written: str, wire: list[Any]) -> None:
    assert parse_style(written).wire("n") == wire


@pytest.mark.parametrize("style", KNOWN_STYLES)
def test_every_style_that_a_refusal_offers_is_understood(style: str) -> None:
    assert parse_style(style).wire("n")[1] == "n"


@pytest.mark.parametrize(
    ("written", "detail"),
    [
        ("", "number style '' is not known; known are integer, percent"),
        ("::", "number style '::' is not known"),
        ("currency", "a currency must be named, by its ISO 4217 code; write ::currency/USD"),
        ("currency/USD", "a currency must be named, by its ISO 4217 code; write ::currency/USD"),
        ("::currency/usd", "currency 'usd' is not known"),
        ("::currency/XYZ", "currency 'XYZ' is not known"),
        ("#,##0.00", "number style '#,##0.00' is not known"),
        ("::compact-short", "number style 'compact-short' is not known"),
        ("::.0000000", "a number has 7 fraction digits, must be <= 6"),
        ("::percent currency/USD", "cannot be written as percent and currency at once"),
        ("::scale/100", "scale/100 is for per cents; write ::percent scale/100"),
        ("::currency/USD scale/100", "scale/100 is for per cents"),
    ],
)
def test_other_styles_are_refused_with_what_to_write(written: str, detail: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_style(written)
    assert detail in str(refused.value)


@given(st.text() | st.text(alphabet="0#.,_%: ").map("::{}".format))
def test_a_style_is_understood_or_refused(written: str) -> None:
    try:
        kind, name, (least, most, _), *_ = parse_style(written).wire("n")
    except ValueError:
        return
    assert (kind, name) in {("number", "n"), ("percent", "n"), ("currency", "n")}
    assert least is most is None or 0 <= least <= most <= 6
