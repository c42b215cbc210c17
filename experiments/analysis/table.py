"""A table with one row a unit, read once and turned into the same input that events give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from experiments.analysis.data import ExperimentData
from experiments.errors import InvalidInput
from experiments.model.experiment import Plan, Source
from experiments.model.metric import (
    PRIMARY_KINDS,
    ConversionMetric,
    EventSource,
    MeanMetric,
    Metric,
    RatioMetric,
    RetentionMetric,
    TimeMetric,
)
from experiments.model.tally import Cell, Tally

SCALE = 1_000_000
LARGEST_VALUE = 10**12
LONGEST_NUMBER = 60  # characters: a float written out in full has up to 25, an amount less
MOST_VARIANTS = 20
KINDS = ("conversion", "retention", "mean", "ratio", "time")
TRUE, FALSE = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """Which column holds a metric, and of what kind the metric is."""

    key: str
    kind: str
    column: str
    denominator: str | None = None

    @classmethod
    def parsed(cls, text: str) -> MetricColumn:
        """The specification `NAME=KIND:COLUMN[,denominator=COLUMN]`.

        Raises:
            InvalidInput: It is not written so, or asks for what this version does not do.
        """
        key, equals, rest = text.partition("=")
        kind, colon, columns = rest.partition(":")
        column, *options = columns.split(",")
        if not (key and equals and colon and column):
            raise InvalidInput.at(
                "/metrics", f"{text!r} must be NAME=KIND:COLUMN, like retained=conversion:retention_7."
            )
        if kind not in KINDS:
            raise InvalidInput.at("/metrics", f"{text!r}: kind {kind!r} must be one of {', '.join(KINDS)}.")
        return cls(key, kind, column, _denominator(text, kind, options))


@dataclass(frozen=True, slots=True)
class TableVariant:
    """One value of the variant column."""

    key: str
    control: bool


@dataclass(frozen=True)
class TableExperiment:
    """What stands in for a definition when there is only a table."""

    key: str
    variants: tuple[TableVariant, ...]
    shares: Mapping[str, Fraction]
    plan: Plan
    unit: str
    source: Source | None = None
    simulated: bool = False
    hypothesis: str = ""
    assignment: str = "external"

    @property
    def control(self) -> TableVariant:
        """The variant that the others are compared with."""
        return next(variant for variant in self.variants if variant.control)


def data_from_table(
    rows: Iterable[Mapping[str, Any]],
    *,
    unit: str,
    variant: str,
    control: str,
    metrics: Sequence[MetricColumn],
    as_of: datetime,
    options: TableOptions | None = None,
) -> ExperimentData:
    """The analysis's input from a table's rows, which are read once and not kept.

    Args:
        rows: One mapping a unit, column to value: texts as a CSV reader gives them, or numbers and booleans.
        unit, variant: The columns that hold them.
        control: The value of the variant column that the others are compared with.
        metrics: The first that this version can compare is the primary one.
        as_of: The moment that the results carry.

    Raises:
        InvalidInput: A column is missing, a value does not fit its metric, a unit has two rows of one
            variant, or there is no control or nothing to compare it with. Row and column are named.
    """
    chosen = options or TableOptions()
    found = _metrics(metrics)
    reader = _Reader(unit, variant, tuple(metrics))
    for number, row in enumerate(rows, start=1):
        reader.take(number, row)
    definition = TableExperiment(
        key=chosen.key,
        variants=_variants(reader.names, control, variant),
        shares=_shares(reader.names, chosen.weights),
        plan=chosen.plan or _plan(found),
        unit=unit,
        source=chosen.source,
        simulated=chosen.simulated,
    )
    return ExperimentData(
        definition=definition,
        status="stopped",
        revision=1,
        phases=(),
        metrics=found,
        started_at=None,
        cells=reader.cells(),
        as_of=as_of,
        events_folded_to=None,
        dated=False,
    )


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What a table does not say of itself.

    Attributes:
        weights: The intended weight of each variant; equal where none are given.
        plan: How to judge; made from the metrics' order where none is given.
    """

    key: str = "table"
    weights: Mapping[str, Fraction] | None = None
    plan: Plan | None = None
    source: Source | None = None
    simulated: bool = False


@dataclass(slots=True)
class _Unit:
    variant: str
    row: int
    values: tuple[int, ...]
    crossed: bool = False


@dataclass(slots=True)
class _Sum:
    participants: int = 0
    totals: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def add(self, values: tuple[int, ...], sign: int) -> None:
        self.participants += sign
        for place, value in enumerate(values):
            total, squares, conversions = self.totals.get(place, (0, 0, 0))
            self.totals[place] = (
                total + sign * value,
                squares + sign * value * value,
                conversions + sign * (value != 0),
            )


