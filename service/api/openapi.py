"""The OpenAPI 3.1 document, made from the declarations of the calls: what is not declared does not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

import keepgoing
from service.api.calls import Call
from service.api.problems import MEDIA_TYPE
from service.api.schemas import Problem

Json = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
PATH_DESCRIPTIONS = {
    "code": "The error code's name.",
    "key": "The key of the experiment, metric or flag.",
    "id": "The key's id.",
    "unit_id": "The unit's id.",
}


def describe(calls: Iterable[Call]) -> Json:
    """The document of these calls."""
    declared = list(calls)
    schemas = _Schemas(declared)
    paths: dict[str, Json] = {}
    for call in declared:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Keepgoing",
            "version": keepgoing.__version__,
            "summary": "Experiments on error messages.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({call.tag for call in declared})],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "responses": _problem_responses(declared),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "Bearer KEY"},
                **_key_headers(declared),
            },
        },
    }


class _Schemas:
    """The JSON schemas of all bodies and answers, each named once."""

    def __init__(self, calls: Iterable[Call]) -> None:
        wanted: dict[tuple[str, JsonSchemaMode], TypeAdapter[Any]] = {
            ("Problem", "serialization"): _adapter(Problem)
        }
        for call in calls:
            if call.body is not None:
                wanted[call.name, "validation"] = call.body_adapter
            if call.answer is not None:
                wanted[call.name, "serialization"] = _adapter(call.answer)
        inputs = [(name, mode, adapter) for (name, mode), adapter in wanted.items()]
        self._made, together = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE)
        self.definitions: Json = together.get("$defs", {})

    def of(self, call: Call, mode: JsonSchemaMode) -> Json:
        """The schema of a call's body (`validation`) or answer (`serialization`)."""
        return dict(self._made[call.name, mode])


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _operation(call: Call, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": call.name,
        "summary": call.summary,
        "tags": [call.tag],
        "parameters": _parameters(call),
        "responses": _responses(call, schemas),
        "security": _security(call),
    }
    if call.handler.__doc__:
        operation["description"] = call.handler.__doc__.strip()
    if call.role is not None:
        operation["x-role"] = str(call.role)
    if call.body is not None:
        content = {"application/json": {"schema": schemas.of(call, "validation")}}
        operation["requestBody"] = {"required": not call.optional_body, "content": content}
    return operation


def _security(call: Call) -> list[Json]:
    if call.role is None:
        return []
    return [{"key": []}, *([] if call.key_header is None else [{call.key_header: []}])]


def _key_headers(calls: Iterable[Call]) -> Json:
    names = sorted({call.key_header for call in calls if call.key_header is not None})
    return {name: {"type": "apiKey", "in": "header", "name": name} for name in names}


def _parameters(call: Call) -> list[Json]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_DESCRIPTIONS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in call.parameters
    ]
    in_headers = [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in (call.headers or {}).items()
    ]
    return [*in_path, *_query_parameters(call.query), *in_headers]


def _query_parameters(model: type[BaseModel] | None) -> list[Json]:
    if model is None:
        return []
    schema = model.model_json_schema(ref_template=REFERENCE)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": described}
        for name, described in schema["properties"].items()
    ]


def _responses(call: Call, schemas: _Schemas) -> Mapping[str, Json]:
    good: Json = {"description": HTTPStatus(call.status).phrase}
    if call.answer is not None:
        good["content"] = {call.media_type: {"schema": schemas.of(call, "serialization")}}
    answers: dict[str, Json] = {str(call.status): good}
    if call.created:
        answers["201"] = {**good, "description": "Created"}
    if call.unchanged:
        answers["304"] = {"description": "Not Modified"}
    for status in _problem_statuses(call):
        answers[str(status)] = {"$ref": f"#/components/responses/{_response_name(status)}"}
    return answers


def _problem_statuses(call: Call) -> list[int]:
    """The problems that a call may answer: its own, and those that come with a key or a body."""
    found = {400, *call.problems}
    if call.role is not None:
        found |= {401, 403, 429, 503}
    if call.body is not None:
        found |= {413, 415}
    return sorted(found)


def _response_name(status: int) -> str:
    return HTTPStatus(status).name.title().replace("_", "")


def _problem_responses(calls: Iterable[Call]) -> Json:
    statuses = sorted({status for call in calls for status in _problem_statuses(call)})
    content = {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
    headers: dict[int, Json] = {
        401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
        429: {"Retry-After": {"description": "Whole seconds.", "schema": {"type": "integer"}}},
        503: {"Retry-After": {"description": "Whole seconds.", "schema": {"type": "integer"}}},
    }
    return {
        _response_name(status): {
            "description": HTTPStatus(status).phrase,
            "content": content,
            **({"headers": headers[status]} if status in headers else {}),
        }
        for status in statuses
    }
