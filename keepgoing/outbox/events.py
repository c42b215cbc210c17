"""Exposures and conversions as the wire has them, and the checks that a host's conversion passes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from keepgoing.evaluation.assign import fits

if TYPE_CHECKING:
    from decimal import Decimal

LONGEST_NAME = 128
LARGEST_PROPERTIES_BYTES = 16 * 1024
LARGEST_VALUE = 10**12
VALUE_DECIMALS = 6

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def conversion(
    name: str,
    unit_id: str,
    *,
    event_id: str,
    occurred_at: str,
    value: object = None,
    currency: object = None,
    properties: object = None,
) -> bytes:
    """One conversion in JSON.

    Raises:
        ValueError: Something is not what it must be; the text names it.
    """
    if not fits(unit_id):
        raise ValueError("unit_id must be text of 1 to 256 characters")
    event: dict[str, Any] = {
        "type": "conversion",
        "event_id": event_id,
        "name": checked_text(name, "name"),
        "unit_id": unit_id,
        "occurred_at": occurred_at,
    }
    if value is not None:
        event["value"] = decimal_text(value)
    if currency is not None:
        event["currency"] = currency_code(currency)
    if properties is not None:
        event["properties"] = checked_properties(properties)
    return _encoder.encode(event).encode()


def exposure(
    facts: Mapping[str, Any],
    unit_id: str,
    context: Mapping[str, Any],
    *,
    event_id: str,
    occurred_at: str,
    fallback: bool,
) -> bytes:
    """One exposure in JSON; `facts` are error code, experiment, variant, phase and revision."""
    return _encoder.encode(
        {
            "type": "exposure",
            "event_id": event_id,
            "unit_id": unit_id,
            "occurred_at": occurred_at,
            "context": dict(context),
            "fallback": fallback,
            **facts,
        }
    ).encode()


def checked_text(value: object, name: str) -> str:
    """A name or id as it may stand on the wire: an int or UUID becomes its text.

    Raises:
        ValueError: It is empty, too long, or holds what cannot be sent.
    """
    text = str.__str__(value) if isinstance(value, str) else str(value)
    if value is None or isinstance(value, bool | bytes) or not 0 < len(text) <= LONGEST_NAME:
        raise ValueError(f"{name} must be text of 1 to {LONGEST_NAME} characters")
    if not text.isprintable():
        raise ValueError(f"{name} must have no control characters")
    return text


def decimal_text(value: object) -> str:
    """The number in plain decimal notation, rounded to 6 decimals, which is what the service keeps.

    A float counts by its shortest form, so 19.99 is 19.99.

    Raises:
        ValueError: It is no finite decimal number, or beyond ±1e12.
    """
    from decimal import Decimal

    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"value is {type(value).__name__}, must be a number or the text of one")
    try:
        exact = Decimal(repr(float(value)) if isinstance(value, float) else value)
        if not exact.is_finite() or exact.copy_abs() > LARGEST_VALUE:
            raise ValueError("value must be finite and between -1e12 and 1e12")
        return f"{_rounded(exact):f}"
    except ArithmeticError:
        raise ValueError("value must be a decimal number, like 20.00 or -5") from None


def _rounded(exact: Decimal) -> Decimal:
    from decimal import ROUND_HALF_EVEN, Context

    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -VALUE_DECIMALS:
        return exact
    return exact.quantize(
        type(exact)(10) ** -VALUE_DECIMALS, context=Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[])
    )


def currency_code(value: object) -> str:
    """An ISO 4217 code in capitals.

    Raises:
        ValueError: It has not three Latin letters.
    """
    if not isinstance(value, str) or len(value) != 3 or not value.isascii() or not value.isalpha():
        raise ValueError("currency must be an ISO 4217 code, like USD")
    return str.upper(value)


def checked_properties(value: object) -> Any:
    """The properties, shown to be JSON that the service takes.

    Raises:
        ValueError: They are no mapping, no JSON, too large or too deep, or hold a NUL or a lone surrogate.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"properties is {type(value).__name__}, must be a mapping")
    try:
        text = _encoder.encode(dict(value))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"properties must be JSON: {error}") from None
    if size > LARGEST_PROPERTIES_BYTES:
        raise ValueError(f"properties have {size} bytes, must be <= {LARGEST_PROPERTIES_BYTES}")
    if "\\u0000" in text:
        raise ValueError("properties must hold no NUL character")
    return json.loads(text)


def timestamp(moment: object, now: float) -> str:
    """A moment as RFC 3339 in UTC with microseconds; None is now.

    Args:
        moment: An aware datetime, or the text of one.
        now: Seconds since the epoch.

    Raises:
        ValueError: It is no moment, or has no offset.
    """
    if moment is None:
        moment = datetime.fromtimestamp(now, UTC)
    elif isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise ValueError("occurred_at must be a datetime with a time zone, or RFC 3339 text with an offset")
    try:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except OverflowError:
        raise ValueError("occurred_at is out of range") from None
