"""Column types that hold the same value exactly on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

RowId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself in INTEGER only


def microseconds(moment: datetime) -> int:
    """Whole microseconds from the epoch to an aware datetime."""
    return (moment - EPOCH) // MICROSECOND


def moment(since_epoch: int) -> datetime:
    """The aware UTC datetime of a count of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=since_epoch)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since the epoch; read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """The count to store; a naive datetime is refused by the subtraction."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        """The stored moment in UTC."""
        return None if value is None else moment(int(value))


class ExactInteger(TypeDecorator[int]):
    """An integer of any size: the sum of squares of micro-units does not fit in 64 bits."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, whose numbers end at 64 bits."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        """What the driver takes."""
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> int | None:
        """The integer that was stored."""
        return None if value is None else int(value)
