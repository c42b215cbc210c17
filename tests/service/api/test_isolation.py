"""Nothing of one project can be seen or changed with another's key."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import inspect, text
from werkzeug.test import TestResponse

from service.use_cases.credentials import Role
from tests.api_client import CODE, KEY, Site, conversion, exposure, refusal
from tests.factories import error_code_document, experiment_document, metric_document

SECRET_WORD = "framing"
BY_NAME = [
    ("GET", f"/v1/error-codes/{CODE}", None),
    ("GET", "/v1/metrics/recharge", None),
    ("GET", f"/v1/experiments/{KEY}", None),
    ("PATCH", f"/v1/experiments/{KEY}", {"traffic": 0.1}),
    ("POST", f"/v1/experiments/{KEY}/start", None),
    ("POST", f"/v1/experiments/{KEY}/pause", None),
    ("POST", f"/v1/experiments/{KEY}/stop", None),
    ("POST", f"/v1/experiments/{KEY}/archive", None),
    ("POST", f"/v1/experiments/{KEY}/ship", {"variant": "progress"}),
    ("GET", f"/v1/experiments/{KEY}/results", None),
    ("GET", f"/v1/experiments/{KEY}/timeseries", None),
    ("GET", f"/v1/experiments/{KEY}/health", None),
    ("GET", f"/v1/experiments/{KEY}/verdicts", None),
    ("GET", f"/v1/experiments/{KEY}/grants", None),
]
LISTS = ["/v1/error-codes", "/v1/metrics", "/v1/experiments", "/v1/overview", "/v1/principles"]


@pytest.fixture
def crowded(site: Site) -> Site:
    """The project shop with a running experiment and events, and the project rival with nothing."""
    site.running()
    assert site.send(exposure("x1"), conversion("c1")).json["accepted"] == 2
    return site


def rows_of(site: Site) -> dict[str, list[str]]:
    """Every row of every table."""
    with site.services.backend.database.reading() as connection:
        return {
            table: sorted(str(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')))
            for table in inspect(connection).get_table_names()
        }


def without_id(answer: TestResponse, name: str) -> dict[str, Any]:
    """A refusal without what differs anyway: the request's id and the name that was asked for."""
    problem = refusal(answer, 404)
    problem.pop("request_id")
    problem["detail"] = problem["detail"].replace(name, "NAME")
    return problem


@pytest.mark.parametrize(("method", "path", "body"), BY_NAME)
def test_a_foreign_name_is_answered_like_an_unknown_one_and_changes_nothing(
    crowded: Site, method: str, path: str, body: Any
) -> None:
    before = rows_of(crowded)
    foreign = crowded.call(method, path, body, project="rival")
    name = next(one for one in (KEY, CODE, "recharge") if one in path)
    unknown = crowded.call(method, path.replace(name, "nothing-at-all"), body, project="rival")
    assert without_id(foreign, name) == without_id(unknown, "nothing-at-all")
    assert rows_of(crowded) == before


@pytest.mark.parametrize("path", LISTS)
def test_lists_hold_nothing_of_another_project(crowded: Site, path: str) -> None:
    assert crowded.get(path, project="rival").json == {"items": [], "next": None}


def test_a_foreign_key_cannot_be_deleted_or_seen(crowded: Site) -> None:
    ours = [key["id"] for key in crowded.get("/v1/keys").json["items"]]
    theirs = [key["id"] for key in crowded.get("/v1/keys", project="rival").json["items"]]
    assert not set(ours) & set(theirs)
    refusal(crowded.call("DELETE", f"/v1/keys/{ours[0]}", project="rival"), 404)
    assert [key["id"] for key in crowded.get("/v1/keys").json["items"]] == ours


def test_the_audit_trail_shows_only_ones_own_project(crowded: Site) -> None:
    entries = crowded.get("/v1/audit", project="rival").json["items"]
    assert {entry["action"] for entry in entries} == {"key.create"}


def test_ruleset_and_decide_know_only_their_own_project(crowded: Site) -> None:
    served = crowded.get("/v1/ruleset", role=Role.SDK, project="rival")
    assert served.json["error_codes"] == served.json["experiments"] == {}
    assert SECRET_WORD not in served.text
    refusal(crowded.decide("acct_1", project="rival"), 404)


def test_events_of_a_foreign_experiment_are_refused_and_ids_are_unique_per_project(crowded: Site) -> None:
    before = crowded.get(f"/v1/experiments/{KEY}/results").json["variants"]
    refused = crowded.send(exposure("x9", "acct_9"), project="rival")
    assert "/events/0/experiment" in str(refusal(refused, 400)["errors"])
    assert (
        crowded.send(conversion("c1"), project="rival").json["accepted"] == 1
    )  # the id is new in its project
    assert crowded.get(f"/v1/experiments/{KEY}/results").json["variants"] == before


def test_the_same_names_live_side_by_side_in_two_projects(crowded: Site) -> None:
    crowded.running(project="rival", traffic=0.25)
    crowded.call("PATCH", f"/v1/experiments/{KEY}", {"traffic": 0.5}, project="rival")
    assert crowded.get(f"/v1/experiments/{KEY}").json["traffic"] == 1
    assert crowded.get(f"/v1/experiments/{KEY}", project="rival").json["traffic"] == 0.5


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/v1/error-codes", error_code_document()),
        ("/v1/metrics", metric_document()),
        ("/v1/experiments", experiment_document()),
    ],
)
@pytest.mark.parametrize(
    "field", ["id", "project", "project_id", "revision", "status", "created_at", "started_at"]
)
def test_fields_that_are_the_services_own_cannot_be_sent(
    site: Site, path: str, document: dict[str, Any], field: str
) -> None:
    if path == "/v1/experiments":
        site.catalogue()
    if field == "status" and path == "/v1/error-codes":
        return  # an error code has a status of its own, the HTTP one
    before = rows_of(site)
    problem = refusal(site.post(path, {**document, field: 1}), 400)
    assert f"/{field}" in {fault["pointer"] for fault in problem["errors"]}
    assert rows_of(site) == before
