"""Times to an event in a report: a curve for each variant, its points in a table, and the log-rank test."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analysis import wording
from experiments.analysis.results import MetricResult, Unavailable
from experiments.analysis.times import Curve, LogRank, Waiting
from experiments.stats.survival import MedianTime, Point
from service.reports.blocks import Block, Column, Curves, Line, Paragraph, Table
from service.reports.cells import Notes

MARKS = (1 / 48, 1 / 24, 1 / 12, 1 / 6, 1 / 3, 2 / 3, 1.0)
"""The shares of the window at which the table shows how many have had the event."""


def waiting(metric: MetricResult, labels: tuple[str, ...]) -> list[Block]:
    """The curves of a time, each phase by itself; nothing for other kinds."""
    found = metric.waiting
    if found is None:
        return []
    if isinstance(found, Unavailable):
        return [Paragraph(f"The curves of {metric.key} are not shown because: {found.reason}", "warning")]
    blocks: list[Block] = []
    phases = sorted({curve.phase for curve in found.curves})
    for phase in phases:
        curves = [curve for curve in found.curves if curve.phase == phase]
        where = metric.key if len(phases) == 1 else f"{metric.key}, phase {phase}"
        lines = tuple(_line(curve) for curve in curves)
        blocks.append(Curves(f"{where}: share who have had the event", found.horizon_seconds, lines, labels))
        blocks.append(_table(where, found, curves, labels))
    return [*blocks, *(Paragraph(_tested(one)) for one in found.log_rank)]


def _line(curve: Curve) -> Line:
    return Line(curve.variant, tuple((point.time, 1 - point.share) for point in curve.points))


def _table(where: str, found: Waiting, curves: Sequence[Curve], labels: tuple[str, ...]) -> Table:
    notes = Notes()
    times = [round(found.horizon_seconds * mark) for mark in MARKS]
    columns = (
        Column("Variant", False),
        Column("Half of them after (interval)"),
        *(Column(f"within {wording.duration(time)}") for time in times),
    )
    rows = tuple(
        (
            curve.variant,
            notes.cell(curve.median, _median),
            *(_share_at(curve.points, time) for time in times),
        )
        for curve in curves
    )
    return Table(f"{where}: share who have had the event (interval)", columns, rows, labels, notes.lines)


def _median(found: MedianTime) -> str:
    upper = "not known yet" if found.upper is None else wording.duration(found.upper)
    return f"{wording.duration(found.estimate)} ({wording.duration(found.lower)} to {upper})"


def _share_at(points: Sequence[Point], time: int) -> str:
    """The share who have had the event by then, with its interval; nobody before the first event."""
    passed = [point for point in points if point.time <= time]
    if not passed:
        return wording.percent(0.0)
    last = passed[-1]
    lower, upper = 1 - last.interval.upper, 1 - last.interval.lower
    return f"{wording.percent(1 - last.share)} ({wording.percent(lower)} to {wording.percent(upper)})"


def _tested(one: LogRank) -> str:
    if isinstance(one.test, Unavailable):
        return f"{one.variant} against the control over the whole window: no test, because: {one.test.reason}"
    return (
        f"{one.variant} against the control over the whole window: log-rank test, "
        f"{wording.with_p(one.test.p_value)}. It sees little where the curves cross."
    )
