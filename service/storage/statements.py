"""Which database's statements a connection needs: one set of names, two modules behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from service.storage import postgresql, sqlite
from service.storage.columns import Position, Row


class Statements(Protocol):
    """What sqlite.py and postgresql.py both offer; each works on many rows at once."""

    def insert_events(self, connection: Connection, rows: Sequence[Row]) -> dict[tuple[int, str], int]: ...

    def participants_of(
        self, connection: Connection, project_id: int, units: Sequence[str]
    ) -> Sequence[Row]: ...

    def conversions_of(
        self, connection: Connection, project_id: int, units: Sequence[str], upto: Position | None, /
    ) -> Sequence[Row]: ...

    def put_participants(self, connection: Connection, rows: Sequence[Row]) -> None: ...

    def add_tallies(self, connection: Connection, rows: Sequence[Row]) -> None: ...

    def add_tally_bins(self, connection: Connection, rows: Sequence[Row]) -> None: ...

    def add_exposure_days(self, connection: Connection, rows: Sequence[Row]) -> None: ...

    def add_conversion_counts(self, connection: Connection, rows: Sequence[Row]) -> None: ...


def statements(connection: Connection) -> Statements:
    """The statements of this connection's database."""
    return sqlite if connection.dialect.name == "sqlite" else postgresql
