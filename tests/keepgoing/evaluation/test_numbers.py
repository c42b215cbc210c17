"""Digits, groups, signs and rounding; 40 locales against Babel are in test_locales."""

# ruff: noqa: RUF001  # digits, signs and letters of other scripts are what is tested
from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepgoing.evaluation.numbers import PLAIN_STYLE, less, number_formatter
from keepgoing.evaluation.values import RenderError

ENGLISH = {"decimal": ".", "group": ",", "grouping": [3, 3], "affixes": ["", "", "-", ""]}
HINDI = {**ENGLISH, "grouping": [3, 2]}
DOLLARS = {**ENGLISH, "affixes": ["$", "", "-$", ""]}
PERSIAN = {
    "decimal": "٫",
    "group": "٬",
    "grouping": [3, 3],
    "affixes": ["", "٪", "\u200e−", "٪"],
    "digits": "۰۱۲۳۴۵۶۷۸۹",
}


@pytest.mark.parametrize(
    ("value", "style", "fraction", "text"),
    [
        (0, ENGLISH, (0, 3), "0"),
        (999, ENGLISH, (0, 3), "999"),
        (1000, ENGLISH, (0, 3), "1,000"),
        (1234567, ENGLISH, (0, 3), "1,234,567"),
        (-1234, ENGLISH, (0, 3), "-1,234"),
        (1234567, HINDI, (0, 3), "12,34,567"),
        (0.1 + 0.2, ENGLISH, (0, 3), "0.3"),
        (1234.5, ENGLISH, (0, 3), "1,234.5"),
        (2.675, ENGLISH, (2, 2), "2.68"),  # by the shortest decimal, not by the binary 2.67499…
        (2.5, ENGLISH, (0, 0), "2"),
        (3.5, ENGLISH, (0, 0), "4"),
        (999.9999, ENGLISH, (0, 3), "1,000"),
        (1e-7, ENGLISH, (0, 3), "0"),
        (-0.0, ENGLISH, (0, 3), "0"),
        (-0.0001, ENGLISH, (0, 3), "0"),
        (-0.0001, DOLLARS, (2, 2), "$0.00"),
        (1e17, ENGLISH, (0, 3), "100,000,000,000,000,000"),
        (12, DOLLARS, (2, 2), "$12.00"),
        (-12, DOLLARS, (2, 2), "-$12.00"),
        (1234.5, DOLLARS, (2, 2), "$1,234.50"),
        (Decimal("20.005"), DOLLARS, (2, 2), "$20.00"),
        (Decimal("1E+3"), DOLLARS, (2, 2), "$1,000.00"),
        (Decimal("1E-999999999999999"), ENGLISH, (0, 3), "0"),
        (1234, PERSIAN, (0, 0), "۱٬۲۳۴٪"),
        (7, PERSIAN, (0, 0), "۷٪"),
        (-1234.5, PERSIAN, (0, 1), "\u200e−۱٬۲۳۴٫۵٪"),
    ],
)
def test_a_number_is_written_in_its_style(
    value: int | float | Decimal, style: dict[str, Any], fraction: tuple[int, int], text: str
) -> None:
    assert number_formatter(style, fraction)(value, "n") == text


@pytest.mark.parametrize(("value", "text"), [(0.25, "25"), (1, "100"), (0.256, "26"), (12.345, "1,234")])
def test_a_shift_makes_per_cents_of_fractions(value: float, text: str) -> None:
    assert number_formatter(ENGLISH, (0, 0), shift=2)(value, "n") == text


def test_groups_can_be_left_out() -> None:
    assert number_formatter(ENGLISH, (0, 0), grouped=False)(2026000, "n") == "2026000"
    assert number_formatter(PLAIN_STYLE, (0, 3))(1234567.25, "n") == "1234567.25"


def test_the_context_of_the_thread_does_not_matter() -> None:
    with decimal.localcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP, traps=[decimal.Inexact])):
        assert number_formatter(DOLLARS, (2, 2))(Decimal("1234.125"), "n") == "$1,234.12"
        assert less(Decimal("1234.125"), 1) == Decimal("1233.125")


@pytest.mark.parametrize("fraction", [(-1, 2), (3, 2), (0, 7)])
def test_fraction_digits_out_of_bounds_are_refused(fraction: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="fraction digits"):
        number_formatter(ENGLISH, fraction)


@pytest.mark.parametrize(
    "broken", [{"grouping": [0, 3]}, {"group": 1}, {"affixes": ["", ""]}, {"decimal": None}]
)
def test_a_broken_style_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"grouping|must be a string|unpack"):
        number_formatter({**ENGLISH, **broken}, (0, 3))


@pytest.mark.parametrize(
    ("value", "offset", "shown"),
    [(3, 1, 2), (1.0, 0, 1), (1.0001, 0, 1), (2.5, 1, Decimal("1.5")), (Decimal("100.00"), 0, 100)],
)
def test_a_plural_sees_what_is_shown(value: int | float | Decimal, offset: int, shown: int | Decimal) -> None:
    assert str(less(value, offset)) == str(shown)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_whole_numbers_are_written_as_python_groups_them(value: int) -> None:
    assert number_formatter(ENGLISH, (0, 3))(value, "n") == f"{value:,}"


@given(st.decimals(-(10**9), 10**9, places=4))
def test_decimals_are_rounded_half_to_even(value: Decimal) -> None:
    expected = f"{round(value, 2):,.2f}"
    assert number_formatter(ENGLISH, (2, 2))(value, "n") == expected.replace("-0.00", "0.00")


@given(st.floats() | st.decimals() | st.integers())
def test_a_number_is_written_or_refused(value: int | float | Decimal) -> None:
    try:
        text = number_formatter(DOLLARS, (0, 6), shift=2)(value, "n")
    except RenderError:
        return
    assert 2 <= len(text) <= 40
