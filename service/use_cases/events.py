"""Taking in events: what can be stored is durable when this answers, and every refusal says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from experiments.model.events import EventRecord, microseconds
from service.storage.journal import Journal
from service.use_cases import intake
from service.use_cases.scope import Scope
from service.use_cases.wire import (
    MAX_EVENTS,
    Conversion,
    Event,
    Exposure,
    Placed,
    Refusal,
    TooManyEvents,
    check,
    decode,
)

__all__ = [
    "MAX_EVENTS",
    "Conversion",
    "Event",
    "Exposure",
    "Recorded",
    "Refusal",
    "TooManyEvents",
    "record",
    "record_events",
]


class Recorded(NamedTuple):
    """What became of a batch.

    Attributes:
        accepted: Events stored now.
        duplicates: Events whose id was stored before; they change nothing.
        rejected: Events that are none, in the order of the batch.
        conflicts: Those of the duplicates that say something else than the event stored first.
    """

    accepted: int
    duplicates: int
    rejected: tuple[Refusal, ...]
    conflicts: tuple[Refusal, ...]

    @property
    def all_rejected(self) -> bool:
        """Whether there were events and none of them was one."""
        return bool(self.rejected) and not self.accepted and not self.duplicates


def record(scope: Scope, body: bytes, journal: Journal, *, max_events: int = MAX_EVENTS) -> Recorded:
    """What became of the events of a body like that of `POST /v1/events`.

    Raises:
        TooManyEvents: There are more than `max_events`.
        InvalidInput: The body is no JSON object with a list of `events`.
        StorageBusy: They could not be stored just now; send them again.
    """
    placed, refused = decode(body, max_events=max_events)
    return _record(scope, placed, refused, journal)


def record_events(scope: Scope, events: Sequence[Event], journal: Journal) -> Recorded:
    """What became of events made in this process.

    Raises:
        StorageBusy: They could not be stored just now.
    """
    placed, refused = check(events)
    return _record(scope, placed, refused, journal)


def _record(scope: Scope, placed: Sequence[Placed], refused: list[Refusal], journal: Journal) -> Recorded:
    records, places = _records(scope, placed, refused)
    appended = journal.append(scope.project.id, records)
    conflicts = (
        Refusal(places[at], f"/events/{places[at]}/event_id", "another event was stored under this id before")
        for at in appended.conflicts
    )
    return Recorded(appended.accepted, appended.duplicates, tuple(sorted(refused)), tuple(conflicts))


def _records(
    scope: Scope, placed: Sequence[Placed], refused: list[Refusal]
) -> tuple[list[EventRecord], list[int]]:
    """The rows of the events that can be stored, with their indices; adds the others to `refused`."""
    known = _known(scope, placed)
    now = microseconds(scope.now)
    records: list[EventRecord] = []
    places: list[int] = []
    for index, event in placed:
        try:
            records.append(intake.record(event, known=known, now=now))
            places.append(index)
        except intake.Refused as fault:
            refused.append(Refusal(index, f"/events/{index}/{fault.member}", fault.detail))
    return records, places


def _known(scope: Scope, placed: Sequence[Placed]) -> dict[str, intake.Entrance]:
    if not any(isinstance(event, Exposure) for _, event in placed):
        return {}
    with scope.database.reading() as connection:
        return intake.entrances(connection, scope.project.id, (event for _, event in placed))
