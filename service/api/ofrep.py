"""OpenFeature's Remote Evaluation Protocol 0.3: error codes as flags, for every language with a client of it.

Flag `CODE` is the body, flag `CODE.message` its text; `keepgoing.evaluation.flags` says how a decision is
one. Errors carry the members of OFREP and those of a problem document in one body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from flask import Response, g, request
from pydantic import BaseModel, ConfigDict, Field

from experiments.errors import InvalidInput
from experiments.model.faults import validated
from keepgoing.evaluation import flags
from keepgoing.evaluation.assign import fits
from keepgoing.evaluation.decision import Decision
from keepgoing.evaluation.ruleset import Ruleset
from service.api.answers import JSON_TYPE
from service.api.bodies import read_json
from service.api.calls import Calls
from service.api.decide import logged_exposure
from service.api.problems import MEDIA_TYPE
from service.api.services import services
from service.use_cases import decisions
from service.use_cases.credentials import Role
from service.use_cases.decisions import Wall
from service.use_cases.keys import KeyHolder

calls = Calls("OpenFeature")

PREFIX = "/ofrep/"
KEY_HEADER = "X-API-Key"
EXPOSURE_HEADER = "Keepgoing-Exposure"
TARGETING_KEY = "targetingKey"
GENERAL, NOT_FOUND = "GENERAL", "FLAG_NOT_FOUND"
ETAG_BYTES = 16

Json = dict[str, Any]


class Setting(BaseModel):
    """What a caller may say of the evaluation itself."""

    exposure: Annotated[bool, Field(description="Whether showing the answer is logged as an exposure.")] = (
        True
    )


class EvaluationRequest(BaseModel):
    """A unit, by its `targetingKey`, and what is known about it."""

    model_config = ConfigDict(extra="ignore")  # a newer protocol may say more

    context: Annotated[
        Json, Field(description="With `targetingKey`: who hit the wall.", default_factory=dict)
    ]
    metadata: Annotated[Setting, Field(default_factory=Setting)]


class EvaluatedFlag(BaseModel):
    """One flag as it is for the unit."""

    key: str
    reason: str
    variant: str
    value: Any
    metadata: dict[str, str | int | bool]


class EvaluatedFlags(BaseModel):
    """All flags of the project as they are for the unit."""

    flags: list[EvaluatedFlag]


@calls.post(
    "/ofrep/v1/evaluate/flags/{key}",
    role=Role.SDK,
    summary="One flag for a unit: the body of an error, or its text",
    body=EvaluationRequest,
    answer=EvaluatedFlag,
    lean=True,
    problems=(404,),
    key_header=KEY_HEADER,
    headers={EXPOSURE_HEADER: "`false` logs no exposure, for clients that cannot send `metadata`."},
)
def evaluate(holder: KeyHolder, key: str) -> Response:
    """Logs an exposure where the unit is in a split, unless `metadata.exposure` or the header says not."""
    shared = services()
    flag, asked = flags.flag_key(key), _asked()
    unit = _unit(asked.context)
    shown = (
        asked.metadata.exposure and request.headers.get(EXPOSURE_HEADER, "true").strip().lower() != "false"
    )
    wall = Wall(flag.error_code, unit, asked.context, shown)
    ruleset = shared.backend.rulesets.newest(holder.project).ruleset
    decision = decisions.decide(ruleset, wall)
    if shown:
        logged_exposure(shared, holder, decision, wall)
    shared.figures.decision(decision.reason)
    return Response(msgspec.json.encode(_evaluated(key, flag, decision, ruleset)), content_type=JSON_TYPE)


@calls.post(
    "/ofrep/v1/evaluate/flags",
    role=Role.SDK,
    summary="All flags for a unit",
    body=EvaluationRequest,
    answer=EvaluatedFlags,
    lean=True,
    unchanged=True,
    key_header=KEY_HEADER,
    headers={"If-None-Match": "The `ETag` of the answer that the client has for this unit."},
)
def evaluate_all(holder: KeyHolder) -> Response:
    """Logs no exposure: nobody has been shown anything yet. The `ETag` is that of the evaluated answer."""
    context = _asked().context
    unit = _unit(context)
    ruleset = services().backend.rulesets.newest(holder.project).ruleset
    body = msgspec.json.encode({"flags": list(_all(ruleset, unit, context))})
    etag = hashlib.blake2b(body, digest_size=ETAG_BYTES).hexdigest()
    headers = {"ETag": f'"{etag}"', "Cache-Control": "private, no-cache"}
    if request.if_none_match.contains_weak(etag):
        return Response(status=304, headers=headers)
    return Response(body, headers=headers, content_type=JSON_TYPE)


def complete_problem(response: Response) -> Response:
    """A problem document of this protocol's calls with OFREP's members too; every other answer as it is."""
    if not request.path.startswith(PREFIX) or response.mimetype != MEDIA_TYPE:
        return response
    document = msgspec.json.decode(response.get_data())
    usual = NOT_FOUND if response.status_code == 404 else GENERAL
    document["key"] = (request.view_args or {}).get("key", "")
    document["errorCode"] = g.get("ofrep_error_code", usual)
    document["errorDetails"] = document["detail"]
    response.set_data(msgspec.json.encode(document))
    return response


def _all(ruleset: Ruleset, unit: str, context: Json) -> Iterator[Json]:
    for code in ruleset.plans:
        decision = decisions.decide(ruleset, Wall(code, unit, context))
        for key in (code, code + flags.TEXT_SUFFIX):
            yield _evaluated(key, flags.flag_key(key), decision, ruleset)


def _evaluated(key: str, flag: flags.FlagKey, decision: Decision, ruleset: Ruleset) -> Json:
    return {
        "key": key,
        "reason": flags.REASONS[decision.reason],
        "variant": flags.variant(decision),
        "value": decision.text if flag.is_text else msgspec.Raw(decision.json),
        "metadata": flags.metadata(decision, ruleset.project),
    }


def _asked() -> EvaluationRequest:
    """What the request asks.

    Raises:
        InvalidInput: It is not JSON, or not of this protocol.
    """
    g.ofrep_error_code = "PARSE_ERROR"
    document = read_json(request, max_bytes=services().limits.max_body_bytes)
    g.ofrep_error_code = "INVALID_CONTEXT"
    asked: EvaluationRequest = validated(EvaluationRequest, document)
    g.pop("ofrep_error_code")
    return asked


def _unit(context: Json) -> str:
    """Who hit the wall.

    Raises:
        InvalidInput: The context names nobody, or somebody who cannot be.
    """
    unit = context.get(TARGETING_KEY)
    if unit is None or unit == "":
        g.ofrep_error_code = "TARGETING_KEY_MISSING"
        raise InvalidInput.at(f"/context/{TARGETING_KEY}", "is required: it names the unit")
    if not fits(unit):
        g.ofrep_error_code = "INVALID_CONTEXT"
        raise InvalidInput.at(f"/context/{TARGETING_KEY}", "must be text of 1 to 256 characters without NUL")
    return unit
