"""The checks that come before any number is believed: the split, doubly exposed units, the data's health."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.analysis.health import PhaseSplit
from experiments.analysis.results import Unavailable
from service.reports.blocks import Block, Column, Paragraph, Section, Table
from service.reports.cells import Notes

OK, FAILS, WARNS, UNKNOWN = "ok", "fails", "warning", "not checked"
Row = tuple[str, str, str]


def checks(results: Results) -> Section:
    """All checks in one table, and each phase's split."""
    notes = Notes()
    rows = (_split(results, notes), _chi_square(results, notes), _crossed(results), _empty(results))
    columns = (Column("Check", False), Column("State", False), Column("Found", False))
    everything = (*rows, *_data(results))
    blocks: list[Block] = [Table("Checks", columns, everything, tuple(results.notes), notes.lines)]
    if results.health.split.warning:
        blocks.append(Paragraph(results.health.split.warning, "warning"))
    blocks += [_seen(results, phase) for phase in results.health.split.phases]
    return Section("checks", "Can the data be trusted?", tuple(blocks))


def _split(results: Results, notes: Notes) -> Row:
    found = results.health.split.sequential_p_value
    words = notes.cell(found, wording.with_p)
    state = UNKNOWN if isinstance(found, Unavailable) else OK if results.health.split.ok else FAILS
    return "Sample ratio, may be looked at any time", state, words


def _chi_square(results: Results, notes: Notes) -> Row:
    split = results.health.split
    words = notes.cell(split.chi_square_p_value, wording.with_p)
    if isinstance(split.chi_square_p_value, Unavailable):
        return "Sample ratio, chi-square", UNKNOWN, words
    return "Sample ratio, chi-square", WARNS if split.warning else OK if split.ok else FAILS, words


def _crossed(results: Results) -> Row:
    found = results.health.doubly_exposed
    words = f"{wording.plural(found.units, 'unit')} ({wording.percent(found.share)}) saw two variants"
    if found.units:
        words += "; left out of every other number"
    return "Doubly exposed units", OK if found.ok else FAILS, words


def _empty(results: Results) -> Row:
    empty = results.health.empty_variants
    words = f"No unit saw {wording.listed(empty)}" if empty else "No variant with a weight stands empty"
    return "Empty variants", FAILS if empty else OK, words


def _data(results: Results) -> list[Row]:
    """What events alone can tell; a table has none of it."""
    if not results.phases:
        return [("Event log", UNKNOWN, "There are no events: the numbers come from a table")]
    exposure = results.health.exposure
    lag = "Nothing waits to be counted"
    if exposure.lag_seconds:
        lag = f"The oldest event that is not counted yet is {wording.number(exposure.lag_seconds)} s old"
    moved = wording.plural(exposure.moved_by_phase, "unit")
    return [
        ("Event lag", OK if not exposure.lag_seconds else WARNS, lag),
        ("Units moved by a new phase", OK, f"{moved} met another variant later; each counts for its first"),
        (
            "Fallbacks",
            WARNS if exposure.fallbacks else OK,
            f"{wording.plural(exposure.fallbacks, 'decision')} fell back",
        ),
        (
            "Unmatched conversions",
            OK,
            f"{wording.plural(exposure.unmatched_conversions, 'conversion')} of units never exposed",
        ),
    ]


def _seen(results: Results, phase: PhaseSplit) -> Table:
    rows = tuple(
        (
            split.key,
            wording.percent(split.share),
            wording.count(split.observed),
            wording.number(split.expected),
        )
        for split in phase.variants
    )
    notes = Notes()
    tested = notes.cell(phase.chi_square_p_value, wording.with_p)
    columns = (Column("Variant", False), Column("Share"), Column("Seen"), Column("Expected"))
    where = f" of phase {phase.phase}" if results.phases else ""
    caption = f"Participants{where} by variant; chi-square {tested}"
    return Table(caption, columns, rows, tuple(results.notes), notes.lines)
