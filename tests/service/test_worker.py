"""Tests of the folding loop."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from service.storage.database import Database
from service.storage.journal import append_now
from service.storage.log import Batch
from service.use_cases.scope import StorageBusy
from service.worker import Worker, own_name
from tests.events import a_measured_state, add_project, an_exposure, derived


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def test_a_worker_in_a_thread_folds_what_is_stored(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    worker = Worker(database, idle_seconds=0.01)
    worker.start()
    append_now(database, [Batch(project, [an_exposure("e1")])])
    deadline = time.monotonic() + 20
    while not derived(database)["participant"]:
        assert time.monotonic() < deadline, "it was not folded in time"
        time.sleep(0.01)
    worker.stop()


@pytest.mark.postgres
def test_the_second_worker_waits_and_takes_over_when_the_first_stops(database: Database) -> None:
    first, second = Worker(database, busy_seconds=9), Worker(database, busy_seconds=9)
    assert first.step() < 9
    assert second.step() == 9
    first.stop()
    first.run()
    assert second.step() < 9


def test_a_database_that_is_away_is_reported_and_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    worker = Worker(database, report=said.append, busy_seconds=9)

    def away(*_arguments: object, **_options: object) -> int:
        raise StorageBusy("the database is not available")

    monkeypatch.setattr("service.storage.pending.fold_pending", away)
    assert worker.step() == 9
    assert said == ["The worker waits: the database is not available"]
    worker.stop()
    worker.run()


def test_each_worker_has_a_name_of_its_own() -> None:
    assert own_name() != own_name()
