"""A decision for one unit at one wall, made on the worker's ruleset by the same function as the SDK's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.errors import NotFound
from keepgoing.evaluation.decide import decide as evaluate
from keepgoing.evaluation.decision import Decision
from keepgoing.evaluation.ruleset import Ruleset
from service.storage.journal import Journal
from service.use_cases.event_ids import new_event_id
from service.use_cases.events import Exposure, record_events
from service.use_cases.scope import Scope


@dataclass(frozen=True, slots=True)
class Wall:
    """A wall that a unit has hit, and whether showing the answer is to be logged."""

    error_code: str
    unit_id: str
    context: Mapping[str, Any] = field(default_factory=dict)
    exposure: bool = True


def decide(ruleset: Ruleset, wall: Wall) -> Decision:
    """The decision at this wall.

    Raises:
        NotFound: The project has no such error code.
    """
    if wall.error_code not in ruleset.plans:
        raise NotFound(f"There is no error code {wall.error_code[:64]!r} in this project.")
    return evaluate(ruleset, wall.error_code, wall.unit_id, wall.context)


def log_exposure(scope: Scope, journal: Journal, decision: Decision, wall: Wall) -> bool:
    """Whether it is in the log, durably, that the unit was shown this decision; only a split is an exposure.

    Raises:
        StorageBusy: The log takes nothing just now.
    """
    if not decision.is_exposure or decision.experiment is None or decision.variant is None:
        return False
    exposure = Exposure(
        event_id=new_event_id(scope.now),
        error_code=decision.error_code,
        experiment=decision.experiment,
        variant=decision.variant,
        unit_id=wall.unit_id,
        occurred_at=scope.now,
        context=dict(decision.segments),
        phase=decision.phase,
        revision=decision.revision,
    )
    return record_events(scope, [exposure], journal).accepted == 1
