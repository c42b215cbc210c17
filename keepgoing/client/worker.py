"""The one background thread of a client: it fetches rulesets and sends events."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from keepgoing.client.notices import Notices
from keepgoing.outbox import Outbox
from keepgoing.source import Source
from keepgoing.transport import Deadline, describe

FETCH_SECONDS = 5.0
DELIVER_SECONDS = 10.0
LONGEST_SLEEP_SECONDS = 60.0
FLUSH_RETRY_SECONDS = 0.25


class Worker:
    """Turns of fetching, sending and sleeping, in a daemon thread that is started at first use.

    Args:
        source: What to refresh when it is due.
        outbox: What to deliver, `flush_seconds` after something was put in.
        at_end: Called by the thread when it ends, which may be after its client has stopped waiting for it.
    """

    _thread: threading.Thread | None

    def __init__(
        self,
        source: Source,
        outbox: Outbox,
        notices: Notices,
        *,
        flush_seconds: float,
        at_end: Callable[[], object] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._outbox = outbox
        self._notices = notices
        self._flush_seconds = flush_seconds
        self._at_end = at_end
        self._monotonic = monotonic
        self.after_fork()

    @property
    def alive(self) -> bool:
        """Whether the thread runs, in this process."""
        return self._thread is not None and self._pid == os.getpid() and self._thread.is_alive()

    @property
    def pid(self) -> int:
        """The process that the thread was started in."""
        return self._pid

    def start(self) -> None:
        """Starts the thread, unless it runs or can no longer be started, as while Python shuts down."""
        with self._lock:
            if self._stopping or self.alive:
                return
            thread = threading.Thread(target=self._run, name="keepgoing", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._notices.warn("thread", f"keepgoing cannot start its thread: {error}")
                return
            self._thread = thread

    def flush(self, seconds: float) -> bool:
        """Whether all that was queued before has left. Sends by itself only where no thread runs."""
        deadline = Deadline(seconds, self._monotonic)
        if not self.alive:
            self._outbox.deliver(deadline.remaining, urgent=True)
            return self._outbox.wait_empty(0.0)
        self._count_flushing(1)
        try:
            self._hurry.set()
            self._outbox.wake.set()
            return self._outbox.wait_empty(deadline.remaining)
        finally:
            self._count_flushing(-1)

    def stop(self, seconds: float) -> None:
        """Asks the thread to end and waits so long for it; it is never started again."""
        self._stopping = True
        self._hurry.set()
        self._outbox.wake.set()
        if self.alive and self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, seconds))

    def after_fork(self) -> None:
        """Starts over without a thread: threads do not survive a fork."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._hurry = threading.Event()
        self._thread = None
        self._stopping = False
        self._flushing = 0
        self._told = self._outbox.lost()

    def _count_flushing(self, step: int) -> None:
        with self._lock:
            self._flushing += step

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except Exception as error:  # whatever it is, the host goes on and the next turn may be better
                self._notices.warn("worker", f"keepgoing's thread met {describe(error)}")
                self._hurry.wait(1.0)
        self._at_end()

    def _turn(self) -> None:
        if self._monotonic() >= self._source.due_at:
            self._source.refresh(FETCH_SECONDS)
        self._outbox.recover()
        self._outbox.deliver(DELIVER_SECONDS, urgent=bool(self._flushing))
        self._outbox.age()
        self._tell()
        self._sleep()

    def _sleep(self) -> None:
        """Sleeps until something is due; after the first event of a batch, `flush_seconds` for the others."""
        idle = self._idle_seconds()
        woken = self._outbox.wake.wait(idle)
        self._outbox.wake.clear()
        if (woken or not idle) and not self._stopping and not self._flushing:
            self._hurry.wait(self._flush_seconds)
        self._hurry.clear()

    def _idle_seconds(self) -> float:
        now = self._monotonic()
        seconds = min(self._source.due_at - now, self._outbox.retry_at - now, LONGEST_SLEEP_SECONDS)
        if self._flushing:
            seconds = min(max(seconds, 0.0) or FLUSH_RETRY_SECONDS, FLUSH_RETRY_SECONDS)
        return max(0.0, seconds)

    def _tell(self) -> None:
        """Says once a minute what goes wrong."""
        if self._source.error:
            self._notices.warn("source", f"keepgoing keeps its last ruleset: {self._source.error}")
        if self._outbox.journal_error:
            self._notices.warn(
                "journal", f"keepgoing keeps conversions in memory alone: {self._outbox.journal_error}"
            )
        if self._outbox.error:
            self._notices.warn("outbox", f"keepgoing keeps its events: {self._outbox.error}")
        lost = self._outbox.lost()
        if lost != self._told and self._notices.warn("lost", f"keepgoing has lost events so far: {lost}"):
            self._told = lost
