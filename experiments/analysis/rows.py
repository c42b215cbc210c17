"""The rows of a table, one a unit, added up by variant as they are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from experiments.analysis.columns import MetricColumn
from experiments.errors import InvalidInput
from experiments.model.bins import bin_of, digits_of
from experiments.model.events import DAY
from experiments.model.metric import RATE_KINDS, MeanMetric, Metric, TimeMetric
from experiments.model.tally import Cell, Tally
from experiments.stats.regression import MomentSums

SCALE = 1_000_000
LARGEST_VALUE = 10**12
LONGEST_NUMBER = 60  # characters: a float written out in full has up to 25, an amount less
MOST_VARIANTS = 20
TRUE, FALSE = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})

Further = dict[int, tuple[int, ...]]
"""By metric's place a unit's covariates after the first."""
Values = tuple[tuple[int, int, bool], ...]
"""For each metric a unit's outcome, its denominator or covariate (0 where it has none), and whether it had an
event."""


@dataclass(slots=True)
class _Unit:
    variant: str
    row: int
    values: Values
    further: Further
    crossed: bool = False


@dataclass(slots=True)
class _Sum:
    """The participants of a variant, and for each metric the members of their tally, and those of its bins.

    Attributes:
        digits: How finely each metric is binned; None where it has no bins.
    """

    digits: Sequence[int | None]
    participants: int = 0
    totals: dict[int, list[int]] = field(default_factory=dict)
    bins: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    moments: dict[int, list[int]] = field(default_factory=dict)

    def add(self, values: Values, further: Further, sign: int) -> None:
        self.participants += sign
        for place, covariates in further.items():
            vector = (values[place][0], values[place][1], *covariates)
            sums = [*vector, *(a * b for a in vector for b in vector)]
            _plus(self.moments.setdefault(place, [0] * len(sums)), sums, sign)
        for place, (y, x, event) in enumerate(values):
            members = (y, y * y, x, x * x, x * y, int(event))
            _plus(self.totals.setdefault(place, [0] * 6), members, sign)
            digits = self.digits[place]
            if digits is not None and any(members):
                by_bin = self.bins.setdefault((place, bin_of(y, digits)), [0] * 7)
                _plus(by_bin, (1, *members), sign)


def _plus(sums: list[int], members: Sequence[int], sign: int) -> None:
    for member, value in enumerate(members):
        sums[member] += sign * value


class Reader:
    """Adds rows up by variant; a unit's values are kept only to take them out again if it turns up twice.

    Args:
        unit, variant: The columns that hold them.
        columns: The metrics' columns.
        metrics: The metrics of these columns.
    """

    def __init__(
        self, unit: str, variant: str, columns: Sequence[MetricColumn], metrics: Sequence[Metric]
    ) -> None:
        self._unit, self._variant = unit, variant
        self._metrics = tuple(zip(columns, metrics, strict=True))
        digits = [digits_of(metric) for metric in metrics]
        self._units: dict[str, _Unit] = {}
        self._sums: dict[tuple[str, bool], _Sum] = defaultdict(lambda: _Sum(digits))
        self.names: set[str] = set()

    def take(self, number: int, row: Mapping[str, Any]) -> None:
        """Adds one row.

        Raises:
            InvalidInput: Something in it is at fault.
        """
        unit, variant = _text(number, row, self._unit), _text(number, row, self._variant)
        self.names.add(variant)
        if len(self.names) > MOST_VARIANTS:
            raise InvalidInput.at(
                f"/{number}/{self._variant}",
                f"Row {number}: column {self._variant!r} has over {MOST_VARIANTS} values, is it right?",
            )
        values = tuple(_values(number, row, column, metric) for column, metric in self._metrics)
        further = {
            place: tuple(_beside(number, row, name) for name in column.further)
            for place, (column, _) in enumerate(self._metrics)
            if column.further
        }
        before = self._units.get(unit)
        if before is None:
            self._units[unit] = _Unit(variant, number, values, further)
            self._sums[variant, False].add(values, further, 1)
            return
        self._cross(number, unit, before, variant)

    def include(
        self,
        variant: str,
        participants: int,
        totals: Mapping[int, Sequence[int]],
        bins: Mapping[tuple[int, int], Sequence[int]],
    ) -> None:
        """Adds the sums of rows that somebody else has read, whose units are in no row taken here.

        Args:
            totals: By metric's place the sums of y, y², x, x², x y and the number of units with an event.
            bins: By metric's place and bin the same, behind the number of units that are not at 0.
        """
        self.names.add(variant)
        found = self._sums[variant, False]
        found.participants += participants
        for place, members in totals.items():
            _plus(found.totals.setdefault(place, [0] * 6), members, 1)
        for where, members in bins.items():
            _plus(found.bins.setdefault(where, [0] * 7), members, 1)

    def _cross(self, number: int, unit: str, before: _Unit, variant: str) -> None:
        if before.variant == variant:
            raise InvalidInput.at(
                f"/{number}/{self._unit}",
                f"Row {number}: unit {unit[:80]!r} is in row {before.row} too; a table has one row a unit.",
            )
        if not before.crossed:
            before.crossed = True
            self._sums[before.variant, False].add(before.values, before.further, -1)
            self._sums[before.variant, True].add(before.values, before.further, 1)

    def cells(self) -> list[tuple[Cell, Tally]]:
        """All that was read, as cells of one phase and one day."""
        cells: list[tuple[Cell, Tally]] = []
        for (variant, crossed), found in sorted(self._sums.items()):
            if found.participants == 0:
                continue
            cells.append((Cell(variant, 1, "", 0, "", "", crossed), Tally(n=found.participants)))
            for place, sums in found.totals.items():
                cells.append((self._cell(variant, place, crossed), Tally(found.participants, *sums)))
        return cells

    def bins(self) -> list[tuple[Cell, int, Tally]]:
        """The cells of metrics that have bins, by bin."""
        return [
            (self._cell(variant, place, crossed), edge, Tally(*sums))
            for (variant, crossed), found in sorted(self._sums.items())
            for (place, edge), sums in sorted(found.bins.items())
            if sums[0]
        ]

    def moments(self) -> dict[tuple[str, str], MomentSums]:
        """By metric and variant, for the metrics that have several covariates."""
        found: dict[tuple[str, str], MomentSums] = {}
        for (variant, crossed), sums in sorted(self._sums.items()):
            for place, members in sums.moments.items() if not crossed and sums.participants else ():
                column, metric = self._metrics[place]
                size = 2 + len(column.further)
                rows = [members[start : start + size] for start in range(size, len(members), size)]
                outcome = 1 if metric.kind in RATE_KINDS else SCALE
                found[column.key, variant] = MomentSums(
                    sums.participants,
                    tuple(members[:size]),
                    tuple(map(tuple, rows)),
                    (outcome, *[SCALE] * (size - 1)),
                )
        return found

    def _cell(self, variant: str, place: int, crossed: bool) -> Cell:
        return Cell(variant, 1, self._metrics[place][0].key, 0, "", "", crossed)


def _cell(number: int, row: Mapping[str, Any], column: str) -> Any:
    try:
        value = row[column]
    except KeyError:
        known = ", ".join(repr(name) for name in row if name is not None)
        raise InvalidInput.at(
            f"/{number}/{column}", f"Row {number}: there is no column {column!r}; found {known}."
        ) from None
    if value is None or (isinstance(value, str) and not value.strip()):
        raise InvalidInput.at(f"/{number}/{column}", f"Row {number}: column {column!r} is empty.")
    return value


def _text(number: int, row: Mapping[str, Any], column: str) -> str:
    return str(_cell(number, row, column)).strip()


def _values(
    number: int, row: Mapping[str, Any], column: MetricColumn, metric: Metric
) -> tuple[int, int, bool]:
    """The row's outcome (1 or 0 for a rate, else millionths), what stands beside it, if it had an event."""
    beside = 0 if column.beside is None else _beside(number, row, column.beside)
    if isinstance(metric, TimeMetric):
        return _time(number, row, column.column, metric.window_days * DAY)
    written = _text(number, row, column.column)
    if metric.kind in RATE_KINDS:
        outcome = _yes_or_no(number, column.column, written)
    else:
        outcome = _micros(number, column.column, written)
    if isinstance(metric, MeanMetric) and metric.cap_value is not None:
        cap = int(metric.cap_value * SCALE)
        outcome, beside = min(outcome, cap), min(beside, cap)
    return outcome, beside, outcome != 0


