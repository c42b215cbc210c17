"""The results document: everything one analysis answers, as contract and dashboard read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from experiments.analysis import wording
from experiments.analysis.alarms import ABOUT
from experiments.analysis.health.health import Health
from experiments.analysis.outcome import Verdict
from experiments.analysis.results import Json, MetricResult, Segments, VariantCount, moment, plain
from experiments.model.experiment import Allocation, Source
from experiments.model.state import Phase


@dataclass(frozen=True)
class Results:
    """The whole analysis of one experiment at one moment."""

    experiment: str
    status: str
    revision: int
    as_of: datetime
    events_folded_to: datetime | None
    started_at: datetime | None
    unit: str
    hypothesis: str
    simulated: bool
    source: Source | None
    phases: tuple[Phase, ...]
    variants: tuple[VariantCount, ...]
    health: Health
    metrics: tuple[MetricResult, ...]
    verdict: Verdict
    segments: Segments | None = None
    allocation: Allocation | None = None

    @property
    def notes(self) -> list[str]:
        """What must stand beside these numbers wherever they are shown."""
        label = self.source.label if self.source else None
        said = wording.provenance(source_label=label, simulated=self.simulated)
        return said + [wording.cleared(ABOUT[one.gate], one.at) for one in self.health.clearances]

    def metric(self, key: str) -> MetricResult:
        """The result of this metric."""
        return next(metric for metric in self.metrics if metric.key == key)

    def document(self) -> Json:
        """The results as JSON: finite numbers, null with a reason where there is none."""
        return {
            **self._head(),
            "variants": plain(self.variants),
            "phases": [_phase(phase) for phase in self.phases],
            "health": self.health.document(),
            "metrics": [metric.document() for metric in self.metrics],
            "verdict": verdict_document(self.verdict),
            **({"segments": self.segments.document()} if self.segments else {}),
        }

    def _head(self) -> Json:
        return {
            "experiment": self.experiment,
            "status": self.status,
            "revision": self.revision,
            "as_of": moment(self.as_of),
            "events_folded_to": None if self.events_folded_to is None else moment(self.events_folded_to),
            "started_at": None if self.started_at is None else moment(self.started_at),
            "unit": self.unit,
            "hypothesis": self.hypothesis,
            "simulated": self.simulated,
            "allocation": None if self.allocation is None else self.allocation.model_dump(mode="json"),
            "source": None if self.source is None else self.source.model_dump(mode="json"),
            "notes": self.notes,
        }


def verdict_document(verdict: Verdict) -> Json:
    """A verdict as JSON; this is also what is recorded of it."""
    return {
        "outcome": verdict.outcome,
        "winner": verdict.winner,
        "variants": list(verdict.variants),
        "reasons": list(verdict.reasons),
        "gates": plain(verdict.gates),
        "corrected_lifts": plain(verdict.corrected_lifts),
        "missing": [{**plain(one), "expected_at": plain(one.expected_at)} for one in verdict.missing],
        "inputs": dict(verdict.inputs),
        "rules": verdict.rules,
    }


def _phase(phase: Phase) -> Json:
    return {
        "number": phase.number,
        "opened_at": moment(phase.opened_at),
        "shares": dict(phase.shares),
        "reason": phase.reason,
    }
