"""Experiments: listed, made, changed, and led through their life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from experiments.errors import Conflict, InvalidInput, NotFound, StaleRevision
from experiments.model import lifecycle
from experiments.model.document import Definitions
from experiments.model.experiment import Experiment
from experiments.model.faults import validated
from experiments.model.state import ExperimentState, Status
from service.storage import experiments
from service.storage.tables import ExperimentRow
from service.use_cases.definitions import save_state, write_one
from service.use_cases.paging import Page, PageOf
from service.use_cases.present import Present, present
from service.use_cases.scope import Scope

Move = Callable[[ExperimentState, Present], ExperimentState]


@dataclass(frozen=True, slots=True)
class StoredExperiment:
    """An experiment as it is kept; `id` is what tallies and verdicts know it by."""

    id: int
    state: ExperimentState
    created_at: datetime
    updated_at: datetime


def list_experiments(scope: Scope, page: PageOf, *, status: Status | None = None) -> Page[StoredExperiment]:
    """The project's experiments, by key."""
    with scope.reading() as session:
        rows = experiments.page(session, scope.project.id, after=page.after, limit=page.probe, status=status)
    return page.of([stored(row) for row in rows], lambda one: one.state.definition.key)


def get_experiment(scope: Scope, key: str) -> StoredExperiment:
    """The experiment of this key.

    Raises:
        NotFound: There is none in this project.
    """
    with scope.reading() as session:
        return stored(found_row(session, scope, key))


def create_experiment(scope: Scope, experiment: Experiment) -> StoredExperiment:
    """The new experiment, a draft.

    Raises:
        Conflict: There is one of this key.
        InvalidInput: It does not fit its error code or metrics.
    """

    def propose(found: Present) -> Definitions:
        if experiment.key in found.experiments:
            raise Conflict(f"There is an experiment {experiment.key!r} already; PATCH it to change it.")
        return Definitions(experiments=(experiment,))

    write_one(scope, "experiments", propose)
    return get_experiment(scope, experiment.key)


def change_experiment(
    scope: Scope, key: str, patch: Mapping[str, Any], *, revision: int | None = None
) -> StoredExperiment:
    """The experiment after a JSON merge patch (RFC 7396) of its definition.

    Args:
        scope: The project.
        key: The experiment's key.
        patch: Members to set; null takes one back to its default.
        revision: The revision that the writer has seen; None to write over any.

    Raises:
        NotFound: There is no such experiment.
        StaleRevision: Somebody has written since that revision.
        InvalidInput: The outcome is no valid definition.
        Frozen: It has started, and this would change its meaning.
    """

    def propose(found: Present) -> Definitions:
        state = found.experiments.get(key)
        if state is None:
            raise _not_found(key)
        _refuse_stale(state, revision)
        merged = merge(state.definition.model_dump(mode="json", by_alias=True), patch)
        return Definitions(experiments=(_same_key(validated(Experiment, merged), key),))

    write_one(scope, "experiments", propose)
    return get_experiment(scope, key)


def start(scope: Scope, key: str) -> StoredExperiment:
    """The experiment, running.

    Raises:
        NotFound: There is no such experiment.
        Conflict: It runs already, or has ended, or its exclusion group is full.
    """

    def move(state: ExperimentState, found: Present) -> ExperimentState:
        if state.status is Status.DRAFT:
            state = lifecycle.moved(state, metrics=found.metrics_of(state.definition))
        return lifecycle.start(state, scope.now, taken=found.taken(state.definition))

    return _move(scope, key, "start", move)


def pause(scope: Scope, key: str) -> StoredExperiment:
    """The experiment, paused. Raises as `start`."""
    return _move(scope, key, "pause", lambda state, _: lifecycle.pause(state))


def stop(scope: Scope, key: str) -> StoredExperiment:
    """The experiment, stopped for good. Raises as `start`."""
    return _move(scope, key, "stop", lambda state, _: lifecycle.stop(state, scope.now))


def archive(scope: Scope, key: str) -> StoredExperiment:
    """The experiment, put away. Raises as `start`."""
    return _move(scope, key, "archive", lambda state, _: lifecycle.archive(state))


def ship(scope: Scope, key: str, variant: str) -> StoredExperiment:
    """The experiment, ended, with this variant served to every targeted unit. Raises as `start`."""
    return _move(
        scope, key, "ship", lambda state, _: lifecycle.ship(state, variant, scope.now), {"variant": variant}
    )


def merge(document: Any, patch: Any) -> Any:
    """The document after a JSON merge patch: null deletes, objects merge, all else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def stored(row: ExperimentRow) -> StoredExperiment:
    """The experiment in a row."""
    state = ExperimentState.model_validate_json(row.document)
    return StoredExperiment(row.id or 0, state, row.created_at, row.updated_at)


def found_row(session: Session, scope: Scope, key: str) -> ExperimentRow:
    """The experiment's row.

    Raises:
        NotFound: There is none in this project.
    """
    row = experiments.find(session, scope.project.id, key)
    if row is None:
        raise _not_found(key)
    return row


def _move(
    scope: Scope, key: str, name: str, move: Move, detail: Mapping[str, object] | None = None
) -> StoredExperiment:
    """The experiment after one step of its life, kept with its audit row."""
    with scope.writing() as writing:
        found = present(writing.session, scope.project.id)
        state = found.experiments.get(key)
        if state is None:
            raise _not_found(key)
        moved = move(state, found)
        save_state(writing, moved)
        writing.note(f"experiment.{name}", key, {"status": str(moved.status), **(detail or {})})
        writing.publish()
        return stored(found_row(writing.session, scope, key))


def _refuse_stale(state: ExperimentState, revision: int | None) -> None:
    if revision is not None and revision != state.revision:
        raise StaleRevision(
            f"The experiment is at revision {state.revision}, not {revision}: read it again, then change it."
        )


def _same_key(experiment: Experiment, key: str) -> Experiment:
    """The definition, when it keeps its key: another key would make another experiment."""
    if experiment.key != key:
        raise InvalidInput.at("/key", f"is {key!r} for good; make a new experiment for another key")
    return experiment


def _not_found(key: str) -> NotFound:
    return NotFound(f"There is no experiment {key[:64]!r} in this project.")
