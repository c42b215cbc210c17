"""A person clears an alarm with a reason, and the verdict goes on from there."""

from __future__ import annotations

from experiments.errors import Conflict
from experiments.model import lifecycle
from service.storage import verdicts
from service.use_cases.alarms import alarm_of
from service.use_cases.definitions import save_state
from service.use_cases.experiments import StoredExperiment, found_row, get_experiment, stored
from service.use_cases.scope import Scope
from service.use_cases.verdicts import record_verdict


def clear(scope: Scope, key: str, reason: str) -> StoredExperiment:
    """The experiment, whose alarm is over by this person's decision; the verdict goes on from there.

    Args:
        scope: The project, and who decides.
        key: The experiment's key.
        reason: Why, for everybody who reads the results.

    Raises:
        NotFound: There is no such experiment.
        Conflict: No alarm stands.
        InvalidInput: The reason says nothing, or is too long.
    """
    record_verdict(scope, key)  # what is there to be cleared may not have been seen by anybody yet
    with scope.writing() as writing:
        row = found_row(writing.session, scope, key)
        experiment, newest = stored(row), verdicts.latest(writing.session, row.id or 0)
        alarm = alarm_of(newest, experiment.state.clearances)
        if newest is None or alarm is None:
            raise Conflict(f"Nothing is to be cleared: no alarm of {key!r} stands.")
        cleared = lifecycle.clear(
            experiment.state,
            verdict=newest.id or 0,
            gate=alarm.gate,
            now=scope.now,
            by=scope.actor,
            reason=reason,
        )
        save_state(writing, cleared)
        detail = {"gate": alarm.gate, "verdict": newest.id, "reason": reason}
        writing.note("experiment.clear", key, detail)
    record_verdict(scope, key)
    return get_experiment(scope, key)
