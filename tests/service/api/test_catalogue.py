"""Error codes and metrics over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_client import CODE, Site, pointers, refusal
from tests.factories import error_code_document, metric_document

SHORT = {
    "code",
    "key",
    "kind",
    "status",
    "title",
    "event",
    "window_days",
}  # members answered as they were sent
KINDS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("/v1/error-codes", CODE, error_code_document(), {"title": "Balance too low"}),
    ("/v1/metrics", "recharge", metric_document(), {"window_days": 30}),
]


@pytest.mark.parametrize(("path", "name", "document", "change"), KINDS)
def test_a_definition_is_made_read_replaced_and_listed(
    site: Site, path: str, name: str, document: dict[str, Any], change: dict[str, Any]
) -> None:
    made = site.post(path, document)
    assert (made.status_code, made.headers["Location"]) == (201, f"{path}/{name}")
    assert {member: made.json[member] for member in SHORT & document.keys()} == {
        member: document[member] for member in SHORT & document.keys()
    }
    replaced = site.call("PUT", f"{path}/{name}", {**document, **change}, headers={"If-Match": '"1"'})
    assert (replaced.status_code, replaced.headers["ETag"]) == (200, '"2"')
    assert site.get(f"{path}/{name}").json == replaced.json
    assert site.get(path).json == {"items": [replaced.json], "next": None}


@pytest.mark.parametrize(("path", "name", "document", "change"), KINDS)
def test_put_makes_what_is_not_there_and_equal_content_makes_no_revision(
    site: Site, path: str, name: str, document: dict[str, Any], change: dict[str, Any]
) -> None:
    assert site.call("PUT", f"{path}/{name}", document).status_code == 201
    again = site.call("PUT", f"{path}/{name}", document)
    assert (again.status_code, again.json["revision"]) == (200, 1)


@pytest.mark.parametrize(("path", "name", "document", "change"), KINDS)
def test_a_stale_put_is_a_412(
    site: Site, path: str, name: str, document: dict[str, Any], change: dict[str, Any]
) -> None:
    site.post(path, document)
    refusal(site.call("PUT", f"{path}/{name}", {**document, **change}, headers={"If-Match": '"7"'}), 412)
    assert site.get(f"{path}/{name}").json["revision"] == 1


@pytest.mark.parametrize(("path", "name", "document", "change"), KINDS)
def test_a_put_must_name_what_its_address_names(
    site: Site, path: str, name: str, document: dict[str, Any], change: dict[str, Any]
) -> None:
    problem = refusal(site.call("PUT", f"{path}/other", document), 400)
    assert pointers(problem) == ({"/code"} if "code" in document else {"/key"})


@pytest.mark.parametrize(("path", "name", "document", "change"), KINDS)
def test_a_name_is_taken_once(
    site: Site, path: str, name: str, document: dict[str, Any], change: dict[str, Any]
) -> None:
    site.post(path, document)
    assert "PUT" in refusal(site.post(path, document), 409)["detail"]


def test_a_metric_of_each_kind_keeps_its_own_members(site: Site) -> None:
    metrics = [
        metric_document(),
        metric_document(key="value", kind="mean", event="recharge", currency="USD", cap_value=500),
        metric_document(key="retained", kind="retention", event="api_call", from_day=7, to_day=14),
        metric_document(key="waiting", kind="time", event="recharge", window_days=30),
        metric_document(
            key="refunds", kind="ratio", numerator={"event": "refund"}, denominator={"event": "recharge"}
        ),
    ]
    for metric in metrics:
        assert site.post("/v1/metrics", metric).status_code == 201
    listed = {one["key"]: one for one in site.get("/v1/metrics").json["items"]}
    assert listed["retained"]["to_day"] == 14
    assert listed["value"]["cap_value"] == 500
    assert listed["refunds"]["numerator"]["event"] == "refund"
    assert {one["kind"] for one in listed.values()} == {"conversion", "mean", "retention", "time", "ratio"}
