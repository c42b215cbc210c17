"""What a context's values may be, and how their text is made safe."""

# ruff: noqa: RUF001  # digits, signs and letters of other scripts are what is tested
from __future__ import annotations

import enum
from decimal import Decimal

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepgoing.errors import InvalidRuleset
from keepgoing.evaluation.values import RenderError, clean_number, clean_text, matches_type


class Level(enum.IntEnum):
    """A number with a name, as hosts have them."""

    HIGH = 3


@pytest.mark.parametrize(
    ("value", "types"),
    [
        ("pro", {"string"}),
        ("", {"string"}),
        (3, {"integer", "number"}),
        (-(10**30), {"integer", "number"}),
        (3.0, {"number"}),
        (Decimal("3.50"), {"number"}),
        (True, {"boolean"}),
        (False, {"boolean"}),
        (Level.HIGH, {"integer", "number"}),
        (numpy.float64(1.5), {"number"}),
        (float("nan"), set()),
        (float("inf"), set()),
        (float("-inf"), set()),
        (Decimal("NaN"), set()),
        (Decimal("sNaN"), set()),
        (Decimal("Infinity"), set()),
        (None, set()),
        (["pro"], set()),
        ({}, set()),
        (b"pro", set()),
        (1j, set()),
    ],
)
def test_a_value_matches_exactly_its_types(value: object, types: set[str]) -> None:
    matched = {name for name in ("string", "integer", "number", "boolean") if matches_type(value, name)}
    assert matched == types


def test_an_unknown_type_is_a_fault_of_the_ruleset() -> None:
    with pytest.raises(InvalidRuleset, match="'date' is not known; known are string, integer"):
        matches_type("2026-01-01", "date")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Ann", "Ann"),
        ("two\nlines", "two lines"),
        ("a\r\n\tb", "a   b"),
        ("bell\x07 null\x00 delete\x7f next\x85", "bell  null  delete  next "),
        ("line\u2028paragraph\u2029", "line paragraph "),
        ("half \ud83d a face", "half \ufffd a face"),
        ("\u202eevil\u202c \u2066isolated\u2069", "evil isolated"),
        ("שלום \u200fעולם", "שלום \u200fעולם"),
        ("family 👨‍👩‍👧 flag 🇩🇪", "family 👨‍👩‍👧 flag 🇩🇪"),
        ("e\u0301 क्षि", "e\u0301 क्षि"),
        ("hard\u00a0space soft\u00adhyphen", "hard\u00a0space soft\u00adhyphen"),
        ("{name} %s {0} {{x}}", "{name} %s {0} {{x}}"),
    ],
)
def test_text_is_kept_but_for_what_controls_its_surroundings(raw: str, clean: str) -> None:
    assert clean_text(raw, "name") == clean


def test_text_of_200_characters_is_the_longest() -> None:
    assert clean_text("x" * 200, "name") == "x" * 200
    with pytest.raises(RenderError, match="argument 'name' has 201 characters, must be <= 200"):
        clean_text("x" * 201, "name")


@given(st.text(max_size=200))
def test_clean_text_can_always_be_sent_on_one_line(raw: str) -> None:
    cleaned = clean_text(raw, "name")
    assert len(cleaned.splitlines()) <= 1
    cleaned.encode()


@pytest.mark.parametrize(
    ("value", "same"),
    [(3, 3), (Level.HIGH, 3), (2.5, 2.5), (numpy.float64(2.5), 2.5), (Decimal("2.50"), Decimal("2.50"))],
)
def test_a_number_is_given_back_without_its_subclass(value: object, same: object) -> None:
    cleaned = clean_number(value, "n")
    assert cleaned == same
    assert type(cleaned) is type(same)


@pytest.mark.parametrize("value", [True, "3", None, [3], float("nan"), float("inf"), Decimal("sNaN"), 1j])
def test_what_is_no_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(RenderError, match=r"argument 'n' is .*must be a number"):
        clean_number(value, "n")


@pytest.mark.parametrize(
    "value", [10**18, -(10**18), 1e300, pytest.param(10**5000, id="of 5001 digits"), Decimal("1e999")]
)
def test_a_number_too_large_to_read_is_refused(value: object) -> None:
    with pytest.raises(RenderError, match="argument 'n' is too large a number"):
        clean_number(value, "n")
