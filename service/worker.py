"""The folding loop of PostgreSQL: one process at a time, under a lease, keeps the derived rows up to date."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from service.use_cases import upkeep
from service.use_cases.scope import Database, StorageBusy

IDLE_SECONDS = 0.25  # between two looks at a log that has nothing new
BUSY_SECONDS = 2.0  # until the next try while another process folds, or the database is away

Report = Callable[[str], None]


def own_name() -> str:
    """A name for this worker that no other has, and that tells a person where it runs."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class Worker:
    """Folds until it is stopped. On SQLite there is nothing to fold, and it only waits."""

    def __init__(
        self,
        database: Database,
        *,
        name: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        report: Report | None = None,
        idle_seconds: float = IDLE_SECONDS,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        """Folds nothing yet.

        Args:
            database: Where the log is.
            name: Under which the lease is held; made up when None.
            clock: Gives the present moment, aware.
            report: Called with a sentence when the database is away.
            idle_seconds: The pause when nothing was new.
            busy_seconds: The pause when another one folds or the database is away.
        """
        self.name = name or own_name()
        self._database = database
        self._clock = clock
        self._report = report
        self._idle_seconds = idle_seconds
        self._busy_seconds = busy_seconds
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Folds until `stop`, then gives the lease back."""
        while not self._stopped.is_set():
            self._stopped.wait(self.step())
        self._release()

    def step(self) -> float:
        """Folds once; how many seconds to pause before the next time."""
        try:
            folded = upkeep.fold(self._database, owner=self.name, now=self._clock())
        except StorageBusy as busy:
            if self._report is not None:
                self._report(f"The worker waits: {busy.detail}")
            return self._busy_seconds
        if folded is None:
            return self._busy_seconds
        return 0.0 if folded else self._idle_seconds

    def start(self) -> None:
        """Runs in a thread of this process, beside the web."""
        self._thread = threading.Thread(target=self.run, name="keepgoing-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the loop after the step under way; returns when a thread started here has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _release(self) -> None:
        try:
            upkeep.release(self._database, owner=self.name, now=self._clock())
        except StorageBusy:
            return  # the lease runs out by itself
