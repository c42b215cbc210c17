"""Over all experiments of a project: where each stands, and which persuasion principles they tell of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from experiments.model.experiment import Principle
from experiments.model.state import ExperimentState, Status
from service.storage import experiments, verdicts
from service.use_cases.experiments import stored
from service.use_cases.results import results
from service.use_cases.scope import Scope
from service.use_cases.verdicts import record_verdict, started

NOT_POOLED = (
    "This version does not pool lifts over experiments: that takes a random-effects estimate and a prediction"
    " interval. Read each experiment by itself."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one experiment stands; `outcome` is that of the verdict recorded last."""

    state: ExperimentState
    participants: int
    outcome: str | None
    winner: str | None
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Showing:
    """How one variant that uses a principle did in one experiment, on its primary metric."""

    experiment: str
    variant: str
    principles: tuple[Principle, ...]
    metric: str
    result: dict[str, Any]


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


def principles(scope: Scope) -> dict[Principle, list[Showing]]:
    """For each principle the treatments that use it in experiments that have started."""
    with scope.reading() as session:
        states = [stored(row).state for row in experiments.every(session, scope.project.id)]
    found: defaultdict[Principle, list[Showing]] = defaultdict(list)
    for state in states:
        if state.status is not Status.DRAFT and any(one.principles for one in state.definition.variants):
            for showing in _showings(scope, state):
                for principle in showing.principles:
                    found[principle].append(showing)
    return dict(sorted(found.items()))


def _showings(scope: Scope, state: ExperimentState) -> list[Showing]:
    """The treatments of one experiment that use any principle, each with its result."""
    definition, key = state.definition, state.definition.plan.primary
    primary = results(scope, definition.key).metric(key).document()
    by_variant = {one["key"]: one for one in primary["variants"]}
    return [
        Showing(definition.key, variant.key, variant.principles, key, by_variant.get(variant.key, {}))
        for variant in definition.variants
        if variant.principles and not variant.control
    ]
