"""Lifts compared within each value of a segment and each phase, then averaged."""

from __future__ import annotations

from functools import partial

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.analysis.results import PostStratified, Segments
from service.reports.blocks import Column, Table
from service.reports.cells import Notes, is_rate


def post_stratified(results: Results, found: Segments) -> Table:
    """The lifts of every treatment, one row each."""
    notes = Notes()
    rows = tuple(_row(results, one, notes) for one in found.post_stratified)
    level = wording.level(found.post_stratified[0].level)
    columns = (
        *(Column("Metric", False), Column("Variant", False)),
        *(Column("Lift"), Column(f"{level} interval"), Column("p")),
    )
    caption = f"Lifts compared within each {found.attribute} and phase, then averaged (they never decide)"
    return Table(caption, columns, rows, tuple(results.notes), notes.lines)


def _row(results: Results, one: PostStratified, notes: Notes) -> tuple[str, ...]:
    shares = is_rate(results.metric(one.metric).kind)
    return (
        one.metric,
        one.variant,
        notes.cell(one.estimate, partial(wording.difference, is_rate=shares)),
        notes.cell(one.interval, partial(wording.interval, is_rate=shares)),
        notes.cell(one.p_value, wording.p_value),
    )
