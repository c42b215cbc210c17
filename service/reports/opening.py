"""The report's opening: why the verdict is what it is, and where its numbers come from."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.analysis.outcome import Missing
from service.reports.blocks import Block, Bullets, Column, Paragraph, Section, Table
from service.reports.timestamps import minute

OWN = "Units were assigned by Keepgoing; exposures and conversions are the events that were sent to it."
TABLE = "The numbers come from a table with one row a unit, which another system assigned."


def reasons(results: Results) -> Section:
    """The verdict's reasons, and what it waits for."""
    verdict = results.verdict
    blocks: list[Block] = [Bullets(verdict.reasons)]
    if verdict.missing:
        blocks.append(_missing(results, verdict.missing))
    blocks.append(Paragraph(f"Made by the rules of version {verdict.rules}; all gates stand below.", "quiet"))
    return Section("verdict", "Why this verdict", tuple(blocks))


def provenance(results: Results) -> Section:
    """Where the data come from, and what was to be found out."""
    said: list[Block] = [
        Paragraph(note, "warning" if results.simulated else "plain") for note in results.notes
    ]
    if results.source is None and not results.simulated:
        said.append(Paragraph(OWN if results.phases else TABLE))
    if results.source is not None and results.source.url:
        said.append(Paragraph(f"Where to find it: {results.source.url}"))
    if results.hypothesis:
        said.append(Paragraph(f"Hypothesis: {results.hypothesis}"))
    said.append(Bullets(tuple(_life(results))))
    return Section("provenance", "Where the numbers come from", tuple(said))


def _life(results: Results) -> list[str]:
    lines = [f"One participant is one {results.unit}."]
    if results.started_at is not None:
        lines.append(f"Started {minute(results.started_at)}.")
    lines += [
        f"Phase {phase.number} opened {minute(phase.opened_at)}: {phase.reason}." for phase in results.phases
    ]
    return lines


def _missing(results: Results, missing: tuple[Missing, ...]) -> Table:
    rows = (
        (
            one.what,
            wording.count(int(one.have)),
            wording.count(int(one.need)),
            wording.date(one.expected_at) if one.expected_at else "cannot be said",
        )
        for one in missing
    )
    columns = (Column("Missing", False), Column("There is"), Column("It takes"), Column("Expected on", False))
    return Table("What the verdict waits for", columns, tuple(rows), tuple(results.notes))
