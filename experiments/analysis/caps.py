"""Means capped at a quantile: where the cap lies, and cells in which every value beyond it counts as the cap.

The cap is one number for all variants, read off all of them together, so it does not know how they differ. It
is the edge of a bin, so the capped sums follow from the bins to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from experiments.analysis.data import ExperimentData
from experiments.analysis.reading import Ledger, adaptive_shares, bins_at, cells_at, matured_through
from experiments.analysis.samples import INCOMPLETE
from experiments.errors import NotEnoughData
from experiments.model.metric import MeanMetric
from experiments.model.tally import Cell, Tally
from experiments.stats.winsor import edge_at

ALL_BELOW = "So few participants have a value that the quantile is 0, and nothing is capped."
Cells = list[tuple[Cell, Tally]]


@dataclass(frozen=True, slots=True)
class Cap:
    """Where a mean is capped.

    Attributes:
        share: The quantile that the metric asks for.
        value: The most that one participant counts with, in millionths; None where nothing is capped.
        is_fixed: Whether the participants of the minimum run have had their windows, so that it stays.
        reason: Why nothing is capped.
    """

    share: float
    value: int | None
    is_fixed: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The cells in order: as the metrics ask for them, and without the caps at quantiles."""

    capped: Ledger
    plain: Ledger
    caps: Mapping[str, Cap]

    def touched(self, metric: MeanMetric, *, through: int | None) -> dict[str, int]:
        """How many participants of each variant had a value beyond the cap, in the order of the names."""
        limit, found = self.caps[metric.key].value, dict[str, int]()
        for one in self.plain.binned(metric, through=through):
            beyond = sum(tally.n for edge, tally in one.by_edge.items() if limit is not None and edge > limit)
            found[one.place[1]] = found.get(one.place[1], 0) + beyond
        return dict(sorted(found.items()))


def ledgers_of(data: ExperimentData) -> Ledgers:
    """The cells of an experiment, with every metric that asks for it capped at its quantile."""
    cells, bins = cells_at(data), bins_at(data)
    shares = adaptive_shares(data)
    plain = Ledger(cells, bins, adaptive_shares=shares)
    asking = [one for one in data.metrics if isinstance(one, MeanMetric) and one.cap_quantile is not None]
    caps = {metric.key: _cap(data, plain, metric, metric.cap_quantile or 0.0) for metric in asking}
    limits = {key: cap.value for key, cap in caps.items() if cap.value is not None}
    if not limits:
        return Ledgers(plain, plain, caps)
    return Ledgers(Ledger(capped(cells, bins, limits), bins, adaptive_shares=shares), plain, caps)


def ledger_of(data: ExperimentData) -> Ledger:
    """The cells of an experiment in order, as its metrics ask for them."""
    return ledgers_of(data).capped


def capped(
    cells: Iterable[tuple[Cell, Tally]],
    bins: Iterable[tuple[Cell, int, Tally]],
    limits: Mapping[str, int],
) -> Cells:
    """The cells, those of metrics with a limit made again from their bins.

    Args:
        limits: By metric, the edge of a bin.
    """
    below: dict[Cell, Tally] = {}
    for cell, edge, tally in bins:
        if cell.metric in limits:
            below[cell] = below.get(cell, Tally()) + cut(edge, tally, limits[cell.metric])
    made: dict[Cell, Tally] = {}
    for cell, tally in cells:
        counted = Tally(n=tally.n) if cell.metric in limits else tally
        made[cell] = made[cell] + counted if cell in made else counted
    for cell, tally in below.items():
        made[cell] = replace(tally, n=made[cell].n)
    return list(made.items())


def cut(edge: int, tally: Tally, limit: int) -> Tally:
    """A bin's sums with every value beyond the limit put down to it."""
    if edge <= limit:
        return tally
    return replace(tally, total=tally.n * limit, squares=tally.n * limit**2, cross=tally.covariate * limit)


def _cap(data: ExperimentData, ledger: Ledger, metric: MeanMetric, share: float) -> Cap:
    """The cap: of the minimum run's participants once their windows have ended, else of all until now."""
    through, is_fixed = matured_through(data, metric), not data.dated
    days = ledger.exposure_days()
    if through is not None and days:
        minimum = days[0] + data.definition.plan.min_days - 1
        is_fixed = through >= minimum
        through = min(through, minimum) if through >= days[0] else None
    if not ledger.is_binned(metric):
        return Cap(share, None, reason=INCOMPLETE)
    try:
        edge = edge_at(_counts(ledger, metric, through), share)
    except NotEnoughData as error:
        return Cap(share, None, reason=error.detail)
    return Cap(share, edge, is_fixed) if edge > 0 else Cap(share, None, is_fixed, ALL_BELOW)


def _counts(ledger: Ledger, metric: MeanMetric, through: int | None) -> dict[int, int]:
    """How many participants of all variants together have a value in each bin."""
    counts: dict[int, int] = {}
    for one in ledger.binned(metric, through=through):
        for edge, tally in one.by_edge.items():
            counts[edge] = counts.get(edge, 0) + tally.n
        counts[0] = counts.get(0, 0) + one.participants - sum(tally.n for tally in one.by_edge.values())
    return counts
