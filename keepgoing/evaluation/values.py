"""What the values of a context may be before they stand in a message: their types, and their safe text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Final, NoReturn

from keepgoing.errors import InvalidRuleset

Number = int | float | Decimal

TEXT_BOUND: Final = 200
NUMBER_BOUND: Final = 10**18


class RenderError(ValueError):
    """A template cannot be rendered with these arguments; the text says which one and why."""


def is_string(value: object) -> bool:
    """Whether the value is text."""
    return isinstance(value, str)


def is_integer(value: object) -> bool:
    """Whether the value is a whole number by type: 3 is, 3.0 and True are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether the value is a finite int, float or Decimal; booleans, NaN and infinities are not."""
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, Decimal):
        return value.is_finite()
    return is_integer(value)


def is_boolean(value: object) -> bool:
    """Whether the value is True or False."""
    return isinstance(value, bool)


CONTEXT_TYPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "string": is_string,
    "integer": is_integer,
    "number": is_number,
    "boolean": is_boolean,
}


def matches_type(value: object, type_name: str) -> bool:
    """Whether the value is of the declared context type.

    Raises:
        InvalidRuleset: No context type has this name.
    """
    check = CONTEXT_TYPES.get(type_name)
    if check is None:
        known = ", ".join(CONTEXT_TYPES)
        raise InvalidRuleset(f"context type {type_name!r} is not known; known are {known}")
    return check(value)


# Line breaks and controls would break toasts, terminals and log lines; lone surrogates
# cannot be sent as UTF-8; embeddings, overrides and isolates could turn the text around.
# Marks (LRM, RLM) and joiners (ZWJ) stay.
_REPLACED: Final = {
    **dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " "),
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], None),
}


def clean_text(value: str, name: str) -> str:
    """The text as it may stand in a message: on one line, without characters that control its surroundings.

    Raises:
        RenderError: It has more than 200 characters.
    """
    if len(value) > TEXT_BOUND:
        raise RenderError(f"argument {name!r} has {len(value)} characters, must be <= {TEXT_BOUND}")
    return value if value.isprintable() else str.translate(value, _REPLACED)


def clean_number(value: object, name: str) -> Number:
    """The number, of exactly one of the three built-in types and between -10^18 and 10^18.

    Raises:
        RenderError: It is not a number, not finite, or too large to be read by anyone.
    """
    if (type(value) is int or type(value) is float) and -NUMBER_BOUND < value < NUMBER_BOUND:
        return value  # the usual case; no comparison holds for NaN
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        refuse(value, name, "a number")
    number = _exact(value)
    if not is_number(number):
        raise RenderError(f"argument {name!r} is not finite, must be a number")
    if not -NUMBER_BOUND < number < NUMBER_BOUND:
        raise RenderError(f"argument {name!r} is too large a number, must be under 10^18")
    return number


def _exact(value: Number) -> Number:
    """The number without its subclass, which may print or compare differently, as numpy.float64 does."""
    if isinstance(value, Decimal):
        return Decimal(value)
    return float(value) if isinstance(value, float) else int(value)


def refuse(value: object, name: str, wanted: str) -> NoReturn:
    """Raises the RenderError for a value of the wrong type; its text never repeats the value."""
    raise RenderError(f"argument {name!r} is {type(value).__name__}, must be {wanted}")
