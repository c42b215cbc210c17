"""How the traffic of an experiment followed its results: each phase's shares, and who came under them."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from experiments.analysis import wording
from experiments.analysis.document import Results
from service.reports.blocks import Block, Column, Paragraph, Table
from service.reports.timestamps import minute

MOST_PHASES = 14
"""Phases in the table: the newest. All of them are in the results document."""


def traffic(results: Results) -> tuple[Block, ...]:
    """The newest phases in one table; nothing where the traffic does not follow the results."""
    if results.allocation is None:
        return ()
    seen: dict[int, dict[str, int]] = defaultdict(dict)
    for phase in results.health.split.phases:
        seen[phase.phase] = {one.key: one.observed for one in phase.variants}
    keys = [variant.key for variant in results.variants]
    shown = results.phases[-MOST_PHASES:]
    rows = tuple(
        (
            str(phase.number),
            minute(phase.opened_at),
            *(_cell(phase.shares[key], seen[phase.number].get(key, 0)) for key in keys),
        )
        for phase in shown
    )
    columns = (Column("Phase", False), Column("From", False), *(Column(key) for key in keys))
    floor = wording.percent(results.allocation.floor)
    said = (
        "The traffic follows the results: once a day each variant gets as much of it as its chance to be the "
        f"best, and never less than {floor}. All numbers here are weighted by the shares that were in force; "
        "sums over the phases would be biased."
    )
    of = f"the newest {len(shown)} of " if len(shown) < len(results.phases) else ""
    caption = f"Share of the traffic, and participants, in {of}{wording.plural(len(results.phases), 'phase')}"
    return Paragraph(said), Table(caption, columns, rows, tuple(results.notes), ())


def _cell(share: str, participants: int) -> str:
    return f"{wording.percent(float(Fraction(share)))} ({wording.count(participants)})"
