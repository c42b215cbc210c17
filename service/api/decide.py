"""The calls of the wall: the ruleset that clients evaluate, and a decision made here. Lean by intent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from flask import Response, request
from pydantic import BaseModel, Field

from experiments.errors import Fault, InvalidInput
from keepgoing.evaluation.decision import Decision
from service.api.answers import JSON_TYPE
from service.api.bodies import pointer_part, read_body
from service.api.calls import Calls
from service.api.schemas import Input
from service.api.services import Services, services
from service.observability import exception_fields
from service.use_cases import decisions
from service.use_cases.credentials import Role
from service.use_cases.decisions import Wall
from service.use_cases.keys import KeyHolder

calls = Calls("walls")

LONGEST_UNIT_ID = 256
LONGEST_NAME = 64
MOST_ATTRIBUTES = 100
MEMBERS = frozenset({"error_code", "unit_id", "context", "exposure"})
Scalar = str | int | float | bool | None


class DecideRequest(Input):
    """A wall that a unit has hit."""

    error_code: Annotated[str, Field(min_length=1, description="The name of the wall.")]
    unit_id: Annotated[str, Field(min_length=1, max_length=LONGEST_UNIT_ID, description="Who hit it.")]
    context: Annotated[dict[str, Scalar], Field(max_length=MOST_ATTRIBUTES, default_factory=dict)]
    exposure: Annotated[bool, Field(description="Whether to log that the unit was shown the answer.")] = True


class DecisionView(BaseModel):
    """What to send to the unit, and why."""

    error_code: str
    experiment: str | None
    variant: str | None
    reason: str
    revision: int | None
    exposure_logged: Annotated[bool, Field(description="Whether this answer stands in the event log.")]
    status: int
    headers: dict[str, str]
    body: Any


class RulesetView(BaseModel):
    """All that a client needs to decide by itself; docs/ruleset.md says how."""

    format: int
    project: str
    revision: int
    holdout: dict[str, Any] | None
    locales: dict[str, Any]
    error_codes: dict[str, Any]
    experiments: dict[str, Any]


@calls.get(
    "/v1/ruleset",
    role=Role.SDK,
    summary="The ruleset, for clients that decide by themselves",
    answer=RulesetView,
    lean=True,
    unchanged=True,
    headers={"If-None-Match": "The `ETag` of the ruleset that the client has."},
)
def ruleset(holder: KeyHolder) -> Response:
    """Answers 304 when the client has the newest. Changes show within `KEEPGOING_RULESET_POLL_SECONDS`."""
    snapshot = services().backend.rulesets.newest(holder.project)
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    etag = f"{snapshot.etag}-gzip" if zipped else snapshot.etag
    headers = {"ETag": f'"{etag}"', "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if request.if_none_match.contains_weak(etag):
        return Response(status=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(snapshot.zipped if zipped else snapshot.body, headers=headers, content_type=JSON_TYPE)


@calls.post(
    "/v1/decide",
    role=Role.SDK,
    summary="The message for a unit at a wall",
    body=DecideRequest,
    answer=DecisionView,
    lean=True,
    problems=(404,),
)
def decide(holder: KeyHolder) -> Response:
    """The same answer as the SDK's; the exposure is durable when `exposure_logged` is true."""
    shared = services()
    wall = read_wall(read_body(request, max_bytes=shared.limits.max_body_bytes))
    snapshot = shared.backend.rulesets.newest(holder.project)
    decision = decisions.decide(snapshot.ruleset, wall)
    logged = wall.exposure and logged_exposure(shared, holder, decision, wall)
    shared.figures.decision(decision.reason)
    return Response(_encoded(decision, logged=logged), content_type=JSON_TYPE)


def logged_exposure(shared: Services, holder: KeyHolder, decision: Decision, wall: Wall) -> bool:
    """Whether the exposure is in the log: trouble there must not make the error at the wall worse."""
    try:
        return decisions.log_exposure(shared.scope(holder), shared.backend.journal, decision, wall)
    except Exception as error:  # the decision is made and is answered, whatever the log's trouble is
        shared.log.error("exposure_not_logged", **exception_fields(error))
        return False


def _encoded(decision: Decision, *, logged: bool) -> bytes:
    return msgspec.json.encode(
        {
            "error_code": decision.error_code,
            "experiment": decision.experiment,
            "variant": decision.variant,
            "reason": decision.reason,
            "revision": decision.revision,
            "exposure_logged": logged,
            "status": decision.status,
            "headers": decision.headers,
            "body": msgspec.Raw(decision.json),
        }
    )


def read_wall(body: bytes) -> Wall:
    """The wall that a request's body tells of.

    Raises:
        InvalidInput: It is not JSON, or does not fit; every place is named.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput.at("", "The body is not JSON with finite numbers.") from None
    except RecursionError:
        raise InvalidInput.at("", "The body is nested too deeply.") from None
    if not isinstance(document, dict):
        raise InvalidInput.at("", "must be an object")
    if faults := list(_faults(document)):
        raise InvalidInput(faults)
    return Wall(
        document["error_code"],
        document["unit_id"],
        document.get("context") or {},
        document.get("exposure", True),
    )


def _faults(document: dict[str, Any]) -> Iterator[Fault]:
    for name in document.keys() - MEMBERS:
        yield Fault(
            pointer_part(name[:LONGEST_NAME]),
            "is no member here; there are error_code, unit_id, context, exposure",
        )
    for name in ("error_code", "unit_id"):
        if detail := _name_fault(document, name):
            yield Fault(f"/{name}", detail)
    if not isinstance(document.get("exposure", True), bool):
        yield Fault("/exposure", "must be true or false")
    context = document.get("context")
    if isinstance(context, dict):
        yield from _context_faults(context)
    elif context is not None:
        yield Fault("/context", "must be an object")


def _name_fault(document: dict[str, Any], name: str) -> str | None:
    if name not in document:
        return "is required"
    value = document[name]
    if not isinstance(value, str):
        return "must be text"
    if not value.strip():
        return "must not be empty"
    if len(value) > LONGEST_UNIT_ID:
        return f"has {len(value)} characters, must have at most {LONGEST_UNIT_ID}"
    return "holds a NUL character" if "\0" in value else None


def _context_faults(context: dict[str, Any]) -> Iterator[Fault]:
    if len(context) > MOST_ATTRIBUTES:
        yield Fault("/context", f"has {len(context)} members, must have at most {MOST_ATTRIBUTES}")
        return
    for name, value in context.items():
        if not isinstance(value, Scalar):
            yield Fault(
                "/context" + pointer_part(name[:LONGEST_NAME]), "must be text, a number, true, false or null"
            )
        elif isinstance(value, str) and "\0" in value:
            yield Fault("/context" + pointer_part(name[:LONGEST_NAME]), "holds a NUL character")
