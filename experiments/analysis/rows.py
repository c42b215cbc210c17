"""The rows of a table, one a unit, added up by variant as they are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from experiments.analysis.columns import MetricColumn
from experiments.errors import InvalidInput
from experiments.model.metric import PRIMARY_KINDS, RATE_KINDS
from experiments.model.tally import Cell, Tally

SCALE = 1_000_000
LARGEST_VALUE = 10**12
LONGEST_NUMBER = 60  # characters: a float written out in full has up to 25, an amount less
MOST_VARIANTS = 20
TRUE, FALSE = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})

Values = tuple[tuple[int, int], ...]
"""For each metric a unit's outcome, and its denominator or covariate (0 where it has none)."""


@dataclass(slots=True)
class _Unit:
    variant: str
    row: int
    values: Values
    crossed: bool = False


@dataclass(slots=True)
class _Sum:
    """The participants of a variant, and for each metric the members of their tally."""

    participants: int = 0
    totals: dict[int, list[int]] = field(default_factory=dict)

    def add(self, values: Values, sign: int) -> None:
        self.participants += sign
        for place, (y, x) in enumerate(values):
            sums = self.totals.setdefault(place, [0, 0, 0, 0, 0, 0])
            for member, value in enumerate((y, y * y, x, x * x, x * y, int(y != 0))):
                sums[member] += sign * value


class Reader:
    """Adds rows up by variant; a unit's values are kept only to take them out again if it turns up twice.

    Args:
        unit, variant: The columns that hold them.
        metrics: The metrics' columns; those of a kind that is not compared are left out.
    """

    def __init__(self, unit: str, variant: str, metrics: Sequence[MetricColumn]) -> None:
        self._unit, self._variant = unit, variant
        self._metrics = tuple(metric for metric in metrics if metric.kind in PRIMARY_KINDS)
        self._units: dict[str, _Unit] = {}
        self._sums: dict[tuple[str, bool], _Sum] = defaultdict(_Sum)
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
        values = tuple(_values(number, row, metric) for metric in self._metrics)
        before = self._units.get(unit)
        if before is None:
            self._units[unit] = _Unit(variant, number, values)
            self._sums[variant, False].add(values, 1)
            return
        self._cross(number, unit, before, variant)

    def _cross(self, number: int, unit: str, before: _Unit, variant: str) -> None:
        if before.variant == variant:
            raise InvalidInput.at(
                f"/{number}/{self._unit}",
                f"Row {number}: unit {unit[:80]!r} is in row {before.row} too; a table has one row a unit.",
            )
        if not before.crossed:
            before.crossed = True
            self._sums[before.variant, False].add(before.values, -1)
            self._sums[before.variant, True].add(before.values, 1)

    def cells(self) -> list[tuple[Cell, Tally]]:
        """All that was read, as cells of one phase and one day."""
        cells: list[tuple[Cell, Tally]] = []
        for (variant, crossed), found in sorted(self._sums.items()):
            if found.participants == 0:
                continue
            cells.append((Cell(variant, 1, "", 0, "", "", crossed), Tally(n=found.participants)))
            for place, sums in found.totals.items():
                cell = Cell(variant, 1, self._metrics[place].key, 0, "", "", crossed)
                cells.append((cell, Tally(found.participants, *sums)))
        return cells


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


def _values(number: int, row: Mapping[str, Any], metric: MetricColumn) -> tuple[int, int]:
    """The row's outcome (1 or 0 for a rate, else millionths) and what stands beside it, in millionths."""
    written = _text(number, row, metric.column)
    if metric.kind in RATE_KINDS:
        outcome = _yes_or_no(number, metric.column, written)
    else:
        outcome = _micros(number, metric.column, written)
    return outcome, 0 if metric.beside is None else _beside(number, row, metric.beside)


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
