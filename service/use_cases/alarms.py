"""Alarms of recorded verdicts that stand until a person clears them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from experiments.analysis.alarms import Alarm, Clearance
from experiments.model import state as model
from service.storage import verdicts
from service.storage.tables import VerdictRow
from service.use_cases.experiments import StoredExperiment

INVALID = "invalid"


def standing_alarm(session: Session, experiment: StoredExperiment, *, until: datetime) -> Alarm | None:
    """The alarm that stood at a moment; None where none had been recorded, or a person had cleared it."""
    newest = verdicts.latest(session, experiment.id, until=until)
    return alarm_of(newest, [one for one in experiment.state.clearances if one.at <= until])


def clearances(state: model.ExperimentState, *, until: datetime) -> tuple[Clearance, ...]:
    """What had been cleared at a moment, as the analysis takes it."""
    return tuple(
        Clearance(one.gate, one.at, one.by, one.reason) for one in state.clearances if one.at <= until
    )


def alarm_of(newest: VerdictRow | None, cleared: Sequence[model.Clearance]) -> Alarm | None:
    """The alarm of the verdict recorded last: while it stands, no other outcome is recorded."""
    if newest is None or newest.outcome != INVALID or any(one.verdict == newest.id for one in cleared):
        return None
    document: dict[str, Any] = json.loads(newest.document)
    first = document.get("inputs", {}).get("alarm")
    if first:  # a verdict `invalid` because of an earlier alarm names that one
        return Alarm(first["gate"], datetime.fromisoformat(first["at"]), first["said"])
    gate = next(one["number"] for one in document["gates"] if one["state"] == "applies")
    return Alarm(gate, newest.recorded_at, document["reasons"][0])
