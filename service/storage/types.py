"""Column types that hold the same value exactly on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from experiments.model.events import microseconds, moment

RowId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself in INTEGER only


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
