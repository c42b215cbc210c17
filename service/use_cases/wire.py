"""Events as they come over the wire: from bytes to checked values, each fault with its place in the document.

A batch without faults is decoded in one go. Only when there is one, each event is decoded by itself, so that
the others can be stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from experiments.errors import Fault, InvalidInput

MAX_EVENTS = 1_000

EventId = Annotated[str, Meta(min_length=1, max_length=128)]
UnitId = Annotated[str, Meta(min_length=1, max_length=256)]
Key = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.:-]{0,63}\Z")]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Moment = Annotated[datetime, Meta(tz=True)]
Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
AttributeKey = Annotated[str, Meta(min_length=1, max_length=128)]
Attributes = Annotated[dict[AttributeKey, str | Whole | float | bool | None], Meta(max_length=100)]


class Exposure(Struct, tag="exposure", tag_field="type", forbid_unknown_fields=True, kw_only=True, gc=False):
    """A unit was shown a variant. Without `phase` it belongs to the one open when it occurred."""

    event_id: EventId
    error_code: Key
    experiment: Key
    variant: Key
    unit_id: UnitId
    occurred_at: Moment
    context: Attributes = {}
    phase: Number | None = None
    revision: Number | None = None
    fallback: bool = False


class Conversion(
    Struct, tag="conversion", tag_field="type", forbid_unknown_fields=True, kw_only=True, gc=False
):
    """Something a unit did that metrics may count; `value` is read by `intake`, exactly as it was written."""

    event_id: EventId
    name: Name
    unit_id: UnitId
    occurred_at: Moment
    value: Raw = Raw(b"null")
    currency: Currency | None = None
    properties: Attributes = {}


Event = Exposure | Conversion
Source = TypeVar("Source")


class Placed(NamedTuple):
    """An event with its place (from 0) in the batch it came in."""

    place: int
    event: Event


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """Why an event was not stored: its index, the place in the document and what is wrong there."""

    index: int
    pointer: str
    detail: str

    @property
    def fault(self) -> Fault:
        """The same as a fault of the whole document."""
        return Fault(self.pointer, self.detail)


class TooManyEvents(InvalidInput):
    """The batch has more events than the service takes at once; send it in parts."""

    code = "too_many_events"


class _Batch(Struct, forbid_unknown_fields=True):
    events: list[Event]


class _RawBatch(Struct, forbid_unknown_fields=True):
    events: list[Raw]


_batch = msgspec.json.Decoder(_Batch)
_raw_batch = msgspec.json.Decoder(_RawBatch)
_event: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)

_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
# Each escape of a JSON text in turn; a pair of surrogates is one, what is left of such is half a character.
_HALVES = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F]..)|.)", re.DOTALL)
_PLACE = re.compile(r"(?P<detail>.*?)(?: - at (?:`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_MEMBER = re.compile(r"(?:missing required|unknown) field `([^`]*)`")


def decode(body: bytes, *, max_events: int = MAX_EVENTS) -> tuple[list[Placed], list[Refusal]]:
    """The events of a body, and what is wrong with those that are none.

    Raises:
        TooManyEvents: There are more than `max_events`.
        InvalidInput: The body is no JSON object with a list of `events`.
    """
    try:
        events: Sequence[Event] = _batch.decode(body).events
    except _UNREADABLE:
        return _decode_singly(body, max_events)
    _limit(len(events), max_events)
    return [Placed(index, event) for index, event in enumerate(events)], []


def _limit(count: int, max_events: int) -> None:
    if count > max_events:
        detail = f"holds {count} events, must be at most {max_events}; send them in parts"
        raise TooManyEvents([Fault("/events", detail)])


def _decode_singly(body: bytes, max_events: int) -> tuple[list[Placed], list[Refusal]]:
    """The same, where one event's fault does not hide the others."""
    try:
        raws = _raw_batch.decode(_HALVES.sub(_nul_for_half, body)).events
    except _UNREADABLE as error:
        raise InvalidInput([_fault("", error)]) from None
    _limit(len(raws), max_events)
    return _sorted_out(raws, _event.decode)


def check(events: Sequence[Event]) -> tuple[list[Placed], list[Refusal]]:
    """The same for events made in this process: they pass the checks of those that come over the wire."""
    return _sorted_out(events, lambda event: _event.decode(msgspec.json.encode(event)))


def _sorted_out(
    sources: Sequence[Source], read: Callable[[Source], Event]
) -> tuple[list[Placed], list[Refusal]]:
    """The events that can be read from the sources, and the faults of the others."""
    placed: list[Placed] = []
    refused: list[Refusal] = []
    for index, source in enumerate(sources):
        try:
            placed.append(Placed(index, read(source)))
        except _UNREADABLE as error:
            fault = _fault(f"/events/{index}", error)
            refused.append(Refusal(index, fault.pointer, fault.detail))
    return placed, refused


def _nul_for_half(escape: re.Match[bytes]) -> bytes:
    """An escape of half a character becomes one of NUL: the decoder can read it, and it is refused later."""
    return b"\\u0000" if escape["half"] else escape[0]


def _fault(within: str, error: Exception) -> Fault:
    """The place and the detail of a decoder's message, below the place that it decoded."""
    if not isinstance(error, msgspec.ValidationError):
        return Fault(within, f"is no JSON that can be read: {error}")
    match = _PLACE.fullmatch(str(error))
    detail, path = (match["detail"], match["path"] or "") if match else (str(error), "")
    member = _MEMBER.search(detail)
    steps = [step for step in re.split(r"[.\[\]]+", path) if step and step != "..."]
    return Fault(
        within + "".join(f"/{step}" for step in [*steps, *(member.groups() if member else ())]), detail
    )
