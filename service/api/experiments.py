"""Calls on experiments: their definitions and their life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from experiments.model.experiment import Experiment
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.revisions import IF_MATCH, etag, seen_revision
from service.api.schemas import (
    Clearing,
    ExperimentPatch,
    ExperimentQuery,
    ExperimentView,
    Listing,
    Shipment,
    listing,
)
from service.api.services import services
from service.use_cases import clearing, experiments
from service.use_cases.credentials import Role
from service.use_cases.experiments import StoredExperiment
from service.use_cases.scope import Scope

calls = Calls("experiments")


@calls.get(
    "/v1/experiments",
    role=Role.VIEWER,
    summary="The project's experiments",
    query=ExperimentQuery,
    answer=Listing[ExperimentView],
)
def list_experiments(scope: Scope, query: ExperimentQuery) -> Answer:
    """By key; `?status=` for those of one status."""
    page = experiments.list_experiments(scope, query.page(), status=query.status)
    return Answer(listing(page.map(document)))


@calls.post(
    "/v1/experiments",
    role=Role.EDITOR,
    summary="Make an experiment",
    body=Experiment,
    answer=ExperimentView,
    status=201,
    problems=(409,),
)
def create_experiment(scope: Scope, body: Experiment) -> Answer:
    """A draft. Its error code and the metrics of its plan must be there already."""
    stored = experiments.create_experiment(scope, body)
    return _changed(scope, stored, Location=f"/v1/experiments/{body.key}")


@calls.get(
    "/v1/experiments/{key}",
    role=Role.VIEWER,
    summary="One experiment",
    answer=ExperimentView,
    problems=(404,),
)
def show_experiment(scope: Scope, key: str) -> Answer:
    """Its definition, status and phases; the revision also as `ETag`."""
    return _answer(experiments.get_experiment(scope, key))


@calls.patch(
    "/v1/experiments/{key}",
    role=Role.EDITOR,
    summary="Change an experiment's definition",
    body=ExperimentPatch,
    answer=ExperimentView,
    problems=(404, 409, 412),
    headers=IF_MATCH,
)
def change_experiment(scope: Scope, key: str, body: dict[str, Any]) -> Answer:
    """A JSON merge patch (RFC 7396): null takes a member back to its default, a list replaces a list.

    A draft may change in everything but its key. While it runs, other weights or another targeting open a new
    phase, and what would change its meaning is a 409 that names each place.
    """
    return _changed(scope, experiments.change_experiment(scope, key, body, revision=seen_revision()))


@calls.post(
    "/v1/experiments/{key}/start",
    role=Role.EDITOR,
    summary="Start an experiment, or let it go on after a pause",
    answer=ExperimentView,
    problems=(404, 409),
)
def start(scope: Scope, key: str) -> Answer:
    """Freezes its plan and metrics at the first start."""
    return _moved(scope, key, experiments.start)


@calls.post(
    "/v1/experiments/{key}/pause",
    role=Role.EDITOR,
    summary="Pause an experiment",
    answer=ExperimentView,
    problems=(404, 409),
)
def pause(scope: Scope, key: str) -> Answer:
    """It takes no units until it is started again."""
    return _moved(scope, key, experiments.pause)


@calls.post(
    "/v1/experiments/{key}/stop",
    role=Role.EDITOR,
    summary="Stop an experiment",
    answer=ExperimentView,
    problems=(404, 409),
)
def stop(scope: Scope, key: str) -> Answer:
    """For good: it takes no more units, and conversions of its participants still count."""
    return _moved(scope, key, experiments.stop)


@calls.post(
    "/v1/experiments/{key}/archive",
    role=Role.EDITOR,
    summary="Put an experiment away",
    answer=ExperimentView,
    problems=(404, 409),
)
def archive(scope: Scope, key: str) -> Answer:
    """A variant that was shipped is served no more."""
    return _moved(scope, key, experiments.archive)


@calls.post(
    "/v1/experiments/{key}/ship",
    role=Role.EDITOR,
    summary="Serve one variant to every targeted unit",
    body=Shipment,
    answer=ExperimentView,
    problems=(404, 409),
)
def ship(scope: Scope, key: str, body: Shipment) -> Answer:
    """Ends the experiment if it runs."""
    return _changed(scope, experiments.ship(scope, key, body.variant))


@calls.post(
    "/v1/experiments/{key}/clear",
    role=Role.EDITOR,
    summary="Clear the alarm of an experiment whose verdict is invalid",
    body=Clearing,
    answer=ExperimentView,
    problems=(404, 409),
)
def clear(scope: Scope, key: str, body: Clearing) -> Answer:
    """The gate that raised it looks from now on only at units first exposed on a later day (UTC).

    Numbers from before stay in the analysis: that is what the decision says, and every report names it.
    """
    return _changed(scope, clearing.clear(scope, key, body.reason))


def document(stored: StoredExperiment) -> dict[str, object]:
    """An experiment as it is answered: its definition, and what became of it."""
    state = stored.state
    return {
        **state.definition.model_dump(mode="json", by_alias=True),
        "status": str(state.status),
        "revision": state.revision,
        "phases": [phase.model_dump(mode="json") for phase in state.phases],
        "started_at": state.started_at,
        "stopped_at": state.stopped_at,
        "shipped": state.shipped,
        "clearances": [one.model_dump(mode="json") for one in state.clearances],
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }


def _moved(scope: Scope, key: str, move: Callable[[Scope, str], StoredExperiment]) -> Answer:
    return _changed(scope, move(scope, key))


def _changed(scope: Scope, stored: StoredExperiment, **headers: str) -> Answer:
    services().backend.rulesets.forget(scope.project)
    return _answer(stored, **headers)


def _answer(stored: StoredExperiment, **headers: str) -> Answer:
    return Answer(document(stored), headers={"ETag": etag(stored.state.revision), **headers})
