"""Calls of a project's administrators: keys, the audit trail, and the project's settings."""

from __future__ import annotations

from decimal import Decimal

from experiments.model.document import Definitions
from service.api.answers import Answer
from service.api.calls import Calls
from service.api.schemas import (
    AuditView,
    KeyView,
    KeyWithSecret,
    Listing,
    NewKey,
    PageQuery,
    ProjectSettings,
    ProjectView,
    listing,
)
from service.api.services import services
from service.use_cases import audit, definitions, keys, projects
from service.use_cases.credentials import Role
from service.use_cases.scope import Scope

calls = Calls("administration")


@calls.get(
    "/v1/keys", role=Role.ADMIN, summary="The project's keys", query=PageQuery, answer=Listing[KeyView]
)
def list_keys(scope: Scope, query: PageQuery) -> Answer:
    """Without their secrets, which nobody has."""
    page = keys.list_keys(scope, query.page())
    return Answer(listing(page.map(KeyView.model_validate)))


@calls.post("/v1/keys", role=Role.ADMIN, summary="Make a key", body=NewKey, answer=KeyWithSecret, status=201)
def create_key(scope: Scope, body: NewKey) -> Answer:
    """The secret is in this answer and never again."""
    key, secret = keys.create_key(scope, body.role, label=body.label)
    return Answer(KeyWithSecret(**KeyView.model_validate(key).model_dump(), secret=secret))


@calls.delete("/v1/keys/{id}", role=Role.ADMIN, summary="Delete a key", status=204, problems=(404,))
def delete_key(scope: Scope, id: str) -> Answer:  # the parameter's name is the path's
    """At once in this process, within `KEEPGOING_KEY_CACHE_SECONDS` in the others."""
    keys.delete_key(scope, id)
    services().backend.keys.forget(id)
    return Answer(None)


@calls.get(
    "/v1/audit",
    role=Role.ADMIN,
    summary="Who did what, newest first",
    query=PageQuery,
    answer=Listing[AuditView],
)
def list_audit(scope: Scope, query: PageQuery) -> Answer:
    """Each write of the project."""
    return Answer(listing(audit.list_audit(scope, query.page()).map(AuditView.model_validate)))


@calls.get("/v1/project", role=Role.VIEWER, summary="The project's settings", answer=ProjectView)
def show_project(scope: Scope) -> Answer:
    """The project of the key."""
    return Answer(ProjectView.model_validate(projects.read(scope)))


@calls.put(
    "/v1/project", role=Role.EDITOR, summary="Set the holdout", body=ProjectSettings, answer=ProjectView
)
def change_project(scope: Scope, body: ProjectSettings) -> Answer:
    """The share of units that no experiment takes from now on."""
    definitions.apply(scope, Definitions(holdout=body.holdout or Decimal(0)))
    services().backend.rulesets.forget(scope.project)
    return Answer(ProjectView.model_validate(projects.read(scope)))
