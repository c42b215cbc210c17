"""Fills a project with the demo's experiments, through the same door as any host's events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice

from experiments.errors import Conflict
from experiments.model.state import Status
from service.demo import definitions, facts, simulated
from service.demo.facts import Event
from service.use_cases import definitions as catalogue
from service.use_cases import experiments, projects
from service.use_cases.backend import Backend
from service.use_cases.events import record
from service.use_cases.experiments import StoredExperiment
from service.use_cases.paging import PageOf
from service.use_cases.scope import Scope

PROJECT = "demo"
ACTOR = "demo"
BATCH = 1_000

Progress = Callable[[int], None]


class Unfit(Conflict):
    """The database holds another version's demo."""

    code = "unfit_demo"


def shown() -> list[str]:
    """The demo's experiments, the replayed ones first."""
    return [facts.COOKIE_CATS, *map(facts.upworthy_key, facts.upworthy_tests()), simulated.KEY]


def open_scope(backend: Backend, now: datetime) -> Scope:
    """The demo's project, made when it is not there."""
    return Scope(backend.database, projects.ensure(backend.database, PROJECT, now=now), ACTOR, now)


def is_loaded(scope: Scope) -> bool:
    """Whether a replay came to its end; only its last step stops Cookie Cats."""
    found = {one.state.definition.key: one.state for one in _every(scope)}
    state = found.get(facts.COOKIE_CATS)
    return state is not None and state.status is Status.STOPPED


def load(backend: Backend, scope: Scope, progress: Progress) -> None:
    """Applies the definitions, starts the experiments and replays all events; again after an interruption.

    Args:
        backend: The open database.
        scope: The demo's project.
        progress: Called with the number of events stored since its last call.

    Raises:
        Unfit: The database holds a demo that this version's definitions do not fit.
    """
    _define(scope)
    backend.rulesets.forget(scope.project)
    for batch in _batches(_all_events(backend, scope)):
        refused = record(scope, json.dumps({"events": batch}).encode(), backend.journal).rejected
        if refused:
            raise Unfit(f"The demo's own event was refused: {refused[0].detail}")
        progress(len(batch))
    for key in [*map(facts.upworthy_key, facts.upworthy_tests()), facts.COOKIE_CATS]:
        experiments.stop(scope, key)


def total_events() -> int:
    """How many events the replay has, the simulated ones counted roughly."""
    replayed = sum(1 for _ in facts.cookie_cats_events())
    replayed += sum(1 for test in facts.upworthy_tests() for _ in facts.upworthy_events(test))
    return replayed + round(simulated.UNITS * 1.25)


def _define(scope: Scope) -> None:
    try:
        for document in (definitions.cookie_cats(), definitions.upworthy(), definitions.low_balance()):
            catalogue.apply(scope, document)
    except Conflict as conflict:
        raise Unfit(f"The demo's database was made by another version ({conflict.detail}).") from conflict
    for one in _every(scope):
        if one.state.status is Status.DRAFT:
            experiments.start(scope, one.state.definition.key)


def _all_events(backend: Backend, scope: Scope) -> Iterator[Event]:
    ruleset = backend.rulesets.newest(scope.project).ruleset
    yield from simulated.low_balance_events(ruleset)
    for test in facts.upworthy_tests():
        yield from facts.upworthy_events(test)
    yield from facts.cookie_cats_events()


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    source = iter(events)
    while batch := list(islice(source, BATCH)):
        yield batch


def _every(scope: Scope) -> tuple[StoredExperiment, ...]:
    return experiments.list_experiments(scope, PageOf(limit=1_000)).items
