"""Participants as rows and back: three of the columns are JSON, empty where they would say nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
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


class ExposurePayload(msgspec.Struct):
    """What the fold needs of an exposure's payload."""

    context: dict[str, Scalar] = msgspec.field(default_factory=dict)
    fallback: bool = False


_payload = msgspec.json.Decoder(ExposurePayload)


class Participant(NamedTuple):
    """A unit in one experiment."""

    exposed: Exposed
    measured: Measured


ByExperiment = dict[int, Participant]


def payload_of(record: EventRecord) -> ExposurePayload:
    """The payload of a stored exposure."""
    return _payload.decode(record.payload)


def exposed_once(record: EventRecord, payload: ExposurePayload, segments: tuple[str, ...]) -> Exposed:
    """What a single exposure comes to, for an experiment with these segments."""
    variant, phase = record.variant or "", record.phase or 0
    return Exposed(
        first_at=record.occurred_at,
        first_id=record.event_id,
        variant=variant,
        phase=phase,
        segments=segment_values(segments, payload.context),
        last_at=record.occurred_at,
        exposures=1,
        fallbacks=int(payload.fallback),
        seen=frozenset(((phase, variant),)),
    )


def read(connection: Connection, project_id: int, units: Sequence[str]) -> dict[str, ByExperiment]:
    """The participants that these units are, by unit and experiment."""
    found: dict[str, ByExperiment] = {}
    for unit_id, experiment_id, *state in statements(connection).participants_of(
        connection, project_id, units
    ):
        found.setdefault(unit_id, {})[experiment_id] = _from_state(state)
    return found


def _from_state(state: Row) -> Participant:
    variant, phase, first_at, first_id, last_at, exposures, fallbacks, seen, segments, measured = state
    exposed = Exposed(
        first_at=first_at,
        first_id=first_id,
        variant=variant,
        phase=phase,
        segments=_segments.decode(segments) if segments else (),
        last_at=last_at,
        exposures=exposures,
        fallbacks=fallbacks,
        seen=frozenset(_seen.decode(seen) if seen else ((phase, variant),)),
    )
    return Participant(exposed, _measured.decode(measured) if measured else {})


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
        exposed.last_at,
        exposed.exposures,
        exposed.fallbacks,
        _compact(sorted(exposed.seen)) if len(exposed.seen) > 1 else "",
        msgspec.json.encode(exposed.segments).decode() if exposed.segments else "",
        _compact(measured) if measured else "",
    )


def _compact(value: object) -> str:
    """Short JSON with sorted members; the sums in it may outgrow 64 bits."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
