"""Over all experiments of a project: where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from experiments.model.state import ExperimentState
from service.storage import experiments, verdicts
from service.use_cases.experiments import stored
from service.use_cases.scope import Scope
from service.use_cases.verdicts import record_verdict, started


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one experiment stands; `outcome` is that of the verdict recorded last."""

    state: ExperimentState
    participants: int
    outcome: str | None
    winner: str | None
    recorded_at: datetime | None


def overview(scope: Scope) -> list[Standing]:
    """Every experiment of the project, by key; verdicts are brought up to date on the way.

    Raises:
        StorageBusy: A verdict had to be recorded, and the database took nothing.
    """
    for key in started(scope):
        record_verdict(scope, key)
    with scope.reading() as session:
        rows = experiments.every(session, scope.project.id)
        counts = experiments.participants(session, scope.project.id)
        newest = verdicts.newest_of_each(session, scope.project.id)
    found = []
    for row in rows:
        verdict = newest.get(row.id or 0)
        found.append(
            Standing(
                state=stored(row).state,
                participants=counts.get(row.id or 0, 0),
                outcome=verdict.outcome if verdict else None,
                winner=verdict.winner if verdict else None,
                recorded_at=verdict.recorded_at if verdict else None,
            )
        )
    return found
