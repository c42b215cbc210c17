"""Traffic that follows the results: once a day each variant gets a new share, and the old ones are kept."""

from __future__ import annotations

from datetime import datetime

from experiments.model import lifecycle
from experiments.model.state import ExperimentState, Phase, Status
from service.storage import experiments
from service.use_cases import projects
from service.use_cases.definitions import save_state
from service.use_cases.experiments import found_row, stored
from service.use_cases.results import experiment_data
from service.use_cases.scope import Database, Scope
from service.use_cases.verdicts import ACTOR, record_verdict

HELD = ("invalid", "stop_harm")
"""Verdicts under which the traffic stays: the data cannot be trusted, or a person must look first."""


def reallocate_all(database: Database, now: datetime) -> int:
    """How many experiments of any project had their traffic moved now.

    Raises:
        StorageBusy: The database took nothing.
    """
    moved = 0
    for project in projects.every(database):
        scope = Scope(database, project, ACTOR, now)
        moved += sum(reallocate(scope, key) is not None for key in _following(scope))
    return moved


def reallocate(scope: Scope, key: str) -> Phase | None:
    """The phase that was opened now, or None: at most one a day, however many processes ask.

    Raises:
        NotFound: There is no such experiment.
        StorageBusy: The database took nothing.
    """
    from experiments.analysis.allocation import next_shares
    from experiments.analysis.results import Unavailable

    data = experiment_data(scope, key)
    shares = next_shares(data)
    if isinstance(shares, Unavailable):
        return None
    verdict = record_verdict(scope, key)
    if verdict is not None and verdict.outcome in HELD:
        return None
    with scope.writing() as writing:
        state = stored(found_row(writing.session, scope, key)).state
        if not _is_as_read(state, data.phases):
            return None  # another process was first, or somebody has changed it meanwhile
        moved = lifecycle.reallocated(state, shares, scope.now)
        save_state(writing, moved)
        phase = moved.phases[-1]
        writing.note("experiment.reallocate", key, {"phase": phase.number, "shares": dict(phase.shares)})
        writing.publish()
        return phase


def _following(scope: Scope) -> list[str]:
    """The keys of the project's running experiments whose traffic follows the results."""
    with scope.reading() as session:
        states = [stored(row).state for row in experiments.every(session, scope.project.id)]
    return [one.definition.key for one in states if _follows(one)]


def _follows(state: ExperimentState) -> bool:
    return state.status is Status.RUNNING and state.definition.allocation is not None


def _is_as_read(state: ExperimentState, phases: tuple[Phase, ...]) -> bool:
    return _follows(state) and len(state.phases) == len(phases)
