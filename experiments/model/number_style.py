"""The styles of a number in a template: `percent`, `integer`, and the ICU skeletons that messages need."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from babel.numbers import is_currency

DEFAULT_DIGITS: Final = (0, 3)
SKELETON_DIGITS: Final = (0, 6)
KNOWN_STYLES: Final = (
    "integer",
    "percent",
    "::percent",
    "::percent scale/100",
    "::currency/USD",
    "::.00",
    "::.##",
    "::precision-integer",
    "::group-off",
)
_FRACTION: Final = re.compile(r"\.(0*)(#*)")


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How a number is written. `digits` are the least and most fraction digits; None: the currency's own."""

    unit: str = "number"
    digits: tuple[int, int] | None = None
    grouped: bool = True
    times: int = 1
    currency: str | None = None

    def wire(self, name: str) -> list[Any]:
        """The part of a wire template that writes the argument in this style."""
        digits = self.digits or ((None, None) if self.currency else SKELETON_DIGITS)
        part = [self.unit, name, [*digits, self.grouped]]
        return part if self.unit == "number" else [*part, self.currency or self.times]


def parse_style(text: str) -> NumberStyle:
    """The style that stands after `number,` in a placeholder.

    Raises:
        ValueError: It is not one of those that messages may use; the text lists them.
    """
    if text == "integer":
        return NumberStyle(digits=(0, 0))
    if text == "percent":
        return NumberStyle(unit="percent", digits=(0, 0), times=100)
    if text == "currency" or text.startswith("currency/"):
        raise ValueError("a currency must be named, by its ISO 4217 code; write ::currency/USD")
    if not text.startswith("::"):
        raise _unknown(text)
    return _parse_skeleton(text[2:].split())


def _parse_skeleton(tokens: list[str]) -> NumberStyle:
    if not tokens:
        raise _unknown("::")
    style = NumberStyle()
    for token in tokens:
        style = _apply(style, token)
    if style.times == 100 and style.unit != "percent":
        raise ValueError("scale/100 is for per cents; write ::percent scale/100")
    return style


def _apply(style: NumberStyle, token: str) -> NumberStyle:
    """The style with one more token of a skeleton."""
    if token in _STEMS:
        return _STEMS[token](style)
    if fraction := _FRACTION.fullmatch(token):
        return replace(style, digits=_fraction_digits(fraction[1], fraction[2]))
    if token.startswith("currency/"):
        code = token.removeprefix("currency/")
        if not is_currency(code):
            raise ValueError(f"currency {code!r} is not known; write its ISO 4217 code, such as currency/USD")
        return replace(_with_unit(style, "currency"), currency=code)
    raise _unknown(token)


def _fraction_digits(required: str, optional: str) -> tuple[int, int]:
    least, most = len(required), len(required) + len(optional)
    if most > SKELETON_DIGITS[1]:
        raise ValueError(f"a number has {most} fraction digits, must be <= {SKELETON_DIGITS[1]}")
    return least, most


def _with_unit(style: NumberStyle, unit: str) -> NumberStyle:
    if style.unit != "number":
        raise ValueError(f"a number cannot be written as {style.unit} and {unit} at once; keep one of them")
    return replace(style, unit=unit)


_STEMS: Final[Mapping[str, Callable[[NumberStyle], NumberStyle]]] = {
    "percent": lambda style: _with_unit(style, "percent"),
    "%": lambda style: _with_unit(style, "percent"),
    "%x100": lambda style: replace(_with_unit(style, "percent"), times=100),
    "scale/100": lambda style: replace(style, times=100),
    "precision-integer": lambda style: replace(style, digits=(0, 0)),
    "group-off": lambda style: replace(style, grouped=False),
    ",_": lambda style: replace(style, grouped=False),
}


def _unknown(token: str) -> ValueError:
    return ValueError(f"number style {token!r} is not known; known are {', '.join(KNOWN_STYLES)}")
