"""Figures of claims as they were computed last, and the cohorts that they are computed from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import Connection, func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from experiments.messages.claims import Deed
from experiments.model.claim import Figure
from service.storage.statements import statements
from service.storage.tables import ClaimFigureRow, ExperimentRow, ParticipantRow

MOST_UNITS = 50_000
CHUNK = 500

_figure, _part = ClaimFigureRow, ParticipantRow


def figures(session: Session, project_id: int) -> dict[tuple[str, str], Figure]:
    """The project's figures, by error code and name."""
    rows = session.exec(select_rows(_figure).where(_figure.project_id == project_id))
    return {
        (row.error_code, row.name): Figure(
            None if row.value is None else Decimal(row.value), row.sample, row.computed_at
        )
        for row in rows
    }


def put(session: Session, project_id: int, error_code: str, name: str, figure: Figure) -> None:
    """Keeps a figure in place of the one before."""
    row = session.get(_figure, (project_id, error_code, name)) or ClaimFigureRow(
        project_id=project_id,
        error_code=error_code,
        name=name,
        value=None,
        sample=0,
        computed_at=figure.computed_at,
    )
    row.value = None if figure.value is None else str(figure.value)
    row.sample, row.computed_at = figure.sample, figure.computed_at
    session.add(row)


def cohort(
    connection: Connection, project_id: int, error_code: str, since: int, until: int
) -> dict[str, int]:
    """The units first exposed at this wall in that time, each with when; of very many the newest."""
    first = func.min(col(_part.first_exposure_at))
    query = (
        select(col(_part.unit_id), first)
        .join(ExperimentRow, col(ExperimentRow.id) == col(_part.experiment_id))
        .where(col(_part.project_id) == project_id, col(ExperimentRow.error_code) == error_code)
        .group_by(col(_part.unit_id))
        .having(first >= since, first < until)
        .order_by(first.desc(), col(_part.unit_id))
        .limit(MOST_UNITS)
    )
    return {unit_id: int(at) for unit_id, at in connection.execute(query)}


def deeds(connection: Connection, project_id: int, event: str, units: dict[str, int]) -> Iterator[list[Deed]]:
    """Of each unit, its events of this name after its wall."""
    listed = list(units)
    for start in range(0, len(listed), CHUNK):
        chunk = listed[start : start + CHUNK]
        found: defaultdict[str, list[Deed]] = defaultdict(list)
        for unit, _, name, at, value, currency in statements(connection).conversions_of(
            connection, project_id, chunk, None
        ):
            if name == event and at >= units[unit]:
                found[unit].append(Deed(at - units[unit], value, currency))
        yield from (found[unit] for unit in chunk)
