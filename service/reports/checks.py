"""The checks that come before any number is believed: the split, doubly exposed units, the data's health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.analysis import wording
from experiments.analysis.alarms import ABOUT
from experiments.analysis.document import Results
from experiments.analysis.health.diagnosis import BY_SEGMENT
from experiments.analysis.health.novelty import NAME as NOVELTY
from experiments.analysis.health.split import PhaseSplit
from service.reports.blocks import Block, Column, Paragraph, Section, Table
from service.reports.cells import Notes, is_rate
from service.reports.headline import primary_of
from service.reports.traffic import traffic

STANDS = (
    "A person who has found the fault, or knows that it does no harm, clears the alarm with a reason: "
    "keepgoing experiments clear"
)


def checks(results: Results) -> Section:
    """All checks in one table, what persons have cleared, and the splits."""
    health = results.health
    columns = (Column("Check", False), Column("State", False), Column("Found", False))
    rows = tuple(
        (wording.CHECKS.get(check.name, check.name), wording.CHECK_STATES[check.state], check.says)
        for check in health.checks
    )
    blocks: list[Block] = [Table("Checks", columns, rows, tuple(results.notes))]
    if health.alarm is not None:
        blocks.append(Paragraph(f"{STANDS} {results.experiment} --reason …", "warning"))
    if health.clearances:
        blocks.append(_cleared(results))
    if results.allocation is None:
        blocks += [_seen(results, phase) for phase in health.split.phases]
    blocks += traffic(results)
    return Section("checks", "Can the data be trusted?", (*blocks, *_by_segment(results), *_by_week(results)))


def _cleared(results: Results) -> Table:
    rows = tuple(
        (wording.date(one.at), ABOUT[one.gate], one.by, one.reason) for one in results.health.clearances
    )
    columns = (Column("Cleared on", False), Column("About", False), Column("By", False), Column("Why", False))
    caption = "Alarms that persons have cleared; units first exposed later are looked at anew"
    return Table(caption, columns, rows, tuple(results.notes))


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


def _by_segment(results: Results) -> list[Table]:
    """The split in every value of the declared segments; nothing where they were not looked at."""
    parts = results.health.check(BY_SEGMENT).details.get("parts", ())
    if not parts:
        return []
    keys = [variant.key for variant in results.variants]
    columns = (Column("Segment", False), *(Column(key) for key in keys), Column("Adjusted p"))
    rows = tuple(
        (
            f"{part['segment']} = {part['value']}",
            *(_of_expected(part["variants"].get(key)) for key in keys),
            "too few" if part["p_value_adjusted"] is None else wording.p_value(part["p_value_adjusted"]),
        )
        for part in parts
    )
    return [Table("Participants by segment, and how many were expected", columns, rows, tuple(results.notes))]


def _of_expected(counts: Mapping[str, Any] | None) -> str:
    if counts is None:
        return "0"
    return f"{wording.count(counts['observed'])} of {wording.number(counts['expected'])}"


def _by_week(results: Results) -> list[Table]:
    """Each treatment's lift among those first exposed in each week; nothing where that is not known."""
    metric, courses = primary_of(results), results.health.check(NOVELTY).details.get("treatments", ())
    if metric is None or not courses:
        return []
    rows = tuple(
        (course["variant"], f"{week['from']} to {week['through']}", _lift(week, rate=is_rate(metric.kind)))
        for course in courses
        for week in course["weeks"]
    )
    columns = (Column("Variant", False), Column("First exposed", False), Column(f"Lift of {metric.key}"))
    return [Table("Lift by week of first exposure", columns, rows, tuple(results.notes))]


def _lift(week: Mapping[str, Any], *, rate: bool) -> str:
    if week["lift"] is None:
        return "too few"
    around = wording.difference(week["standard_error"], is_rate=rate).lstrip("+")
    return f"{wording.difference(week['lift'], is_rate=rate)} (standard error {around})"
