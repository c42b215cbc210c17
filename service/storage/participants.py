"""Participants as rows and back: three of the columns are JSON, empty where they would say nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from experiments.model.events import EventRecord, Scalar, segment_values
from experiments.model.participation import Exposed, Measured
from service.storage.columns import Row
from service.storage.statements import statements

_Seen = list[tuple[int, str]]
_seen = msgspec.json.Decoder(_Seen)
_segments = msgspec.json.Decoder(tuple[str, ...])
_measured = msgspec.json.Decoder(Measured)


class _Payload(msgspec.Struct):
    """What the fold needs of an exposure's payload."""

    context: dict[str, Scalar] = msgspec.field(default_factory=dict)
    fallback: bool = False


_payload = msgspec.json.Decoder(_Payload)


class Participant(NamedTuple):
    """A unit in one experiment."""

    exposed: Exposed
    measured: Measured


ByExperiment = dict[int, Participant]
StoredRows = dict[str, dict[int, Row]]  # by unit and experiment: PARTICIPANT_STATE, not yet decoded


def read(connection: Connection, project_id: int, units: Iterable[str]) -> StoredRows:
    """The participants that these units are."""
    found: StoredRows = {}
    for row in statements(connection).participants_of(connection, project_id, list(units)):
        found.setdefault(row[0], {})[row[1]] = row[2:]
    return found


def knows(stored: StoredRows, record: EventRecord) -> bool:
    """Whether an exposure repeats what its participant is stored with, and so changes nothing."""
    row = stored.get(record.unit_id, _NONE).get(record.experiment_id or 0)
    return (
        row is not None
        and row[0] == record.variant
        and row[1] == record.phase
        and (row[2], row[3]) <= (record.occurred_at, record.event_id)
    )


_NONE: dict[int, Row] = {}


def decoded(rows: dict[int, Row]) -> ByExperiment:
    """A unit's participants from their rows."""
    return {experiment_id: _from_state(row) for experiment_id, row in rows.items()}


def _from_state(state: Row) -> Participant:
    variant, phase, first_at, first_id, seen, segments, measured = state
    exposed = Exposed(
        first_at=first_at,
        first_id=first_id,
        variant=variant,
        phase=phase,
        segments=_segments.decode(segments) if segments else (),
        seen=frozenset(_seen.decode(seen) if seen else ((phase, variant),)),
    )
    return Participant(exposed, _measured.decode(measured) if measured else {})


def exposed_once(record: EventRecord, segments: tuple[str, ...]) -> Exposed:
    """What a single exposure comes to, for an experiment with these segments."""
    variant, phase = record.variant or "", record.phase or 0
    context = _payload.decode(record.payload).context if segments else {}
    return Exposed(
        first_at=record.occurred_at,
        first_id=record.event_id,
        variant=variant,
        phase=phase,
        segments=segment_values(segments, context),
        seen=frozenset(((phase, variant),)),
    )


def is_fallback(record: EventRecord) -> bool:
    """Whether a stored exposure was of a decision that fell back."""
    return '"fallback"' in record.payload and _payload.decode(record.payload).fallback


def row_of(project_id: int, unit_id: str, experiment_id: int, participant: Participant) -> Row:
    """The participant as a row; equal participants give equal rows."""
    exposed, measured = participant
    return (
        project_id,
        unit_id,
        experiment_id,
        exposed.variant,
        exposed.phase,
        exposed.first_at,
        exposed.first_id,
        _compact(sorted(exposed.seen)) if len(exposed.seen) > 1 else "",
        msgspec.json.encode(exposed.segments).decode() if exposed.segments else "",
        _compact(measured) if measured else "",
    )


def _compact(value: object) -> str:
    """Short JSON with sorted members; the sums in it may outgrow 64 bits."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
