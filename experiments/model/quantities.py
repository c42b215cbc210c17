"""Numbers of a definition: exact, bounded, and never a boolean, infinite or not a number."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, Strict, WithJsonSchema

_LONGEST = 40  # characters of a number; the largest money with 12 decimals has 26
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -18, 15


def exact(value: Any) -> Decimal:
    """The number that was written: 0.1 is one tenth, whether it came as a number or as text.

    Raises:
        ValueError: It is no finite decimal number, or has more digits than any share or price needs.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be a number, or a text that holds one")
    if isinstance(value, int) and abs(value) >= 10**_LARGEST_EXPONENT:
        raise ValueError(f"must be below 1e{_LARGEST_EXPONENT}")
    return _bounded(str(value))


def _bounded(text: str) -> Decimal:
    if len(text) > _LONGEST:
        raise ValueError(f"has {len(text)} characters, must have at most {_LONGEST}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("must be a decimal number") from None
    if not number.is_finite():
        raise ValueError("must be a finite number")
    if number and number.adjusted() >= _LARGEST_EXPONENT:
        raise ValueError(f"must be below 1e{_LARGEST_EXPONENT}")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < _SMALLEST_EXPONENT:
        raise ValueError(f"must have at most {-_SMALLEST_EXPONENT} decimals")
    return number


def _shortest(number: Decimal) -> float | int | str:
    """The number as JSON's own kind where that reads back exactly, else as text."""
    if number == number.to_integral_value():
        return int(number)
    return float(number) if Decimal(str(float(number))) == number else str(number)


_AS_NUMBER = PlainSerializer(_shortest, return_type=float | int | str, when_used="json")
_AS_TEXT = PlainSerializer(str, return_type=str, when_used="json")
_SCHEMA = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "format": "decimal"}]})

Number = Annotated[Decimal, BeforeValidator(exact), _AS_NUMBER, _SCHEMA]
Weight = Annotated[Decimal, Field(ge=0, le=1_000_000), BeforeValidator(exact), _AS_NUMBER, _SCHEMA]
Share = Annotated[Decimal, Field(gt=0, le=1), BeforeValidator(exact), _AS_NUMBER, _SCHEMA]
Holdout = Annotated[Decimal, Field(ge=0, lt=1), BeforeValidator(exact), _AS_NUMBER, _SCHEMA]
Margin = Annotated[Decimal, Field(ge=0, le=1_000_000_000), BeforeValidator(exact), _AS_NUMBER, _SCHEMA]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000_000_000), BeforeValidator(exact), _AS_TEXT, _SCHEMA]
Amount = Annotated[Decimal, Field(gt=0, le=1_000_000_000), BeforeValidator(exact), _AS_NUMBER, _SCHEMA]

Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=1, le=1_000_000_000)]


Days = Annotated[int, Strict(), Field(ge=1, le=365)]
FromDay = Annotated[int, Strict(), Field(ge=0, le=364)]


def real(value: Any) -> float:
    """The number as a float, refused where a decimal would be.

    Raises:
        ValueError: It is no finite decimal number.
    """
    return float(exact(value))


Real = Annotated[float, BeforeValidator(real), WithJsonSchema({"type": "number"})]
