"""A table with one row a unit, read once and turned into the same input that events give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from experiments.analysis.columns import MetricColumn, metrics_of
from experiments.analysis.data import ExperimentData
from experiments.analysis.rows import Reader
from experiments.errors import InvalidInput
from experiments.model.experiment import Plan, Source
from experiments.model.metric import PRIMARY_KINDS, Metric


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
    return data_from_reader(
        read_rows(rows, unit, variant, metrics),
        unit=unit,
        variant=variant,
        control=control,
        metrics=metrics,
        as_of=as_of,
        options=options,
    )


def read_rows(
    rows: Iterable[Mapping[str, Any]], unit: str, variant: str, metrics: Sequence[MetricColumn]
) -> Reader:
    """The rows, added up; as `data_from_table`.

    Raises:
        InvalidInput: A row is at fault.
    """
    reader = Reader(unit, variant, metrics, metrics_of(metrics))
    for number, row in enumerate(rows, start=1):
        reader.take(number, row)
    return reader


def data_from_reader(
    reader: Reader,
    *,
    unit: str,
    variant: str,
    control: str,
    metrics: Sequence[MetricColumn],
    as_of: datetime,
    options: TableOptions | None = None,
) -> ExperimentData:
    """The analysis's input from a table that has been read; as `data_from_table`.

    Raises:
        InvalidInput: There is no control or nothing to compare it with.
    """
    chosen = options or TableOptions()
    found = metrics_of(metrics)
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
        bins=reader.bins(),
        moments=reader.moments(),
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
