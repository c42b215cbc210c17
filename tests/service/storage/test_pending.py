"""Tests of folding behind the watermark: what commits late is not skipped, and only one folds at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.storage import tallies
from service.storage.database import Database
from service.storage.journal import append_now
from service.storage.log import Batch, store
from service.storage.pending import fold_everything, fold_pending
from service.storage.rebuild import rebuild
from tests.events import HOUR, START, a_conversion, a_measured_state, add_project, an_exposure, derived

SECOND = 1_000_000


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def waiting_since(database: Database) -> int | None:
    with database.reading() as connection:
        return tallies.waiting_since(connection)


def folded_to(database: Database) -> int | None:
    with database.reading() as connection:
        return tallies.folded_to(connection)


def test_stored_events_are_folded_up_to_the_newest(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    assert folded_to(database) is None
    append_now(database, [Batch(project, [an_exposure("e1"), a_conversion("c1")])])
    fold_everything(database, owner="a", now=START)
    assert folded_to(database) == START + HOUR + SECOND
    assert waiting_since(database) is None


@pytest.mark.postgres
def test_until_it_is_folded_the_oldest_waiting_event_is_shown(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append_now(database, [Batch(project, [an_exposure("e1")])])
    assert waiting_since(database) == START + SECOND
    assert derived(database)["participant"] == []


@pytest.mark.postgres
def test_a_transaction_that_commits_late_is_not_skipped(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    with database.writing() as slow:
        store(slow, [Batch(project, [an_exposure("slow")])])
        append_now(database, [Batch(project, [an_exposure("fast", "acct_2")])])
        assert fold_everything(database, owner="a", now=START) == 0, "an older transaction still runs"
    assert fold_everything(database, owner="a", now=START) == 2
    assert len(derived(database)["participant"]) == 2


@pytest.mark.postgres
def test_chunks_of_any_size_give_what_a_rebuild_gives(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    # A batch is numbered in the order of its ids, so that exposures stand between conversions.
    events = [a_conversion("3", value="-1"), an_exposure("4"), a_conversion("5", at=0)]
    later = an_exposure("2", at=HOUR, variant="progress")
    append_now(database, [Batch(project, [a_conversion("1"), later, *events])])
    while fold_pending(database, owner="a", now=START, chunk=1):
        pass
    in_chunks = derived(database)
    assert in_chunks["participant"]
    rebuild(database)
    assert derived(database) == in_chunks


@pytest.mark.postgres
def test_a_rebuild_stops_at_the_watermark_and_the_rest_is_folded_once(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append_now(database, [Batch(project, [an_exposure("e1")])])
    fold_everything(database, owner="a", now=START)
    append_now(database, [Batch(project, [a_conversion("c1")])])
    assert rebuild(database) == 1
    fold_everything(database, owner="a", now=START)
    found = derived(database)
    assert rebuild(database) == 2
    assert derived(database) == found


@pytest.mark.postgres
def test_only_the_owner_of_the_lease_folds_until_it_runs_out(database: Database) -> None:
    lease = 10 * SECOND
    assert fold_pending(database, owner="a", now=START, lease_microseconds=lease) == 0
    assert fold_pending(database, owner="b", now=START + lease - 1, lease_microseconds=lease) is None
    assert fold_pending(database, owner="a", now=START + SECOND, lease_microseconds=lease) == 0
    assert fold_pending(database, owner="b", now=START + SECOND + lease, lease_microseconds=lease) == 0
    assert fold_pending(database, owner="a", now=START + SECOND + lease) is None
    assert fold_pending(database, owner="b", now=START + SECOND + lease) == 0, "gives the lease back"
    assert fold_pending(database, owner="a", now=START + SECOND + lease) == 0


@pytest.mark.postgres
def test_a_fold_that_fails_changes_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    project, _ = add_project(database, a_measured_state())
    append_now(database, [Batch(project, [an_exposure("e1")])])
    with monkeypatch.context() as broken:
        broken.setattr("service.storage.pending.watermark.put", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fold_pending(database, owner="a", now=START)
    assert derived(database)["participant"] == []
    assert fold_everything(database, owner="a", now=START) == 1
    assert len(derived(database)["participant"]) == 1


@pytest.mark.postgres
def test_two_folders_at_once_fold_each_event_once(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    append_now(database, [Batch(project, [an_exposure("e1")])])
    with database.writing() as connection:
        connection.exec_driver_sql("SELECT * FROM fold_state FOR UPDATE")
        assert fold_pending(database, owner="b", now=START) is None, "somebody is at it"
    assert fold_pending(database, owner="b", now=START) == 1
