"""The outbox: what `decide` and `track` put in, and how it gets out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from keepgoing.evaluation import Decision
from keepgoing.outbox.delivery import Delivery, Post, Rejected
from keepgoing.outbox.event_ids import EventIds
from keepgoing.outbox.events import checked_text, conversion, timestamp
from keepgoing.outbox.queue import Queue
from keepgoing.outbox.seen import Seen

if TYPE_CHECKING:
    from keepgoing.outbox.journal import Journal, Segment

KINDS = ("exposures", "conversions")
FATES = ("delivered", "rejected", "dropped")
LOST = ("_rejected", "_dropped")
RECOVERY_SECONDS = 30.0
"""Between two looks for what ended processes have left."""
FULL_SECONDS = 2.0
"""The same, while the queue has no room for it."""


class Outbox:
    """Events kept until the service has them. Safe from any thread; only `deliver` does any input or output.

    Args:
        post: How a batch is sent; None where there is no service, and events are counted and let go.
        max_events: Most events kept, those under way included.
        max_bytes: Most bytes kept.
        dedupe_seconds: How long the same exposure is not sent again, at least.
        journal: What keeps conversions over the end of the process; None keeps them in memory alone.
        clock: Seconds since the epoch.
    """

    journal_error: str | None
    _queue: Queue
    _next_recovery: float

    def __init__(
        self,
        post: Post | None,
        *,
        max_events: int = 10_000,
        max_bytes: int = 16 * 1024 * 1024,
        dedupe_seconds: float = 600.0,
        journal: Journal | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wake = threading.Event()
        self.closed = False
        self._post = post
        self._bounds = (max_events, max_bytes)
        self._dedupe_seconds = dedupe_seconds
        self._journal = journal
        self._clock = clock
        self._monotonic = monotonic
        self._start_empty()

    def expose(self, decision: Decision) -> None:
        """Queues the exposure of a decision, if it is one."""
        outcome, unit_id = decision.outcome, decision.unit_id
        if not outcome.is_exposure or unit_id is None:
            return
        if self._post is None or self.closed:
            self._queue.counts["exposures_dropped" if self._post else "exposures_discarded"] += 1
            return
        self._queue.add_exposure(
            outcome, unit_id, decision.segments, is_plain=decision.answer.is_plain, at=self._clock()
        )

    def repeats(self, decision: Decision) -> bool:
        """Whether the exposure of this decision was queued lately: the fast way out for hosts that retry."""
        return self._queue.repeats(decision.outcome, decision.unit_id or "")

    def track(
        self,
        name: str,
        unit_id: str,
        *,
        value: object = None,
        currency: object = None,
        event_id: object = None,
        occurred_at: object = None,
        properties: object = None,
    ) -> bool:
        """Queues a conversion; whether there was room.

        Raises:
            ValueError: Something is not what it must be; the text names it.
        """
        body = conversion(
            name,
            unit_id,
            event_id=self._ids.next_id() if event_id is None else checked_text(event_id, "event_id"),
            occurred_at=timestamp(occurred_at, self._clock()),
            value=value,
            currency=currency,
            properties=properties,
        )
        if self._post is None or self.closed:
            self._queue.counts["conversions_dropped" if self._post else "conversions_discarded"] += 1
            return False
        segment = self._kept(body)
        if self._queue.add_conversion(body, segment):
            return True
        if segment is not None:
            segment.settle()
        return False

    def _kept(self, body: bytes) -> Segment | None:
        """Where the journal holds the event; None without journal, and where the disk does not take it."""
        if self._journal is None:
            return None
        try:
            return self._journal.append(body)
        except OSError as error:
            self._queue.counts["journal_failed"] += 1
            self.journal_error = f"the journal took no conversion: {error}"
            return None

    def recover(self) -> None:
        """Queues what ended processes have left in the journal, as far as there is room; now and then."""
        now = self._monotonic()
        if self._journal is None or now < self._next_recovery:
            return
        self._next_recovery = now + RECOVERY_SECONDS
        for segment, bodies in self._journal.left_behind():
            if self.closed or not self._queue.has_room(len(bodies), sum(map(len, bodies))):
                segment.abandon()
                self._next_recovery = now + FULL_SECONDS
                return
            for body in bodies:
                self._queue.add_conversion(body, segment)
            self._queue.counts["conversions_recovered"] += len(bodies)

    def close(self) -> None:
        """Lets go of the journal's files; what is left in them is the next process's."""
        if self._journal is not None:
            self._journal.close()

    def deliver(self, seconds: float, *, urgent: bool = False) -> None:
        """Sends what is queued, for at most so long; `urgent` does not wait for the end of a backoff."""
        if self._delivery is not None:
            self._delivery.run(seconds, urgent=urgent)

    def age(self) -> None:
        """Lets the memory of repeated exposures age; to be called now and then."""
        self._queue.age(self._monotonic())

    def wait_empty(self, seconds: float) -> bool:
        """Whether all that is queued now has left, waiting so long for it."""
        return self._queue.wait_settled(self._queue.last_sequence, seconds)

    @property
    def retry_at(self) -> float:
        """When to send again, on the monotonic clock; infinite when there is nothing to send."""
        return self._delivery.retry_at if self._delivery is not None and len(self._queue) else float("inf")

    @property
    def error(self) -> str | None:
        """What went wrong at the last attempt; None when it succeeded."""
        return self._delivery.error if self._delivery else None

    @property
    def set_aside(self) -> list[Rejected]:
        """The last events that the service would not take."""
        return list(self._delivery.set_aside) if self._delivery else []

    def count(self, what: str) -> None:
        """Adds one to a counter."""
        self._queue.counts[what] += 1

    def lost(self) -> dict[str, int]:
        """How many events were dropped or rejected so far, by kind and fate; without those that are none."""
        return {name: count for name, count in dict(self._queue.counts).items() if name.endswith(LOST)}

    def stats(self) -> dict[str, Any]:
        """Counters since the start of this process, and what is waiting."""
        counts: Mapping[str, int] = self._queue.counts
        return {
            "pending_events": len(self._queue),
            "pending_bytes": self._queue.size_bytes,
            **{kind: {fate: counts[f"{kind}_{fate}"] for fate in FATES} for kind in KINDS},
            "repeated_exposures": self._queue.repeated,
            "invalid_conversions": counts["conversions_invalid"],
            "journal": {
                "recovered": counts["conversions_recovered"],
                "failed": counts["journal_failed"],
            },
            "discarded": counts["exposures_discarded"] + counts["conversions_discarded"],
            "batches": {"sent": counts["batches_sent"], "failed": counts["batches_failed"]},
            "error": self.error,
        }

    def after_fork(self) -> None:
        """Starts empty with own locks: what was queued before the fork is the parent's to send."""
        self.wake = threading.Event()
        if self._journal is not None:
            self._journal.after_fork()
        self._start_empty()

    def _start_empty(self) -> None:
        max_events, max_bytes = self._bounds
        self._next_recovery = 0.0
        self.journal_error = None
        self._ids = EventIds(self._clock)
        self._queue = Queue(
            max_events=max_events,
            max_bytes=max_bytes,
            seen=Seen(self._dedupe_seconds),
            on_first=self.wake.set,
        )
        self._delivery = None
        if self._post is not None:
            self._delivery = Delivery(self._queue, self._post, ids=self._ids, monotonic=self._monotonic)
