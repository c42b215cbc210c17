"""Tests of the rebuild: it repairs what was damaged, stays in its project, and tells how far it is."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from experiments.errors import NotFound
from service.storage import rebuild as rebuilding
from service.storage.database import Database
from service.use_cases import upkeep
from tests.events import (
    a_conversion,
    a_measured_state,
    add_project,
    an_exposure,
    append,
    derived,
    forget_derived,
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def test_damaged_rows_are_made_again(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1", plan="pro"), a_conversion("c1")])
    sound = derived(database)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE tally SET n = n + 7")
        connection.exec_driver_sql("UPDATE participant SET variant = 'progress'")
        connection.exec_driver_sql("DELETE FROM conversion_count")
    assert derived(database) != sound
    assert upkeep.rebuild(database) == 2
    assert derived(database) == sound


def test_another_project_is_left_alone(database: Database) -> None:
    first, (one,) = add_project(database, a_measured_state())
    second, (other,) = add_project(database, a_measured_state(), name="other")
    append(database, first, [an_exposure("e1", experiment_id=one)])
    append(database, second, [an_exposure("e1", experiment_id=other), a_conversion("c1")])
    sound = derived(database)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE participant SET variant = 'progress'")
    assert upkeep.rebuild(database, project="other") == 2
    variants = {row[0]: row[3] for row in derived(database)["participant"]}
    assert variants == {first: "progress", second: "control"}
    assert upkeep.rebuild(database) == 3
    assert derived(database) == sound


def test_an_unknown_project_is_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="unheard-of"):
        upkeep.rebuild(database, project="unheard-of")


def test_a_rebuild_that_fails_changes_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure("e1")])
    sound = derived(database)
    with monkeypatch.context() as broken:
        broken.setattr("service.storage.deltas.Deltas.write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            upkeep.rebuild(database)
    assert derived(database) == sound


def test_progress_adds_up_to_the_number_of_events(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "CHUNK", 10)
    project, _ = add_project(database, a_measured_state())
    append(database, project, [an_exposure(f"e{number}", f"acct_{number}") for number in range(25)])
    sound, told = derived(database), []
    assert upkeep.rebuild(database, progress=told.append) == sum(told) == 25
    assert told == [10, 10, 5]
    assert derived(database) == sound


def test_memory_does_not_grow_with_the_number_of_events(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "CHUNK", 100)
    project, _ = add_project(database, a_measured_state())
    peaks = []
    for part in range(2):
        many = range(part * 4_000, 1_000 + part * 7_000)  # 1,000 events, then 4,000 more
        append(database, project, [an_exposure(f"e{n:05}", f"acct_{n % 900:04}") for n in many])
        forget_derived(database)
        tracemalloc.start()
        upkeep.rebuild(database)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
