"""Batches on their way: what each answer of the service means for the events in it."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from keepgoing.errors import TransportError
from keepgoing.outbox.event_ids import EventIds
from keepgoing.outbox.events import exposure, timestamp
from keepgoing.outbox.queue import Conversion, Exposure, Queue
from keepgoing.transport import Backoff, Deadline, Reply

MOST_EVENTS = 500
MOST_BYTES = 900 * 1024
MISTAKEN = frozenset({400, 422})
REFUSED = frozenset({401, 403, 404, 405})
SLOWEST_RETRY_SECONDS = 60.0
SLOWEST_REFUSED_SECONDS = 300.0
MOST_MISTAKES = 20
"""Events that may be set aside in a row with none accepted between; then the service itself is doubted."""
SET_ASIDE = 100


class Post(Protocol):
    """How a batch is sent; raises TransportError."""

    def __call__(self, path: str, body: bytes, *, within: float) -> Reply: ...


class Encoded(NamedTuple):
    """An event of a batch. Its bytes never change, so that however often it is sent it has one event id."""

    event: Exposure | Conversion
    body: bytes


class Rejected(NamedTuple):
    """An event that the service would not take, and why."""

    body: bytes
    detail: str


class Delivery:
    """Sends what the queue holds. `retry_at` is when it may try again; `error` what went wrong last."""

    def __init__(
        self,
        queue: Queue,
        post: Post,
        *,
        ids: EventIds,
        backoff: Backoff | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.retry_at = 0.0
        self.error: str | None = None
        self.set_aside: deque[Rejected] = deque(maxlen=SET_ASIDE)
        self._queue = queue
        self._post = post
        self._ids = ids
        self._backoff = backoff or Backoff(0.5, SLOWEST_RETRY_SECONDS)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._batches: deque[list[Encoded]] = deque()
        self._most = MOST_EVENTS
        self._mistakes = 0
        self._asked_to_wait_until = 0.0

    def run(self, seconds: float, *, urgent: bool = False) -> None:
        """Sends batches until nothing is left, something goes wrong, or the time is over.

        Args:
            seconds: Longest time to take.
            urgent: Try even while backing off; only a `Retry-After` of the service is still obeyed.
        """
        deadline = Deadline(seconds, self._monotonic)
        not_before = self._asked_to_wait_until if urgent else self.retry_at
        if self._monotonic() < not_before or not self._lock.acquire(timeout=deadline.remaining):
            return
        try:
            while deadline.remaining and self._load() and self._send(deadline.remaining):
                pass
        finally:
            self._lock.release()

    def _load(self) -> bool:
        """Whether there is a batch to send; makes one of what is queued."""
        if not self._batches:
            taken = [Encoded(event, self._encode(event)) for event in self._queue.take(self._most)]
            self._batches.extend(_cut(taken))
        return bool(self._batches)

    def _encode(self, event: Exposure | Conversion) -> bytes:
        if isinstance(event, Conversion):
            return event.body
        return exposure(
            event.outcome.facts(),
            event.unit_id,
            event.segments,
            event_id=self._ids.next_id(),
            occurred_at=timestamp(None, event.at),
            fallback=event.is_plain,
        )

    def _send(self, within: float) -> bool:
        """Sends the first batch; whether to go on at once."""
        batch = self._batches[0]
        try:
            reply = self._post("/v1/events", _joined(batch), within=within)
            rejected = _rejected(reply, len(batch))
        except TransportError as error:
            self.error = error.detail
            return self._failed(batch, error)
        self._batches.popleft()
        self._answered(batch, rejected)
        return True

    def _answered(self, batch: list[Encoded], rejected: dict[int, str]) -> None:
        self.error = None
        self.retry_at = self._asked_to_wait_until = 0.0
        self._mistakes = 0
        self._backoff.reset()
        self._queue.counts["batches_sent"] += 1
        self._most = min(MOST_EVENTS, self._most * 2)
        for index, encoded in enumerate(batch):
            if index in rejected:
                self._put_aside(encoded, rejected[index])
            else:
                self._queue.settle(encoded.event, "delivered")

    def _failed(self, batch: list[Encoded], error: TransportError) -> bool:
        if error.status == 413:
            self._most = max(1, len(batch) // 2)
            return self._divide(batch, error.detail)
        if error.status in MISTAKEN and self._mistakes < MOST_MISTAKES:
            return self._divide(batch, error.detail)
        self._queue.counts["batches_failed"] += 1
        self._mistakes = min(self._mistakes, MOST_MISTAKES - 1)  # one more may be set aside after the wait
        self._wait(error)
        return False

    def _divide(self, batch: list[Encoded], detail: str) -> bool:
        """Puts two halves in the batch's place, or sets its only event aside."""
        self._batches.popleft()
        if len(batch) == 1:
            self._mistakes += 1
            self._put_aside(batch[0], detail)
        else:
            middle = len(batch) // 2
            self._batches.extendleft((batch[middle:], batch[:middle]))
        return True

    def _put_aside(self, encoded: Encoded, detail: str) -> None:
        self.set_aside.append(Rejected(encoded.body, detail))
        self._queue.settle(encoded.event, "rejected")

    def _wait(self, error: TransportError) -> None:
        now = self._monotonic()
        if error.retry_after_seconds is not None:
            self.retry_at = self._asked_to_wait_until = now + error.retry_after_seconds
            return
        cap = SLOWEST_REFUSED_SECONDS if error.status in REFUSED else None
        self.retry_at = now + self._backoff.next_delay(cap=cap)


def _cut(events: list[Encoded]) -> list[list[Encoded]]:
    """The events in batches that are not too large."""
    batches: list[list[Encoded]] = []
    room = 0
    for encoded in events:
        room -= len(encoded.body) + 1
        if room < 0 or not batches:
            batches.append([])
            room = MOST_BYTES - len(encoded.body) - 1
        batches[-1].append(encoded)
    return batches


def _joined(batch: list[Encoded]) -> bytes:
    return b'{"events":[' + b",".join(encoded.body for encoded in batch) + b"]}"


def _rejected(reply: Reply, size: int) -> dict[int, str]:
    """Which events of the batch the service would not take, and why.

    Raises:
        TransportError: The answer is not the service's; whether it stored anything is not known.
    """
    try:
        document = json.loads(reply.body)
        rejected = {int(item["index"]): str(item["detail"]) for item in document["rejected"]}
        known = int(document["accepted"]) + int(document["duplicates"]) + len(rejected)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TransportError("the answer to a batch of events is not the service's") from error
    if known < size or not all(0 <= index < size for index in rejected):
        raise TransportError(f"the service answered for {known} events of {size}")
    return rejected
