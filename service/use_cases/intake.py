"""From a checked event to the row of the log: which experiment, phase and amount it speaks of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from experiments.model.events import EventRecord, Scalar, micro_units, microseconds
from experiments.model.state import ExperimentState
from service.storage import plans
from service.use_cases.wire import Conversion, Event, Exposure

AHEAD = 5 * 60 * 1_000_000  # microseconds that a sender's clock may be ahead
OLDEST = 946_684_800_000_000  # 2000-01-01 in microseconds since the epoch

_PLAIN_TEXT = re.compile(rb'"([ -!#-\[\]-~]*)"')  # a JSON string of ASCII without any escape
_encode = msgspec.json.Encoder(order="deterministic").encode


HALF_OR_NUL = "holds a NUL character, or half of a surrogate pair, which is no character"


class Refused(Exception):
    """An event cannot be stored: the member at fault and why. It never leaves this package."""

    def __init__(self, member: str, detail: str) -> None:
        super().__init__(detail)
        self.member = member
        self.detail = detail


class Entrance(NamedTuple):
    """What an experiment lets in. `opened`: (microseconds, number) of each phase, oldest first."""

    experiment_id: int
    started: bool
    error_code: str
    variants: frozenset[str]
    opened: tuple[tuple[int, int], ...]
    forced: frozenset[str]
    stopped_at: int | None


def entrances(connection: Connection, project_id: int, events: Iterable[Event]) -> dict[str, Entrance]:
    """The entrance of each experiment that the events name and that there is."""
    named = {event.experiment for event in events if isinstance(event, Exposure)}
    keys = {key for key in named if "\x00" not in key}  # which PostgreSQL cannot even be asked for
    documents = plans.documents(connection, project_id, keys) if keys else {}
    return {key: _entrance(*found) for key, found in documents.items()}


@lru_cache(maxsize=256)
def _entrance(experiment_id: int, document: str) -> Entrance:
    state = ExperimentState.model_validate_json(document)
    own = state.definition.assignment == "keepgoing"
    return Entrance(
        experiment_id=experiment_id,
        started=bool(state.phases),
        error_code=state.definition.error_code,
        variants=frozenset(variant.key for variant in state.definition.variants),
        opened=tuple((microseconds(phase.opened_at), phase.number) for phase in state.phases),
        forced=frozenset(state.definition.forced),
        # What another system assigned may be imported long after.
        stopped_at=microseconds(state.stopped_at) if own and state.stopped_at else None,
    )


def record(event: Event, *, known: Mapping[str, Entrance], now: int) -> EventRecord:
    """The event as the log stores it.

    Args:
        event: Decoded by `wire`, or made in this process.
        known: The experiments' entrances, by key.
        now: When it was received, in microseconds since the epoch.

    Raises:
        Refused: A member is at fault.
    """
    _check_text("event_id", event.event_id)
    _check_text("unit_id", event.unit_id)
    occurred_at = _occurred_at(event, now)
    if isinstance(event, Conversion):
        return _conversion(event, occurred_at, now)
    return _exposure(event, _entered(event, known), occurred_at, now)


def _check_text(member: str, text: str) -> None:
    if "\x00" in text:
        raise Refused(member, HALF_OR_NUL)
    if text.isspace():
        raise Refused(member, "is blank")


def _occurred_at(event: Event, now: int) -> int:
    occurred_at = microseconds(event.occurred_at)
    if occurred_at > now + AHEAD:
        raise Refused("occurred_at", "is more than 5 minutes ahead of the service's clock")
    if occurred_at < OLDEST:
        raise Refused("occurred_at", "is before the year 2000")
    return occurred_at


def _conversion(event: Conversion, occurred_at: int, now: int) -> EventRecord:
    value = _micro_units(event.value)
    payload = _payload("properties", event.properties, {})
    content = (event.name, event.unit_id, occurred_at, value, event.currency, payload)
    return EventRecord(
        event.event_id, "conversion", event.unit_id, event.name, None, None, None, occurred_at, now,
        value, event.currency, payload, _digest(content), True,
    )  # fmt: skip


def _micro_units(raw: msgspec.Raw) -> int | None:
    """The amount in micro-units, read from the digits that were sent: no float comes in between."""
    text = bytes(raw)
    if text == b"null":
        return None
    quoted = _PLAIN_TEXT.fullmatch(text)
    try:
        return micro_units((quoted[1] if quoted else text).decode("ascii"))
    except ValueError as error:
        raise Refused("value", str(error) if text.isascii() else "must be a decimal number") from None


def _payload(member: str, attributes: Mapping[str, Scalar], more: Mapping[str, object]) -> str:
    """What else there is to keep of an event, as JSON with sorted members."""
    if not attributes and not more:
        return "{}"
    payload = _encode({member: attributes, **more}).decode()
    if "\\u0000" in payload and any("\x00" in str(part) for pair in attributes.items() for part in pair):
        raise Refused(member, HALF_OR_NUL)
    return payload


def _digest(content: tuple[object, ...]) -> int:
    """A signed 64-bit number that tells contents under one id apart."""
    return int.from_bytes(hashlib.blake2b(_encode(content), digest_size=8).digest(), "big", signed=True)


def _entered(event: Exposure, known: Mapping[str, Entrance]) -> Entrance:
    """The entrance of the experiment that the exposure names, when it fits through."""
    entrance = known.get(event.experiment)
    if entrance is None:
        raise Refused("experiment", f"there is no experiment {event.experiment!r} in this project")
    if not entrance.started:
        raise Refused("experiment", f"{event.experiment!r} is a draft and was never started")
    if event.variant not in entrance.variants:
        raise Refused("variant", f"{event.experiment!r} has no variant {event.variant!r}")
    if event.error_code != entrance.error_code:
        raise Refused("error_code", f"{event.experiment!r} is an experiment of {entrance.error_code!r}")
    return entrance


def _exposure(event: Exposure, entrance: Entrance, occurred_at: int, now: int) -> EventRecord:
    more: dict[str, object] = {"fallback": True} if event.fallback else {}
    if event.revision is not None:
        more["revision"] = event.revision
    payload = _payload("context", event.context, more)
    content = (event.experiment, event.variant, event.unit_id, occurred_at, payload)
    stopped = entrance.stopped_at is not None and occurred_at > entrance.stopped_at
    return EventRecord(
        event.event_id, "exposure", event.unit_id, None, entrance.experiment_id, event.variant,
        _phase(event, entrance, occurred_at), occurred_at, now, None, None, payload, _digest(content),
        event.unit_id not in entrance.forced and not stopped,
    )  # fmt: skip


def _phase(event: Exposure, entrance: Entrance, occurred_at: int) -> int:
    """The phase it names, or the one that was open when it occurred (the first, when none was yet)."""
    if event.phase is None:
        opened = [number for opened_at, number in entrance.opened if opened_at <= occurred_at]
        return opened[-1] if opened else entrance.opened[0][1]
    if all(event.phase != number for _, number in entrance.opened):
        raise Refused("phase", f"{event.experiment!r} has no phase {event.phase}")
    return event.phase
