"""What the log holds: exposures and conversions in exact integers, and how numbers and times become those."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Literal, NamedTuple

MICRO = 1_000_000  # micro-units in one unit of money, and microseconds in a second
DAY = 86_400 * MICRO  # microseconds
LARGEST_VALUE = 10**12
MISSING = "(none)"  # a segment's value when the context did not tell it
LONGEST_SEGMENT_VALUE = 64
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EventType = Literal["exposure", "conversion"]
Scalar = str | int | float | bool | None

_PLAIN = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,6})0*)?")
_EXACT = Context(prec=80)  # more digits than the pattern below lets in
_SCIENTIFIC = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")


class EventRecord(NamedTuple):
    """One event as the log stores it; members that its type does not have are None.

    Times are microseconds since the epoch (UTC), `value` micro-units. `digest` tells two contents under one
    id apart. `counted` is false for exposures that are kept but stay out of results, as of forced units.
    """

    event_id: str
    type: EventType
    unit_id: str
    name: str | None
    experiment_id: int | None
    variant: str | None
    phase: int | None
    occurred_at: int
    received_at: int
    value: int | None
    currency: str | None
    payload: str
    digest: int
    counted: bool


def microseconds(moment: datetime) -> int:
    """Whole microseconds from the epoch to an aware datetime."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(since_epoch: int) -> datetime:
    """The aware UTC datetime of a count of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=since_epoch)


def micro_units(text: str) -> int:
    """The number that a text spells, in millionths: "20.1" gives 20,100,000.

    Raises:
        ValueError: It is no decimal number, has more than 6 decimals, or is beyond ±1e12.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        return _unusual(text)
    sign, whole, decimals = match.groups("")
    scaled = int(whole) * MICRO + int(decimals.ljust(6, "0"))
    return _bounded(-scaled if sign else scaled)


def _unusual(text: str) -> int:
    """The same for a number with an exponent or many digits."""
    if _SCIENTIFIC.fullmatch(text) is None:
        raise ValueError("must be a decimal number, like 20.00 or -5")
    scaled = Decimal(text).scaleb(6, _EXACT)
    if scaled != scaled.to_integral_value():
        raise ValueError("must have at most 6 decimals")
    return _bounded(int(scaled))


def _bounded(scaled: int) -> int:
    if abs(scaled) > LARGEST_VALUE * MICRO:
        raise ValueError("must be between -1e12 and 1e12")
    return scaled


def segment_values(segments: tuple[str, ...], context: Mapping[str, Scalar]) -> tuple[str, ...]:
    """The value of each segment's attribute in a context, as text of at most 64 characters."""
    return tuple(_as_text(context.get(segment)) for segment in segments)


def _as_text(value: Scalar) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 87.0 and 87 are one number in JSON
    return str(value)[:LONGEST_SEGMENT_VALUE]
