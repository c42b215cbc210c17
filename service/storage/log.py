"""The event log: stores each id of a project once, and says what was new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from experiments.model.events import EventRecord
from service.storage.statements import statements

Ids = dict[tuple[int, str], int]  # (project, event id) -> digest


class Batch(NamedTuple):
    """Events that arrived together, of one project."""

    project_id: int
    events: Sequence[EventRecord]


class Appended(NamedTuple):
    """What became of a batch. `conflicts`: places of events whose id is taken by another content."""

    accepted: int
    duplicates: int
    conflicts: tuple[int, ...]


class Stored(NamedTuple):
    """The answer to a batch, and those of its events that were new."""

    appended: Appended
    new: list[EventRecord]


def store(connection: Connection, batches: Sequence[Batch]) -> list[Stored]:
    """Each batch's outcome; of events with one id, in the log or in these batches, the first one wins."""
    firsts: Ids = {}
    fresh = [[_claim(firsts, batch.project_id, event) for event in batch.events] for batch in batches]
    rows = [
        (batch.project_id, *event)
        for batch, flags in zip(batches, fresh, strict=True)
        for event, is_first in zip(batch.events, flags, strict=True)
        if is_first
    ]
    known = statements(connection).insert_events(connection, rows) if rows else {}
    firsts |= known
    return [_outcome(batch, flags, known, firsts) for batch, flags in zip(batches, fresh, strict=True)]


def _claim(firsts: Ids, project_id: int, event: EventRecord) -> bool:
    """Whether this is the first event with its id."""
    key = (project_id, event.event_id)
    if key in firsts:
        return False
    firsts[key] = event.digest
    return True


def _outcome(batch: Batch, is_first: list[bool], known: Ids, winners: Ids) -> Stored:
    project_id, events = batch
    if all(is_first) and not known:
        return Stored(Appended(len(events), 0, ()), list(events))
    new = [
        event
        for event, first in zip(events, is_first, strict=True)
        if first and (project_id, event.event_id) not in known
    ]
    conflicts = tuple(
        place for place, event in enumerate(events) if winners[project_id, event.event_id] != event.digest
    )
    return Stored(Appended(len(new), len(events) - len(new), conflicts), new)
