"""Which plural category a number has in a language, by CLDR's rules as they stand in the ruleset.

A rule set is `{category: [[relation, …], …]}`: a category holds when all relations of one of its lists do.
A relation is `[operand, modulus, wanted, [[low, high], …]]`: the operand, modulo `modulus` unless that is 0,
lies in one of the ranges (ends included, whole values only) exactly when `wanted` is true. Else: `other`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from keepgoing.evaluation.values import Number

CATEGORIES: Final = ("zero", "one", "two", "few", "many", "other")


class Operands(NamedTuple):
    """CLDR's operands of a number (UTS #35, Plural Operand Meanings); c and e (compact notation) are 0."""

    n: Number
    i: int
    v: int
    w: int
    f: int
    t: int
    c: int = 0
    e: int = 0


Condition = Callable[[Operands], bool]


def operands(number: Number) -> Operands:
    """The operands of a finite number: a float by its shortest form, a Decimal with its trailing zeros."""
    if isinstance(number, int):
        whole = abs(number)
        return Operands(whole, whole, 0, 0, 0, 0)
    if isinstance(number, float):
        return operands(int(number) if number == int(number) else Decimal(repr(number)))
    magnitude = number.copy_abs()
    whole_digits, _, fraction = format(magnitude, "f").partition(".")
    shown = fraction.rstrip("0")
    return Operands(
        magnitude, int(whole_digits), len(fraction), len(shown), int(fraction or 0), int(shown or 0)
    )


def compile_rules(rules: Mapping[str, Any]) -> Callable[[Number], str]:
    """The function from a number to its category.

    Raises:
        ValueError: A category or an operand is not one of CLDR's.
    """
    conditions = [(_category(name), _any_of(alternatives)) for name, alternatives in rules.items()]

    def category(number: Number) -> str:
        found = operands(number)
        return next((name for name, holds in conditions if holds(found)), "other")

    return category


def _category(name: str) -> str:
    if name not in CATEGORIES:
        raise ValueError(f"plural category {name!r} is not one of {', '.join(CATEGORIES)}")
    return name


def _any_of(alternatives: list[list[Any]]) -> Condition:
    compiled = [[_relation(*relation) for relation in alternative] for alternative in alternatives]
    return lambda found: any(all(holds(found) for holds in relations) for relations in compiled)


def _relation(operand: str, modulus: int, wanted: bool, ranges: list[list[int]]) -> Condition:
    position = Operands._fields.index(operand)
    bounds = [(int(low), int(high)) for low, high in ranges]
    divisor = int(modulus)

    def holds(found: Operands) -> bool:
        value = found[position] % divisor if divisor else found[position]
        inside = value == int(value) and any(low <= value <= high for low, high in bounds)
        return inside is wanted

    return holds
