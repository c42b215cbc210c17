"""CLDR's operands and rules; the rules of 40 locales are tested where they are made, in test_locales."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.plural import extract_operands
from hypothesis import given
from hypothesis import strategies as st

from keepgoing.evaluation.plural import compile_rules, operands


@pytest.mark.parametrize(
    ("number", "expected"),
    [  # UTS #35, Plural Operand Examples
        (1, (1, 1, 0, 0, 0, 0)),
        (Decimal("1.0"), (1, 1, 1, 0, 0, 0)),
        (Decimal("1.00"), (1, 1, 2, 0, 0, 0)),
        (Decimal("1.3"), (Decimal("1.3"), 1, 1, 1, 3, 3)),
        (Decimal("1.30"), (Decimal("1.30"), 1, 2, 1, 30, 3)),
        (Decimal("1.03"), (Decimal("1.03"), 1, 2, 2, 3, 3)),
        (Decimal("1.230"), (Decimal("1.230"), 1, 3, 2, 230, 23)),
        (Decimal("0.05"), (Decimal("0.05"), 0, 2, 2, 5, 5)),
        (-5, (5, 5, 0, 0, 0, 0)),
        (1.0, (1, 1, 0, 0, 0, 0)),
        (-0.25, (Decimal("0.25"), 0, 2, 2, 25, 25)),
        (Decimal("1E+3"), (1000, 1000, 0, 0, 0, 0)),
    ],
)
def test_operands_are_those_of_the_standard(
    number: int | float | Decimal, expected: tuple[object, ...]
) -> None:
    assert operands(number) == (*expected, 0, 0)


@given(  # from 1 on: Babel 2.18 loses the zeros after the point of 0.05
    st.integers(-(10**12), 10**12)
    | st.decimals(1, 10**6, places=3)
    | st.floats(1, 1e6).map(lambda number: round(number, 4))
)
def test_operands_are_those_of_babel(number: int | float | Decimal) -> None:
    assert operands(number) == extract_operands(number)


def test_a_category_holds_when_all_relations_of_one_alternative_hold() -> None:
    category = compile_rules(
        {"few": [[["n", 10, True, [[2, 4]]], ["n", 100, False, [[12, 14]]]], [["v", 0, True, [[2, 2]]]]]}
    )
    numbers: list[int | Decimal] = [2, 12, 24, 5, Decimal("7.25"), Decimal("2.5")]
    assert [category(number) for number in numbers] == ["few", "other", "few", "other", "few", "other"]


def test_without_rules_every_number_is_other() -> None:
    assert compile_rules({})(1) == "other"


@pytest.mark.parametrize("rules", [{"single": []}, {"one": [[["x", 0, True, [[1, 1]]]]]}])
def test_unknown_categories_and_operands_are_refused(rules: dict[str, list[object]]) -> None:
    with pytest.raises(ValueError, match=r"single|tuple.index"):
        compile_rules(rules)
