"""What is done again and again beside answering requests: verdicts, traffic, lapsed reservations, claims.

Every chore may run in several processes at once: each does nothing where another was first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from service.use_cases import allocation, claims, incentives, verdicts
from service.use_cases.scope import Database, StorageBusy

SECONDS = 60.0
Chore = Callable[[Database, datetime], object]
Report = Callable[[str], None]

CHORES: tuple[Chore, ...] = (
    allocation.reallocate_all,
    verdicts.record_all,
    incentives.release_lapsed,
    claims.refresh_all,
)


def do_all(database: Database, now: datetime, report: Report) -> None:
    """Does every chore once; one whose database is busy waits for the next time, and the others go on."""
    for chore in CHORES:
        try:
            chore(database, now)
        except StorageBusy as busy:
            report(f"A chore waits: {busy.detail}")


class Chores:
    """Does the chores in a thread of a web process, where no worker process runs beside it.

    Args:
        database: Of the service.
        report: Called with a sentence when something waits or fails.
        seconds: Between two rounds; the first comes after as many.
    """

    def __init__(self, database: Database, report: Report, *, seconds: float = SECONDS) -> None:
        self._database = database
        self._report = report
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keepgoing-chores", daemon=True)

    def start(self) -> None:
        """Begins, in the process that calls it."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the round under way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                do_all(self._database, datetime.now(UTC), self._report)
            except Exception as error:  # a round that fails must not end all further ones
                self._report(f"A chore failed: {type(error).__name__}: {error}")