def _time(number: int, row: Mapping[str, Any], column: str, whole: int) -> tuple[int, int, bool]:
    """Microseconds to the event; an empty cell, and a time beyond the window, say that it never came."""
    value = row[column] if column in row else _cell(number, row, column)
    if value is None or not str(value).strip():
        return 0, 0, False
    microseconds = _micros(number, column, str(value).strip())
    if microseconds < 0:
        raise InvalidInput.at(
            f"/{number}/{column}",
            f"Row {number}: column {column!r} holds {str(value)[:40]!r}, must be seconds from 0 on or empty.",
        )
    return (microseconds, 0, True) if microseconds < whole else (0, 0, False)


def _beside(number: int, row: Mapping[str, Any], column: str) -> int:
    """A denominator or covariate: a number, or yes or no."""
    written = _text(number, row, column)
    if written.lower() in TRUE:
        return SCALE
    return 0 if written.lower() in FALSE else _micros(number, column, written)


def _yes_or_no(number: int, column: str, written: str) -> int:
    if written.lower() in TRUE:
        return 1
    if written.lower() in FALSE:
        return 0
    raise InvalidInput.at(
        f"/{number}/{column}",
        f"Row {number}: column {column!r} holds {written[:40]!r}, must be 1 or 0, true or false.",
    )


def _micros(number: int, column: str, written: str) -> int:
    """The value in whole millionths, halves to the even one."""
    try:
        value = Decimal(written) if len(written) <= LONGEST_NUMBER else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > LARGEST_VALUE:
        raise InvalidInput.at(
            f"/{number}/{column}",
            f"Row {number}: column {column!r} holds {written[:40]!r}, must be a number up to 1e12.",
        )
    return int((value * SCALE).to_integral_value())