class _Reader:
    """Adds rows up by variant; a unit's values are kept only to take them out again if it turns up twice."""

    def __init__(self, unit: str, variant: str, metrics: tuple[MetricColumn, ...]) -> None:
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
        values = tuple(_value(number, row, metric) for metric in self._metrics)
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
            for place, (total, squares, conversions) in found.totals.items():
                tally = Tally(n=found.participants, total=total, squares=squares, conversions=conversions)
                cells.append((Cell(variant, 1, self._metrics[place].key, 0, "", "", crossed), tally))
        return cells


def _denominator(text: str, kind: str, options: Sequence[str]) -> str | None:
    denominator: str | None = None
    for option in options:
        name, _, column = option.partition("=")
        if name == "covariate" and column:
            raise InvalidInput.at(
                "/metrics", f"{text!r}: this version does not adjust by a covariate; leave it out."
            )
        if name != "denominator" or not column or kind != "ratio":
            raise InvalidInput.at(
                "/metrics", f"{text!r}: {option!r} must be denominator=COLUMN, and of a ratio."
            )
        denominator = column
    return denominator


def _metrics(columns: Sequence[MetricColumn]) -> tuple[Metric, ...]:
    keys = [column.key for column in columns]
    for key in keys:
        if keys.count(key) > 1:
            raise InvalidInput.at("/metrics", f"{key!r} is given twice; give each metric its own name.")
    if not any(column.kind in PRIMARY_KINDS for column in columns):
        raise InvalidInput.at(
            "/metrics", f"No metric is one of {', '.join(PRIMARY_KINDS)}, so there is nothing to compare."
        )
    try:
        return tuple(_metric(column) for column in columns)
    except ValidationError as error:
        raise InvalidInput.at(
            "/metrics", f"A metric's name is at fault: {error.errors()[0]['msg']}."
        ) from None


def _metric(column: MetricColumn) -> Metric:
    if column.kind == "conversion":
        return ConversionMetric(key=column.key, kind="conversion", event=column.key)
    if column.kind == "retention":
        return RetentionMetric(key=column.key, kind="retention", event=column.key, from_day=0, to_day=1)
    if column.kind == "mean":
        return MeanMetric(key=column.key, kind="mean", event=column.key)
    if column.kind == "time":
        return TimeMetric(key=column.key, kind="time", event=column.key)
    source = EventSource(event=column.key)
    return RatioMetric(key=column.key, kind="ratio", numerator=source, denominator=source)


def _plan(metrics: Sequence[Metric]) -> Plan:
    primary = next(metric.key for metric in metrics if metric.kind in PRIMARY_KINDS)
    return Plan(primary=primary, secondary=tuple(metric.key for metric in metrics if metric.key != primary))


def _variants(names: set[str], control: str, column: str) -> tuple[TableVariant, ...]:
    if control not in names:
        found = ", ".join(repr(name) for name in sorted(names)) or "no rows at all"
        raise InvalidInput.at(
            f"/{column}", f"No row has the control {control!r} in column {column!r}; found {found}."
        )
    others = sorted(names - {control})
    if not others:
        raise InvalidInput.at(
            f"/{column}", f"Every row has the control {control!r}, so there is nothing to compare."
        )
    return (TableVariant(control, True), *(TableVariant(name, False) for name in others))


def _shares(names: set[str], weights: Mapping[str, Fraction] | None) -> dict[str, Fraction]:
    if weights is None:
        return {name: Fraction(1, len(names)) for name in sorted(names)}
    strange = sorted(set(weights) - names)
    if strange or not sum(weights.values()):
        raise InvalidInput.at(
            "/weights", f"Weights must be of variants in the table and not all 0; strange: {strange}."
        )
    total = sum(weights.values())
    return {name: weights.get(name, Fraction(0)) / total for name in sorted(names)}


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


def _value(number: int, row: Mapping[str, Any], metric: MetricColumn) -> int:
    """The row's value in millionths; 1 or 0 for a rate."""
    written = str(_cell(number, row, metric.column)).strip()
    if metric.kind == "mean":
        return _micros(number, metric.column, written)
    if written.lower() in TRUE:
        return 1
    if written.lower() in FALSE:
        return 0
    raise InvalidInput.at(
        f"/{number}/{metric.column}",
        f"Row {number}: column {metric.column!r} holds {written[:40]!r}, must be 1 or 0, true or false.",
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
