"""Group commit: threads hand in batches, one thread stores them and answers when they are durable."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from queue import Empty, Full, Queue

from sqlalchemy import Connection

from experiments.model.events import EventRecord
from service.storage import watermark
from service.storage.database import Database, StorageBusy
from service.storage.fold import fold
from service.storage.log import Appended, Batch, Stored, store

GROUP_ROWS = 500  # a group is committed when it has this many events,
GROUP_SECONDS = 0.005  # or, when batches come in crowds, has waited this long for more
QUEUED_BATCHES = 1_000
WAIT_SECONDS = 30.0


@dataclass(slots=True)
class _Waiting:
    """A batch with the place its answer goes to."""

    batch: Batch
    answer: Future[Appended] = field(default_factory=Future)


def append_now(database: Database, batches: Sequence[Batch]) -> list[Appended]:
    """Stores batches in one transaction of this thread; on SQLite they are folded in it too.

    Raises:
        StorageBusy: The database cannot be written just now; nothing was stored.
    """
    with database.writing() as connection:
        return append_within(connection, batches)


def append_within(connection: Connection, batches: Sequence[Batch]) -> list[Appended]:
    """The same in a writing transaction under way: the events are stored if, and only if, it is committed."""
    stored = store(connection, batches)
    if connection.dialect.name == "sqlite":
        _fold_stored(connection, batches, stored)
    return [one.appended for one in stored]


def _fold_stored(connection: Connection, batches: Sequence[Batch], stored: Sequence[Stored]) -> None:
    news: defaultdict[int, list[EventRecord]] = defaultdict(list)
    for batch, outcome in zip(batches, stored, strict=True):
        if outcome.new:
            news[batch.project_id].extend(outcome.new)
    for project_id, records in news.items():
        fold(connection, project_id, records)
    if news:
        newest = max(record.received_at for records in news.values() for record in records)
        watermark.advance(connection, newest)


class Journal:
    """The one writer of events in this process; threads and forked workers may share the object."""

    def __init__(
        self,
        database: Database,
        *,
        group_rows: int = GROUP_ROWS,
        group_seconds: float = GROUP_SECONDS,
        queued_batches: int = QUEUED_BATCHES,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Starts no thread; the first batch does.

        Args:
            database: Where the log is.
            group_rows: How many events make a group that is committed at once.
            group_seconds: How long a group waits for more batches, when the one before had several.
            queued_batches: How many batches may wait; one more is refused.
            wait_seconds: How long `append` waits for its answer at most.
        """
        self._database = database
        self._group_rows = group_rows
        self._group_seconds = group_seconds
        self._queued_batches = queued_batches
        self._wait_seconds = wait_seconds
        self._start_afresh()

    def _start_afresh(self) -> None:
        """What belongs to one process: a fork has the parent's queue, but not its thread."""
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._queue: Queue[_Waiting | None] = Queue(self._queued_batches)
        self._thread: threading.Thread | None = None
        self._closed = False
        self._crowded = False

    def append(self, project_id: int, events: Sequence[EventRecord]) -> Appended:
        """What became of the events; they are durable when this returns.

        Raises:
            StorageBusy: The queue is full, the database is locked or away, or the journal is closed. Send the
                same events again: what had been stored after all counts once.
        """
        if not events:
            return Appended(0, 0, ())
        waiting = _Waiting(Batch(project_id, events))
        self._enqueue(waiting)
        try:
            return waiting.answer.result(self._wait_seconds)
        except FutureTimeout:
            raise StorageBusy("the events were not stored in time, send them again") from None

    def _enqueue(self, waiting: _Waiting) -> None:
        if self._process != os.getpid():
            self._start_afresh()
        with self._lock:
            if self._closed:
                raise StorageBusy("the service is shutting down, send the events again")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="keepgoing-journal", daemon=True)
                self._thread.start()
            try:
                self._queue.put_nowait(waiting)
            except Full:
                raise StorageBusy("too many batches wait to be stored, send the events again") from None

    def close(self) -> None:
        """Stores what was handed in before, ends the thread and refuses what comes after."""
        with self._lock:
            self._closed = True
            thread = self._thread if self._process == os.getpid() else None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _run(self) -> None:
        """The writer thread."""
        while (first := self._queue.get()) is not None:
            group, ended = self._gather(first)
            self._commit(group)
            if ended:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """A group that begins with this batch, and whether the journal was closed behind it."""
        group, rows = [first], len(first.batch.events)
        # Alone, a batch need not wait for company: what arrives during a commit makes the next group anyway.
        deadline = time.monotonic() + (self._group_seconds if self._crowded else 0)
        while rows < self._group_rows:
            try:
                following = self._queue.get(timeout=max(deadline - time.monotonic(), 0))
            except Empty:
                break
            if following is None:
                return group, True
            group.append(following)
            rows += len(following.batch.events)
        self._crowded = len(group) > 1
        return group, False

    def _commit(self, group: Sequence[_Waiting]) -> None:
        """Stores a group and answers all of it; one batch that cannot be stored takes no other with it."""
        try:
            outcomes = append_now(self._database, [waiting.batch for waiting in group])
        except StorageBusy as busy:
            _refuse(group, busy)
        except Exception as error:
            if len(group) == 1:
                _refuse(group, error)
                return
            for waiting in group:
                self._commit([waiting])
        else:
            for waiting, outcome in zip(group, outcomes, strict=True):
                waiting.answer.set_result(outcome)


def _refuse(group: Iterable[_Waiting], error: Exception) -> None:
    for waiting in group:
        waiting.answer.set_exception(error)
