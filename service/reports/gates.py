"""The verdict's gates, each with its state and what it found, those that could not be looked at included."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.document import Results
from service.reports.blocks import Column, Section, Table


def gates(results: Results) -> Section:
    """All gates in their order."""
    rows = tuple(
        (str(gate.number), gate.name, wording.STATES[gate.state], gate.detail)
        for gate in results.verdict.gates
    )
    columns = (Column("No."), Column("Gate", False), Column("State", False), Column("Found", False))
    caption = "The first gate that applies decides"
    return Section("gates", "Gates of the verdict", (Table(caption, columns, rows, tuple(results.notes)),))
