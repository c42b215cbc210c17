"""The queue of events: bounded by count and bytes; when it is full, exposures make room for conversions."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from keepgoing.evaluation.assign import Outcome
from keepgoing.outbox.seen import Seen

if TYPE_CHECKING:
    from keepgoing.outbox.journal import Segment

EXPOSURES = "exposures"
CONVERSIONS = "conversions"
EXPOSURE_BYTES = 512
"""What an exposure counts for, besides its unit id and segments: about what it takes up here."""
SEGMENT_BYTES = 64


_tuple = tuple.__new__


class Exposure(NamedTuple):
    """An exposure before it is encoded, which costs the host nothing at the wall."""

    sequence: int
    key: int
    outcome: Outcome
    unit_id: str
    segments: Mapping[str, Any]
    is_plain: bool
    at: float


class Conversion(NamedTuple):
    """A conversion, encoded."""

    sequence: int
    body: bytes
    segment: Segment | None = None  # of the journal that holds it


class Queue:
    """Events in the order in which they came. What was handed out still counts until it is settled.

    Args:
        max_events: Most events kept.
        max_bytes: Most bytes kept, of which exposures' are estimated.
        seen: What to leave out.
        on_first: Called when the queue was empty and is no more; it must not wait.
    """

    def __init__(self, *, max_events: int, max_bytes: int, seen: Seen, on_first: Callable[[], None]) -> None:
        self.counts: Counter[str] = Counter()
        self.repeated = 0
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._seen = seen
        self._on_first = on_first
        self._exposures: deque[Exposure] = deque()
        self._conversions: deque[Conversion] = deque()
        self._sequence = 0
        self._events = 0
        self._bytes = 0
        self._handed_out: deque[int] = deque()

    def __len__(self) -> int:
        return self._events

    @property
    def last_sequence(self) -> int:
        """The number of the newest event."""
        return self._sequence

    @property
    def size_bytes(self) -> int:
        """Bytes kept, of which exposures' are estimated."""
        return self._bytes

    def add_exposure(
        self, outcome: Outcome, unit_id: str, segments: Mapping[str, Any], *, is_plain: bool, at: float
    ) -> None:
        """Queues an exposure, unless the same one was queued lately or there is no room."""
        key = hash(unit_id) ^ outcome.identity
        size = EXPOSURE_BYTES + len(unit_id) + SEGMENT_BYTES * len(segments)
        with self._lock:
            if key in self._seen:
                self.repeated += 1
                return
            if not self._admit(size):
                self.counts["exposures_dropped"] += 1
                return
            self._seen.add(key)
            self._sequence += 1
            members = (self._sequence, key, outcome, unit_id, segments, is_plain, at)
            self._exposures.append(_tuple(Exposure, members))  # twice as fast as calling Exposure
            is_first = self._events == 1
        if is_first:
            self._on_first()

    def repeats(self, outcome: Outcome, unit_id: str) -> bool:
        """Whether this exposure was queued lately; counted without a lock, so that threads may miss some."""
        key = hash(unit_id) ^ outcome.identity
        if key in self._seen.young or key in self._seen.old:
            self.repeated += 1
            return True
        return False

    def add_conversion(self, body: bytes, segment: Segment | None = None) -> bool:
        """Queues a conversion, in the place of exposures if it must be; whether there was room."""
        with self._lock:
            self._sequence += 1
            conversion = Conversion(self._sequence, body, segment)
            while not (admitted := self._admit(weight(conversion))) and self._exposures:
                self._drop_oldest_exposure()
            if not admitted:
                self.counts["conversions_dropped"] += 1
                return False
            self._conversions.append(conversion)
            is_first = self._events == 1
        if is_first:
            self._on_first()
        return True

    def take(self, most: int) -> list[Exposure | Conversion]:
        """The oldest events, at most so many, handed out: each must be settled later."""
        taken: list[Exposure | Conversion] = []
        with self._lock:
            while len(taken) < most and (event := self._oldest()) is not None:
                taken.append(event)
                self._handed_out.append(event.sequence)
        return taken

    def settle(self, event: Exposure | Conversion, what: str) -> None:
        """Lets go of an event that was handed out and is now delivered, rejected or dropped."""
        with self._lock:
            self._handed_out.remove(event.sequence)
            self._release(event)
            self.counts[f"{kind(event)}_{what}"] += 1
            self._settled.notify_all()
        if isinstance(event, Conversion) and event.segment is not None:
            event.segment.settle()

    def has_room(self, events: int, size: int) -> bool:
        """Whether so many conversions of so many bytes fit in without anything being dropped."""
        return self._events + events <= self._max_events and self._bytes + size <= self._max_bytes

    def wait_settled(self, sequence: int, seconds: float) -> bool:
        """Whether every event up to that number is settled, waiting so long for it."""
        with self._lock:
            return self._settled.wait_for(lambda: self._all_settled(sequence), max(0.0, seconds))

    def age(self, now: float) -> None:
        """Lets the memory of repeated exposures age."""
        with self._lock:
            self._seen.age(now)

    def _all_settled(self, sequence: int) -> bool:
        open_ones = (self._handed_out, [e.sequence for e in self._heads()])
        return all(number > sequence for numbers in open_ones for number in numbers)

    def _heads(self) -> list[Exposure | Conversion]:
        return [events[0] for events in (self._exposures, self._conversions) if events]

    def _oldest(self) -> Exposure | Conversion | None:
        heads = self._heads()
        if not heads:
            return None
        event = min(heads, key=lambda head: head.sequence)
        return self._exposures.popleft() if isinstance(event, Exposure) else self._conversions.popleft()

    def _admit(self, size: int) -> bool:
        if self._events >= self._max_events or self._bytes + size > self._max_bytes:
            return False
        self._events += 1
        self._bytes += size
        return True

    def _release(self, event: Exposure | Conversion) -> None:
        self._events -= 1
        self._bytes -= weight(event)

    def _drop_oldest_exposure(self) -> None:
        exposure = self._exposures.popleft()
        self._release(exposure)
        self._seen.discard(exposure.key)
        self.counts["exposures_dropped"] += 1
        self._settled.notify_all()


def kind(event: Exposure | Conversion) -> str:
    """`exposures` or `conversions`."""
    return EXPOSURES if isinstance(event, Exposure) else CONVERSIONS


def weight(event: Exposure | Conversion) -> int:
    """Bytes that an event counts for: a conversion's own, an exposure's estimated."""
    if isinstance(event, Conversion):
        return len(event.body)
    return EXPOSURE_BYTES + len(event.unit_id) + SEGMENT_BYTES * len(event.segments)
