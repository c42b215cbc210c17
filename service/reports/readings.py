"""The tables of one metric: each variant's numerator, denominator and rate, and each treatment's lift."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.results import Absolute, MetricReading, MetricResult, Unavailable, VariantResult
from service.reports import cells
from service.reports.blocks import Block, Column, Table
from service.reports.cells import Notes


def tables(
    caption: str, metric: MetricResult, reading: MetricReading, *, unit: str, labels: tuple[str, ...]
) -> tuple[Block, ...]:
    """What every variant did, and how the treatments compare with the control."""
    return (
        _variants(caption, metric, reading, unit=unit, labels=labels),
        *_phases(caption, metric, reading, labels=labels),
        _treatments(caption, metric, reading, labels=labels),
    )


def _variants(
    caption: str, metric: MetricResult, reading: MetricReading, *, unit: str, labels: tuple[str, ...]
) -> Table:
    notes = Notes()
    level = _level(reading)
    columns = (
        Column("Variant", False),
        Column(_numerator(metric)),
        Column(f"Participants ({unit})"),
        Column(_value(metric)),
        Column(f"{level} interval" if level else "Interval"),
    )
    rows = tuple(
        (
            one.key,
            wording.count(one.conversions),
            wording.count(one.participants),
            notes.cell(one.mean, cells.value_of(metric.kind)),
            notes.cell(one.interval, cells.range_of(metric.kind)),
        )
        for one in reading.variants
    )
    return Table(f"{caption}: each variant", columns, rows, labels, notes.lines)


def _treatments(
    caption: str, metric: MetricResult, reading: MetricReading, *, labels: tuple[str, ...]
) -> Table:
    notes = Notes()
    control, *treatments = reading.variants
    rows = tuple(_lift(metric, one, notes) for one in (*treatments, control))
    level, unit = _level(reading), cells.unit(metric.kind)
    columns = (
        Column("Variant", False),
        Column(f"Absolute lift{unit} ({level} interval)" if level else f"Absolute lift{unit}"),
        Column("p"),
        Column("p, adjusted"),
        Column("Relative lift (interval)"),
        Column(f"Always-valid interval{unit}"),
        Column("Chance to beat control"),
        Column("Chance to be best"),
        Column(f"Expected loss{unit}"),
    )
    return Table(f"{caption}: against {control.key}", columns, rows, labels, notes.lines)


def _lift(metric: MetricResult, one: VariantResult, notes: Notes) -> tuple[str, ...]:
    kind, bayesian = metric.kind, one.bayesian
    best = bayesian if isinstance(bayesian, Unavailable) or bayesian is None else bayesian.chance_to_be_best
    return (
        one.key,
        notes.cell(one.absolute, cells.absolute(kind)),
        notes.cell(_p_value(one), wording.p_value),
        notes.cell(_adjusted(one), wording.p_value),
        notes.cell(one.relative, cells.relative),
        notes.cell(one.sequential, cells.sequential(kind)),
        notes.cell(one.bayesian, cells.beats),
        notes.cell(best, wording.chance),
        notes.cell(one.bayesian, cells.loss(kind)),
    )


def _p_value(one: VariantResult) -> float | Unavailable | None:
    return one.absolute.p_value if isinstance(one.absolute, Absolute) else one.absolute


def _adjusted(one: VariantResult) -> float | Unavailable | None:
    if not isinstance(one.absolute, Absolute):
        return one.absolute
    return one.absolute.p_value if one.absolute.p_value_adjusted is None else one.absolute.p_value_adjusted


def _phases(
    caption: str, metric: MetricResult, reading: MetricReading, *, labels: tuple[str, ...]
) -> tuple[Table, ...]:
    """Each phase by itself, where there are several: they are compared within, then combined."""
    if len({one.phase for one in reading.phases}) < 2:
        return ()
    notes = Notes()
    rows = tuple(
        (
            f"phase {one.phase}, {one.variant}",
            wording.count(one.conversions),
            wording.count(one.participants),
            notes.cell(one.mean, cells.value_of(metric.kind)),
        )
        for one in reading.phases
    )
    columns = (
        Column("Phase", False),
        Column(_numerator(metric)),
        Column("Participants"),
        Column(_value(metric)),
    )
    return (Table(f"{caption}: phase by phase", columns, rows, labels, notes.lines),)


def _numerator(metric: MetricResult) -> str:
    return "Conversions" if cells.is_rate(metric.kind) else "With a value"


def _value(metric: MetricResult) -> str:
    return "Rate" if cells.is_rate(metric.kind) else "Mean"


def _level(reading: MetricReading) -> str | None:
    """The level of the intervals, where there is one."""
    levels = [one.absolute.level for one in reading.variants if isinstance(one.absolute, Absolute)]
    return wording.level(levels[0]) if levels else None
