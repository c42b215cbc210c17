"""The tables of one metric: each variant's numerator, denominator and rate, and each treatment's lift."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.results import (
    Absolute,
    Adjusted,
    MetricReading,
    MetricResult,
    Unavailable,
    VariantResult,
)
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
        *_adjusted_lifts(caption, metric, reading, labels=labels),
    )


def _variants(
    caption: str, metric: MetricResult, reading: MetricReading, *, unit: str, labels: tuple[str, ...]
) -> Table:
    notes = Notes()
    level = _level(reading)
    columns = (
        Column("Variant", False),
        *_above(metric),
        Column(f"Participants ({unit})"),
        Column(_value(metric)),
        Column(f"{level} interval" if level else "Interval"),
    )
    rows = tuple(
        (
            one.key,
            *_what_they_did(one),
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


def _adjusted_lifts(
    caption: str, metric: MetricResult, reading: MetricReading, *, labels: tuple[str, ...]
) -> tuple[Table, ...]:
    """The lifts adjusted by what was measured before the exposure, where anything was."""
    treatments = [one for one in reading.variants if one.adjusted is not None]
    if not treatments:
        return ()
    notes, unit = Notes(), cells.unit(metric.kind)
    rows = tuple(_adjusted_lift(metric, one, notes) for one in treatments)
    columns = (
        Column("Variant", False),
        Column(f"Adjusted lift{unit} (interval)"),
        Column("p"),
        Column(f"Always-valid interval{unit}"),
        Column("Variance saved"),
        Column("What it is worth", False),
    )
    beside = f"{caption}: adjusted by what was measured before the exposure; it does not decide"
    return (Table(beside, columns, rows, labels, notes.lines),)


def _adjusted_lift(metric: MetricResult, one: VariantResult, notes: Notes) -> tuple[str, ...]:
    found, kind = one.adjusted, metric.kind
    if not isinstance(found, Adjusted):
        return (one.key, *[notes.cell(found, str)] * 5)
    return (
        one.key,
        cells.bare(cells.lift_with_interval(found.estimate, found.interval, rate=cells.is_rate(kind))),
        notes.cell(found.p_value, wording.p_value),
        notes.cell(found.sequential, cells.sequential(kind)),
        wording.percent(found.variance_saved),
        "a narrower interval" if found.helps else "nothing: the plain lift is as good",
    )


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


def _above(metric: MetricResult) -> tuple[Column, ...]:
    """What the value is made of, beside the participants."""
    if metric.kind == "ratio":
        return Column("Numerator"), Column("Denominator")
    return (Column(_numerator(metric)),)


def _what_they_did(one: VariantResult) -> tuple[str, ...]:
    if one.numerator is None or one.denominator is None:
        return (wording.count(one.conversions),)
    return _amount(one.numerator), _amount(one.denominator)


def _amount(value: float) -> str:
    return wording.count(int(value)) if value.is_integer() else wording.number(value)


def _numerator(metric: MetricResult) -> str:
    if metric.kind == "time":
        return "With the event"
    return "Conversions" if cells.is_rate(metric.kind) else "With a value"


def _value(metric: MetricResult) -> str:
    if metric.kind == "ratio":
        return "Ratio"
    if metric.quantile is not None:
        return "Median" if metric.quantile == 0.5 else f"Quantile at {metric.quantile:g}"
    if metric.kind == "time":
        return "Mean time"
    return "Rate" if cells.is_rate(metric.kind) else "Mean"


def _level(reading: MetricReading) -> str | None:
    """The level of the intervals, where there is one."""
    levels = [one.absolute.level for one in reading.variants if isinstance(one.absolute, Absolute)]
    return wording.level(levels[0]) if levels else None
