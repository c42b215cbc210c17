"""What results read: cells and counts, never the log, so the number of events does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from sqlmodel import col

from experiments.model.tally import Cell, Tally
from service.storage import plans, watermark
from service.storage.columns import TALLY_CELL, TALLY_SUMS
from service.storage.tables import ConversionCountRow, ExposureDayRow, TallyBinRow, TallyRow

RECENT_DAYS = 7  # how far back the lag of events is looked at

Cells = list[tuple[Cell, Tally]]
Bins = list[tuple[Cell, int, Tally]]
_CELL = [
    *(col(TallyRow.variant), col(TallyRow.phase), col(TallyRow.metric), col(TallyRow.day)),
    *(col(TallyRow.segment), col(TallyRow.segment_value), col(TallyRow.crossed)),
]
_SUMS = [
    *(col(TallyRow.n), col(TallyRow.total), col(TallyRow.squares), col(TallyRow.covariate)),
    *(col(TallyRow.covariate_squares), col(TallyRow.cross_product), col(TallyRow.conversions)),
]


class ExposureCounts(NamedTuple):
    """What the events of an experiment and its project say about their own soundness.

    Doubly exposed units stand in the cells that are marked crossed. Unmatched conversions are those of the
    project that no metric of any experiment counts: the unit was never exposed, or no window holds the time.
    """

    exposures: int = 0
    uncounted: int = 0  # of forced units, or after the stop
    fallbacks: int = 0
    moved_by_phase: int = 0
    lag_mean: float | None = None  # microseconds from occurred to received, of the last days with exposures
    lag_highest: int | None = None
    last_received_at: int | None = None
    conversions: int = 0
    unmatched_conversions: int = 0


def cells(connection: Connection, experiment_id: int, *, segment: str = "") -> Cells:
    """All cells of an experiment: of everybody, or split by one declared segment.

    Each metric has a cell wherever there are participants, also where all of them are at 0.
    """
    table = TallyRow
    query = select(*_CELL, *_SUMS).where(
        col(table.experiment_id) == experiment_id, col(table.segment) == segment
    )
    found = dict(_parted(list(row)) for row in connection.execute(query.order_by(*_CELL)))
    metrics = [key for plan in plans.load(connection, [experiment_id]).values() for key in plan.shapes]
    return list(_completed(found, metrics))


def _parted(row: list[Any]) -> tuple[Cell, Tally]:
    return Cell(*row[: len(_CELL)]), Tally(*row[len(_CELL) :])


def _completed(found: dict[Cell, Tally], metrics: list[str]) -> Iterator[tuple[Cell, Tally]]:
    """The cells as stored hold no participants that are at 0: they are counted in the cell of no metric."""
    for cell, participants in found.items():
        if cell.metric:
            continue
        yield cell, participants
        for metric in metrics:
            here = cell._replace(metric=metric)
            yield here, replace(found.get(here, Tally()), n=participants.n)


def bins(connection: Connection, experiment_id: int, *, segment: str = "") -> Bins:
    """The bins of the cells of metrics that have bins, each with its edge: who is at 0 is in none.

    Rows that cannot be (the rest of a cell that was folded before there were bins) are left out, so the bins
    of such a cell do not add up to it, which the analysis looks at.
    """
    table = TallyBinRow
    columns = [getattr(table, name) for name in TALLY_CELL + TALLY_SUMS]
    query = select(*columns, col(table.bin)).where(
        col(table.experiment_id) == experiment_id, col(table.segment) == segment, col(table.n) > 0
    )
    rows = (list(row) for row in connection.execute(query))
    found = [(Cell(*row[: len(_CELL)]), row[-1], _possible(row[len(_CELL) : -1])) for row in rows]
    return sorted(((cell, edge, tally) for cell, edge, tally in found if tally is not None), key=_place)


def _place(row: tuple[Cell, int, Tally]) -> tuple[Cell, int]:
    return row[:2]


def _possible(sums: list[int]) -> Tally | None:
    try:
        return Tally(*sums)
    except ValueError:
        return None


def exposure_health(connection: Connection, project_id: int, experiment_id: int) -> ExposureCounts:
    """The counts of an experiment's exposures and its project's conversions."""
    day = ExposureDayRow
    mine = col(day.experiment_id) == experiment_id
    days = connection.execute(select(day).where(mine).order_by(col(day.day).desc())).all()
    if not days:
        return ExposureCounts(**_conversions(connection, project_id))
    recent = [one for one in days if one.day > days[0].day - RECENT_DAYS]
    arrived = sum(one.exposures + one.uncounted for one in recent)
    return ExposureCounts(
        exposures=sum(one.exposures for one in days),
        uncounted=sum(one.uncounted for one in days),
        fallbacks=sum(one.fallbacks for one in days),
        moved_by_phase=sum(one.moved for one in days),
        lag_mean=sum(one.lag_total for one in recent) / arrived,
        lag_highest=max(one.lag_max for one in recent),
        last_received_at=max(one.last_received_at for one in days),
        **_conversions(connection, project_id),
    )


def _conversions(connection: Connection, project_id: int) -> dict[str, int]:
    name = ConversionCountRow
    sums = select(func.coalesce(func.sum(name.events), 0), func.coalesce(func.sum(name.matched), 0))
    events, matched = connection.execute(sums.where(col(name.project_id) == project_id)).one()
    return {"conversions": int(events), "unmatched_conversions": int(events) - int(matched)}


def folded_to(connection: Connection) -> int | None:
    """When the newest event that is in the cells was received, in microseconds since the epoch."""
    return watermark.read(connection).folded_to


def waiting_since(connection: Connection) -> int | None:
    """When the oldest event that is not in the cells yet was received; None when all are in."""
    return watermark.oldest_pending(connection)
