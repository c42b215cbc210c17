"""Tests of the journal: what is acknowledged is stored, once, whatever happens around it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection

from experiments.model.events import EventRecord
from service.storage import journal as journal_module
from service.storage.database import Database, StorageBusy
from service.storage.journal import Journal
from service.storage.log import Appended, Batch
from service.storage.pending import fold_everything
from service.storage.rebuild import rebuild
from tests.events import START, a_conversion, a_measured_state, add_project, an_exposure, derived


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema and no row."""
    opened = Database(database_url, busy_seconds=20)
    yield opened
    opened.dispose()


@pytest.fixture
def journal(database: Database) -> Iterator[Journal]:
    """A writer of the log."""
    opened = Journal(database)
    yield opened
    opened.close()


def stored_ids(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.exec_driver_sql("SELECT event_id FROM event ORDER BY event_id").scalars())


def exposures(count: int, prefix: str = "e") -> list[EventRecord]:
    return [an_exposure(f"{prefix}{number}", f"acct_{number}") for number in range(count)]


def assert_derived_is_a_recount(database: Database) -> None:
    fold_everything(database, owner="test", now=START)
    found = derived(database)
    assert found["participant"]
    rebuild(database)
    assert derived(database) == found


def test_an_event_is_stored_and_folded_when_append_returns(database: Database, journal: Journal) -> None:
    project, _ = add_project(database, a_measured_state())
    assert journal.append(project, exposures(3)) == Appended(3, 0, ())
    assert stored_ids(database) == ["e0", "e1", "e2"]
    assert_derived_is_a_recount(database)


def test_nothing_is_appended_without_a_thread(database: Database) -> None:
    before = threading.active_count()
    idle = Journal(database)
    assert idle.append(1, []) == Appended(0, 0, ())
    assert threading.active_count() == before
    idle.close()


def test_sixteen_threads_with_the_same_batches_count_each_event_once(
    database: Database, journal: Journal
) -> None:
    project, _ = add_project(database, a_measured_state())
    batches = [[*exposures(20, f"b{number}-"), a_conversion(f"c{number}")] for number in range(32)]

    def send_all(_thread: int) -> int:
        return sum(journal.append(project, batch).accepted for batch in batches)

    with ThreadPoolExecutor(16) as pool:
        accepted = sum(pool.map(send_all, range(16)))
    assert accepted == len(stored_ids(database)) == 32 * 21
    assert_derived_is_a_recount(database)


def commit_together(journal: Journal, *batches: Batch) -> list[Future[Appended]]:
    """The answers to batches that happened to wait at the same time."""
    waiting = [journal_module._Waiting(batch) for batch in batches]
    journal._commit(waiting)
    return [one.answer for one in waiting]


def test_batches_of_several_projects_share_a_commit(database: Database, journal: Journal) -> None:
    first, _ = add_project(database, a_measured_state())
    second, (experiment,) = add_project(database, a_measured_state(), name="other")
    answers = commit_together(
        journal,
        Batch(first, [an_exposure("e1"), a_conversion("c1")]),
        Batch(second, [an_exposure("e1", experiment_id=experiment)]),
        Batch(first, [a_conversion("c1"), a_conversion("c2", at=0), an_exposure("e2", "acct_2")]),
    )
    assert [answer.result(0) for answer in answers] == [
        *(Appended(2, 0, ()), Appended(1, 0, ()), Appended(2, 1, ()))
    ]
    assert stored_ids(database) == ["c1", "c2", "e1", "e1", "e2"]
    assert_derived_is_a_recount(database)


def test_a_batch_that_cannot_be_stored_takes_no_neighbour_with_it(
    database: Database, journal: Journal
) -> None:
    project, _ = add_project(database, a_measured_state())
    bad = a_conversion("bad")._replace(value=10**40)  # beyond 64 bits
    events = [an_exposure("e1"), bad, a_conversion("c1")]
    answers = commit_together(journal, *[Batch(project, [event]) for event in events])
    assert [answer.exception(0) is None for answer in answers] == [True, False, True]
    assert not isinstance(answers[1].exception(0), StorageBusy)
    assert stored_ids(database) == ["c1", "e1"]


