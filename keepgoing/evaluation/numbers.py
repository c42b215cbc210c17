"""Numbers as a locale writes them: digits, groups, signs and affixes, all from the ruleset's locale data.

A style of the locale data is
`{"decimal": ",", "group": ".", "grouping": [3, 3], "affixes": ["", "%", "-", "%"]}`: symbols, the sizes of
the first and the further groups from the right, and what stands before and after a positive and a negative
number; `"digits"` where the locale does not write 0 to 9. Rounding is half to even, as in ICU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

from keepgoing.evaluation.values import Number, clean_number

FRACTION_BOUND: Final = 6
PLAIN_STYLE: Final[Mapping[str, Any]] = {
    "decimal": ".",
    "group": "",
    "grouping": [3, 3],
    "affixes": ["", "", "-", ""],
}

# The thread's own context may round or trap as the host likes; a message must not depend on it.
_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999)
_QUANTA: Final = tuple(Decimal(1).scaleb(-digits) for digits in range(FRACTION_BOUND + 1))
_ASCII_DIGITS: Final = "0123456789"


def rounded(value: Number, max_fraction: int, *, shift: int = 0) -> Decimal:
    """The value × 10^shift with at most so many fraction digits; a float counts by its shortest form."""
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    shifted = _CONTEXT.scaleb(exact, shift) if shift else exact
    return _CONTEXT.quantize(shifted, _QUANTA[max_fraction])


def split_digits(value: Number, max_fraction: int, *, shift: int = 0) -> tuple[str, str]:
    """The ASCII digits of the value × 10^shift before the point, with the sign, and after it, none idle."""
    if type(value) is int and not shift:
        return str(value), ""
    whole, _, fraction = str(value).partition(".")
    if shift or len(fraction) > max_fraction or not (whole.lstrip("-") + fraction).isdecimal():
        whole, _, fraction = format(rounded(value, max_fraction, shift=shift), "f").partition(".")
    return whole, fraction.rstrip("0")


def less(value: Number, offset: int) -> int | Decimal:
    """The value minus the offset, as shown by default: at most three fraction digits, none of them idle."""
    if isinstance(value, int):
        return value - offset
    shown = _CONTEXT.normalize(_CONTEXT.subtract(rounded(value, 3), Decimal(offset)))
    whole = int(shown)
    return whole if shown == whole else shown


def number_formatter(
    style: Mapping[str, Any], fraction: tuple[int, int], *, grouped: bool = True, shift: int = 0
) -> Callable[[object, str], str]:
    """The function from an argument's value and name to its text in one style.

    Args:
        style: Of the locale data, see above.
        fraction: The least and the most fraction digits, 0 to 6.
        grouped: Whether thousands are set apart.
        shift: The power of ten it is multiplied by first; 2 makes per cents of fractions.

    Raises:
        ValueError: The fraction digits are out of bounds, or the style is not as above.
    """
    minimum, maximum = fraction
    if not 0 <= minimum <= maximum <= FRACTION_BOUND:
        raise ValueError(
            f"fraction digits {minimum} to {maximum}, must be 0 <= least <= most <= {FRACTION_BOUND}"
        )
    prefix, suffix, negative_prefix, negative_suffix = _affixes(style)
    decimal = _text(style, "decimal")
    group = _grouper(style) if grouped else str
    localised = _digits(style)
    tail = (decimal + "0" * minimum if minimum else "") + suffix
    fast_below = 0 if shift or localised is not str else 1000

    def full(value: object, name: str) -> str:
        whole, digits = split_digits(clean_number(value, name), maximum, shift=shift)
        digits = digits.ljust(minimum, "0")
        body = localised(group(whole.lstrip("-")) + (decimal + digits if digits else ""))
        if whole[0] == "-" and (whole + digits).strip("-0"):  # never a minus before zero
            return f"{negative_prefix}{body}{negative_suffix}"
        return f"{prefix}{body}{suffix}"

    def fast(value: object, name: str) -> str:
        if type(value) is int and 0 <= value < fast_below:
            return f"{prefix}{value}{tail}"
        return full(value, name)

    return fast if fast_below else full


def _text(style: Mapping[str, Any], member: str) -> str:
    value = style[member]
    if not isinstance(value, str):
        raise ValueError(f"{member} is {type(value).__name__}, must be a string")
    return value


def _affixes(style: Mapping[str, Any]) -> tuple[str, str, str, str]:
    before, after, negative_before, negative_after = style["affixes"]
    return str(before), str(after), str(negative_before), str(negative_after)


def _digits(style: Mapping[str, Any]) -> Callable[[str], str]:
    """The function that writes ASCII digits with the locale's own."""
    digits = style.get("digits")
    if digits is None:
        return str
    table = str.maketrans(_ASCII_DIGITS, digits)
    return lambda text: text.translate(table)


def _grouper(style: Mapping[str, Any]) -> Callable[[str], str]:
    """The function that sets groups of digits apart: 1234567 as 1,234,567, in Hindi as 12,34,567."""
    symbol = _text(style, "group")
    primary, secondary = (int(size) for size in style["grouping"])
    if primary < 3 or secondary < 1:  # the short way above writes three digits without looking
        raise ValueError(f"grouping is {primary}, {secondary}, must be >= 3 and >= 1")

    def group(whole: str) -> str:
        if len(whole) <= primary:
            return whole
        head, groups = whole[:-primary], [whole[-primary:]]
        while head:
            groups.append(head[-secondary:])
            head = head[:-secondary]
        return symbol.join(reversed(groups))

    return group
