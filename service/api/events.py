"""The call that takes events in: exposures and conversions, durable when it answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from flask import Response, request
from pydantic import BaseModel, Field

from experiments.errors import InvalidInput
from service.api.answers import JSON_TYPE
from service.api.bodies import read_body
from service.api.calls import Calls
from service.api.schemas import Input
from service.api.services import Services, services
from service.use_cases import events
from service.use_cases.credentials import Role
from service.use_cases.events import Recorded, Refusal
from service.use_cases.keys import KeyHolder

calls = Calls("events")

Scalar = str | int | float | bool | None
EventId = Annotated[
    str, Field(min_length=1, max_length=128, description="Counts once, however often it is sent.")
]
UnitId = Annotated[str, Field(min_length=1, max_length=256)]
Moment = Annotated[datetime, Field(description="RFC 3339 with an offset, at most 5 minutes ahead.")]
Attributes = Annotated[dict[str, Scalar], Field(max_length=100, default_factory=dict)]


class ExposureInput(Input):
    """A unit was shown a variant."""

    type: Literal["exposure"]
    event_id: EventId
    error_code: str
    experiment: str
    variant: str
    unit_id: UnitId
    occurred_at: Moment
    context: Attributes
    phase: Annotated[int | None, Field(ge=1, description="Of the decision; by its time when absent.")] = None
    revision: Annotated[int | None, Field(ge=1, description="Of the decision.")] = None
    fallback: bool = False


class ConversionInput(Input):
    """A unit did something that metrics may count."""

    type: Literal["conversion"]
    event_id: EventId
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,63}$")]
    unit_id: UnitId
    occurred_at: Moment
    value: Annotated[
        float | str | None,
        Field(description="A decimal number or a text that holds one; negative for a refund."),
    ] = None
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    properties: Attributes


class EventsRequest(Input):
    """A batch of events; gzip is accepted."""

    events: Annotated[
        list[Annotated[ExposureInput | ConversionInput, Field(discriminator="type")]], Field(max_length=1_000)
    ]


class RefusalView(BaseModel):
    """An event that was not stored."""

    index: Annotated[int, Field(description="Its place in the batch, from 0.")]
    pointer: str
    detail: str


class RecordedView(BaseModel):
    """What became of a batch."""

    accepted: int
    duplicates: int
    rejected: list[RefusalView]
    conflicts: Annotated[
        list[RefusalView], Field(description="Duplicates that say something else than what was stored first.")
    ]


@calls.post(
    "/v1/events",
    role=Role.SDK,
    summary="Exposures and conversions",
    body=EventsRequest,
    answer=RecordedView,
    lean=True,
)
def record(holder: KeyHolder) -> Response:
    """Durable when it answers 200. What is no event is named and keeps no other out; 400 when none is one."""
    shared = services()
    shared.gate.rates.events.spend(holder.key_id, 0)
    body = read_body(request, max_bytes=shared.limits.max_body_bytes)
    recorded = events.record(
        shared.scope(holder), body, shared.backend.journal, max_events=shared.limits.max_events
    )
    _count(shared, holder, recorded)
    if recorded.all_rejected:
        raise InvalidInput([refusal.fault for refusal in recorded.rejected])
    return Response(_encoded(recorded), content_type=JSON_TYPE)


def _count(shared: Services, holder: KeyHolder, recorded: Recorded) -> None:
    accepted, duplicates, rejected = recorded.accepted, recorded.duplicates, len(recorded.rejected)
    shared.gate.rates.events.add(holder.key_id, accepted + duplicates + rejected)
    shared.figures.events(accepted=accepted, duplicates=duplicates, rejected=rejected)


def _encoded(recorded: Recorded) -> bytes:
    return msgspec.json.encode(
        {
            "accepted": recorded.accepted,
            "duplicates": recorded.duplicates,
            "rejected": _listed(recorded.rejected),
            "conflicts": _listed(recorded.conflicts),
        }
    )


def _listed(refusals: Iterable[Refusal]) -> list[dict[str, object]]:
    return [{"index": one.index, "pointer": one.pointer, "detail": one.detail} for one in refusals]