def test_a_full_queue_is_refused_and_stores_nothing(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    small = Journal(database, queued_batches=1)
    with ThreadPoolExecutor(8) as pool:
        with database.writing() as connection:
            keep_writers_out(connection)
            sent = [pool.submit(small.append, project, [an_exposure(f"e{n}")]) for n in range(8)]
            wait_until(lambda: any(one.done() for one in sent))
        errors = [one.exception(20) for one in sent]
    small.close()
    refused = [str(error) for error in errors if error is not None]
    assert refused
    assert all("too many batches" in text for text in refused)
    assert len(stored_ids(database)) == 8 - len(refused)


def keep_writers_out(connection: Connection) -> None:
    """Locks the log until the transaction ends; on SQLite every writing transaction does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE event")


def wait_until(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_locked_database_is_busy_and_stores_nothing(database_url: str, database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL's writers do not lock each other out")
    project, _ = add_project(database, a_measured_state())
    impatient = Journal(Database(database_url, busy_seconds=0.1))
    with database.writing(), pytest.raises(StorageBusy, match="locked") as refused:
        impatient.append(project, exposures(1))
    assert refused.value.retry_after_seconds >= 1
    assert stored_ids(database) == []
    assert impatient.append(project, exposures(1)).accepted == 1
    impatient.close()


def test_a_closed_journal_has_stored_all_and_takes_no_more(database: Database) -> None:
    project, _ = add_project(database, a_measured_state())
    closing = Journal(database)
    closing.append(project, exposures(1))
    closing.close()
    closing.close()
    with pytest.raises(StorageBusy, match="shutting down"):
        closing.append(project, exposures(2))
    assert stored_ids(database) == ["e0"]


# The fork is the point here; later Pythons warn of it when there are threads.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_writes_with_a_thread_of_its_own(database: Database, journal: Journal) -> None:
    project, _ = add_project(database, a_measured_state())
    journal.append(project, exposures(1, "parent"))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if journal.append(project, exposures(2, "child")).accepted == 2 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    journal.append(project, exposures(1, "again"))
    assert stored_ids(database) == ["again0", "child0", "child1", "parent0"]


WRITER = """
import sys
from service.storage.database import Database
from service.storage.journal import Journal
from tests.events import a_conversion, an_exposure

KINDS = {"e": an_exposure, "c": a_conversion}
url, project, prefix, batches = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
journal = Journal(Database(url, busy_seconds=20))
for number in range(batches):
    units = [f"{prefix}{number}-{unit}" for unit in range(20)]
    events = [make(kind + unit, unit) for kind, make in KINDS.items() for unit in units]
    outcome = journal.append(project, events)
    print(number, outcome.accepted, outcome.duplicates, flush=True)
journal.close()
"""


def start_writer(url: str, project: int, prefix: str, batches: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, str(project), prefix, str(batches)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_with_the_same_batches_count_each_event_once(
    database_url: str, database: Database
) -> None:
    project, _ = add_project(database, a_measured_state())
    writers = [start_writer(database_url, project, "same", 10) for _ in range(2)]
    outputs = [writer.communicate(timeout=60)[0] for writer in writers]
    accepted = sum(int(line.split()[1]) for output in outputs for line in output.splitlines())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert accepted == len(stored_ids(database)) == 10 * 40
    assert_derived_is_a_recount(database)


def test_a_process_killed_in_the_middle_loses_nothing_that_was_acknowledged(
    database_url: str, database: Database
) -> None:
    project, _ = add_project(database, a_measured_state())
    with start_writer(database_url, project, "k", 50) as writer:
        assert writer.stdout is not None
        acknowledged = [next(writer.stdout) for _ in range(7)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += list(writer.stdout)
    assert writer.returncode == -signal.SIGKILL
    assert len(acknowledged) < 50
    stored = set(stored_ids(database))
    for line in acknowledged:
        units = [f"k{line.split()[0]}-{unit}" for unit in range(20)]
        assert {f"{kind}{unit}" for kind in "ec" for unit in units} <= stored
    assert len(stored) % 40 == 0, "a batch is wholly in or wholly out"
    assert_derived_is_a_recount(database)
    with start_writer(database_url, project, "k", 50) as again:
        again.communicate(timeout=60)
    assert len(stored_ids(database)) == 50 * 40
    assert_derived_is_a_recount(database)
