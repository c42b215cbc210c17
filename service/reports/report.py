"""The report of one analysis: every part of it in its order, as blocks that each format writes in its way."""

from __future__ import annotations

from experiments.analysis import wording
from experiments.analysis.document import Results
from experiments.model.experiment import Experiment
from keepgoing import __version__
from service.reports.blocks import Report, Section
from service.reports.checks import checks
from service.reports.comparisons import exploratory, guardrails, primary, segments
from service.reports.gates import gates
from service.reports.headline import headline
from service.reports.method import method
from service.reports.opening import provenance, reasons
from service.reports.outcomes import tone_of
from service.reports.timestamps import minute
from service.reports.wordings import wordings

UNDATED = "Data of a table, without dates"


def report_of(results: Results, *, definition: Experiment | None = None) -> Report:
    """The report of these results; the same results give the same report.

    Args:
        definition: The experiment's definition, whose wordings are shown; None where there is only a table.
    """
    sections: list[Section | None] = [
        reasons(results),
        provenance(results),
        checks(results),
        wordings(results, definition),
        primary(results),
        gates(results),
        exploratory(results),
        guardrails(results, definition),
        segments(results),
        method(results),
    ]
    return Report(
        title=results.experiment,
        labels=tuple(results.notes),
        simulated=results.simulated,
        facts=_facts(results),
        headline=headline(results),
        tone=tone_of(results.verdict.outcome),
        sections=tuple(section for section in sections if section is not None),
    )


def _facts(results: Results) -> tuple[str, ...]:
    participants = sum(variant.participants for variant in results.variants)
    return (
        f"Status: {results.status}",
        f"Revision {results.revision}",
        wording.plural(participants, "participant"),
        f"As of {minute(results.as_of)}",
        f"Events up to {minute(results.events_folded_to)}" if results.events_folded_to else UNDATED,
        f"Keepgoing {__version__}",
    )
