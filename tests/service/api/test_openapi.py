"""The OpenAPI document is valid, complete, and the source of who may call what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from service.api.resources import document, every_call
from service.use_cases.credentials import Role
from tests.api_client import CODE, KEY, Site, refusal

MAY = {
    "sdk": {Role.SDK},
    "viewer": {Role.VIEWER, Role.EDITOR, Role.ADMIN},
    "editor": {Role.EDITOR, Role.ADMIN},
    "admin": {Role.ADMIN},
}
PARAMETER, BRACED = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>"), r"{\1}"
PUBLIC = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
ROLES = {  # the contract's table, written out: a role that changes in the code alone fails here
    "sdk": {
        "GET /v1/ruleset", "POST /v1/decide", "POST /v1/events",
        "POST /v1/incentives/redeem", "POST /v1/incentives/reserve",
        "POST /ofrep/v1/evaluate/flags", "POST /ofrep/v1/evaluate/flags/{key}",
    },
    "admin": {"GET /v1/keys", "POST /v1/keys", "DELETE /v1/keys/{id}", "GET /v1/audit"},
    "editor": {
        "POST /v1/error-codes", "PUT /v1/error-codes/{code}", "POST /v1/metrics", "PUT /v1/metrics/{key}",
        "POST /v1/experiments", "PATCH /v1/experiments/{key}", "PUT /v1/project",
        *(f"POST /v1/experiments/{{key}}/{step}" for step in ("start", "pause", "stop", "archive", "ship")),
        "POST /v1/experiments/{key}/clear",
    },
    "viewer": {
        "GET /v1/error-codes", "GET /v1/error-codes/{code}", "GET /v1/metrics", "GET /v1/metrics/{key}",
        "GET /v1/experiments", "GET /v1/experiments/{key}", "GET /v1/experiments/{key}/results",
        "GET /v1/experiments/{key}/timeseries", "GET /v1/experiments/{key}/health",
        "GET /v1/experiments/{key}/verdicts", "GET /v1/experiments/{key}/grants", "GET /v1/overview",
        "GET /v1/principles", "POST /v1/plan",
        "POST /v1/lint", "POST /v1/preview",
        "GET /v1/project",
    },
}  # fmt: skip


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every call in the document."""
    return [
        (method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def filled(path: str) -> str:
    """The path with something in place of its parameters."""
    return path.replace("{key}", KEY).replace("{code}", CODE).replace("{id}", "key_0000000000000000")


GUARDED = [(method, path, found["x-role"]) for method, path, found in operations() if "x-role" in found]
CELLS = [(method, path, needed, role) for method, path, needed in GUARDED for role in Role]


def test_the_document_is_valid_openapi_3_1(site: Site) -> None:
    served = site.get("/openapi.json", role=None)
    assert served.status_code == 200
    assert served.json["openapi"] == "3.1.0"
    validate(served.json)


def test_every_route_of_the_application_is_in_the_document_and_no_other(site: Site) -> None:
    routes = {
        f"{method} {PARAMETER.sub(BRACED, rule.rule)}"
        for rule in site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if rule.rule.startswith(("/v1", "/ofrep", *PUBLIC))
    }
    assert routes == {f"{method} {path}" for method, path, _ in operations()}


def test_every_call_has_the_role_of_the_contract() -> None:
    found: dict[str, set[str]] = {}
    for method, path, needed in GUARDED:
        found.setdefault(needed, set()).add(f"{method} {path}")
    assert found == ROLES


def test_only_probes_and_the_document_need_no_key() -> None:
    assert {path for _, path, operation in operations() if operation["security"] == []} == PUBLIC


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [call.name for call in every_call()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("method", "path", "needed", "role"), CELLS)
def test_a_role_may_call_what_the_contract_says_and_nothing_else(
    shared_site: Site, method: str, path: str, needed: str, role: Role
) -> None:
    answer = shared_site.call(method, filled(path), {} if method != "GET" else None, role=role)
    if role in MAY[needed]:
        assert answer.status_code not in {401, 403, 500}, answer.text
    else:
        assert needed in refusal(answer, 403)["detail"]


@pytest.mark.parametrize(("method", "path", "needed"), GUARDED)
def test_no_call_is_answered_without_a_key(shared_site: Site, method: str, path: str, needed: str) -> None:
    refusal(shared_site.call(method, filled(path), {} if method != "GET" else None, role=None), 401)
